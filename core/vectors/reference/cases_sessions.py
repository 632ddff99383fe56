"""Section 6: grants and sessions at a fresh service, and the order of its lines."""

from cases_requests import GET, POST, verify
from pen import API, flipped, forge_request, request_head, spoilt
from toki import Grant
from wire import parse_text, print_text


def write(pen):
    for part in (texts, bits, lines_6_and_8, early, precedence):
        part(pen)


def session(pen, grant, request=GET, ts=None, **more):
    return pen.mint(request, ts=ts, grant=grant, **more)


def texts(pen):
    grant = pen.grant(pen.now // 1000 + 300)
    given = pen.K | POST | {"ts_ms": pen.now, "nonce_hex": pen.hex(), "grant": grant}
    toki = pen.add("mint: in a session", "toki.mint", given)["toki"]
    pen.add("mint: in a session, wanting the next", "toki.mint", given | {"want": True})
    verify(pen, "in a session", POST, toki, grant=grant)
    verify(pen, "SESSION and no grant", POST, toki, "malformed")
    verify(pen, "SESSION and an empty grant", POST, toki, "malformed", grant="")
    verify(pen, "a root's toki and an empty grant", POST, pen.mint(POST), "malformed", grant="")
    verify(pen, "the grant twice", POST, toki, "malformed", grant=f"{grant}, {grant}")
    verify(pen, "a toki in the grant's place", POST, toki, "malformed", grant=toki)
    verify(pen, "a grant in the toki's place", POST, grant, "malformed", grant=grant)
    for how, text in spoilt(grant, "ok2."):
        verify(pen, f"a grant {how}", POST, toki, "malformed", grant=text)
        if len(text) > 20:
            pen.add(f"mint: a grant {how}", "toki.mint", given | {"grant": text}, "malformed")


def bits(pen):
    raw = parse_text("ok2.", pen.grant(pen.now // 1000 + 300))
    for how, head in (
        ("first byte 0x2b", b"\x2b\0"), ("first byte 0x21", b"\x21\0"), ("first byte 0", b"\0\0"), ("second byte 1", b"\x2a\1"), ("second byte 0x80", b"\x2a\x80"),
    ):
        wrong = print_text("ok2.", head + raw[2:])
        context = pen.key.session(head + raw[2:])
        toki = forge_request(
            context, request_head(1, raw[10:18], pen.now, pen.rng.randbytes(8)), b"GET", API.encode(), GET["target"].encode()
        )
        verify(pen, f"an authentic session whose grant has {how}", GET, toki, "malformed", grant=wrong)
        common = pen.K | GET | {"ts_ms": pen.now, "nonce_hex": pen.hex()}
        pen.add(f"mint: a grant with {how}", "toki.mint", common | {"grant": wrong}, "malformed")
    grant = print_text("ok2.", raw)
    toki = session(pen, grant)
    for byte, want in ((0, "malformed"), (1, "malformed"), (2, "unknown_key"), (9, "unknown_key"), (10, "malformed"), (17, "malformed"),
                       (18, "bad_mac"), (21, "bad_mac"), (22, "bad_mac"), (23, "bad_mac"), (24, "bad_mac"), (31, "bad_mac")):
        for bit in (0, 6):
            verify(pen, f"bit {bit} of byte {byte} of the grant turned", GET, toki, want, grant=flipped(grant, "ok2.", byte, bit))
    verify(pen, "another session's grant under one sid", GET, toki, "bad_mac", grant=pen.grant(pen.now // 1000 + 301, sid=raw[10:18]))
    verify(pen, "another session's grant", GET, toki, "malformed", grant=pen.grant(pen.now // 1000 + 300))
    odd = print_text("ok2.", raw[:24] + pen.rng.randbytes(8))
    verify(pen, "the service does not look at the salt", GET, session(pen, odd), grant=odd)
    head = request_head(1, raw[10:18], pen.now, pen.rng.randbytes(8))
    under_root = forge_request(pen.key.root(), head, b"GET", API.encode(), GET["target"].encode())
    verify(pen, "a session's toki under the root's key", GET, under_root, "bad_mac", grant=grant)
    head = request_head(0, pen.key.kid, pen.now, pen.rng.randbytes(8))
    under_session = forge_request(pen.key.session(raw), head, b"GET", API.encode(), GET["target"].encode())
    verify(pen, "a root's toki under the session's key", GET, under_session, "bad_mac")
    K1 = pen.K | {"generation": 1}
    verify(pen, "sessions die with their generation", GET, toki, "unknown_key", K=K1, grant=grant)
    mine = pen.grant(pen.now // 1000 + 300, key=pen.key_of(generation=1))
    verify(pen, "a session of generation 1", GET, session(pen, mine, K=K1), K=K1, grant=mine)
    verify(pen, "changed content in a session", POST | {"body_hex": "7b7d"}, session(pen, grant, POST), "bad_mac", grant=grant)


def lines_6_and_8(pen):
    second = pen.now // 1000 * 1000
    for how, exp, ttl, ts, now, want in (
        ("ts at exp", second // 1000, 600, second, second, "ok"), ("ts 1 ms after exp", second // 1000, 600, second + 1, second + 1, "grant_expired"),
        ("ts at exp, judged 25 s later", second // 1000, 600, second, second + 25_000, "ok"),
        ("ts after exp, judged before exp", second // 1000 + 1, 600, second + 1_001, second, "grant_expired"),
        ("ttl 1", second // 1000 + 1, 1, second + 1_000, second, "ok"),
        ("ttl 600, the service's greatest", second // 1000 + 600, 600, second, second, "ok"), ("ttl 601", second // 1000 + 600, 601, second, second, "policy"),
        ("ttl 65,535", second // 1000 + 600, 65_535, second, second, "policy"), ("ttl 0", second // 1000 + 600, 0, second, second, "policy"),
        ("ttl 0, exp now", second // 1000, 0, second, second, "policy"),
        ("iat 2,000 ms ahead", second // 1000 + 602, 600, second, second, "ok"), ("iat 3,000 ms ahead", second // 1000 + 603, 600, second, second, "policy"),
        ("iat 2,001 ms ahead", second // 1000 + 603, 600, second + 999, second + 999, "policy"), ("iat 2,000 ms ahead at a clock between seconds", second // 1000 + 603, 600, second + 1_000, second + 1_000, "ok"),
        ("iat far ahead", 2**32 - 1, 600, second, second, "policy"),
        ("iat before the epoch", 5, 600, 4_000, 4_000, "ok"), ("iat before the epoch, ts at exp", 5, 600, 5_000, 5_000, "ok"), ("iat before the epoch, expired", 5, 600, 5_001, 5_001, "grant_expired"),
        ("exp 0", 0, 600, second, second, "grant_expired"), ("exp 0 at the epoch", 0, 600, 1, 0, "grant_expired"),
    ):
        grant = pen.grant(exp, ttl)
        verify(pen, f"a grant with {how}", GET, session(pen, grant, ts=ts), want, now=now, grant=grant)


def early(pen):
    """grant.mint: what a service makes of the toki before it."""
    base = pen.K | {"request_toki": pen.mint(POST, want=True), "sid_hex": pen.hex(), "exp_s": pen.now // 1000 + 600, "ttl_s": 600}
    pen.add("grant: for a root's toki", "grant.mint", base)
    inner = pen.grant(pen.now // 1000 + 100)
    pen.add("grant: for a session's toki", "grant.mint", base | {"request_toki": session(pen, inner, want=True)})
    pen.add("grant: by an audience key alone", "grant.mint", {"audience_key": pen.key.text(), "audience": API} | {k: v for k, v in base.items() if k not in pen.K})
    for how, more in (("ttl 1", {"ttl_s": 1}), ("ttl 65,535", {"ttl_s": 65_535}), ("exp 2^32 - 1", {"exp_s": 2**32 - 1}), ("sid of zeros", {"sid_hex": "00" * 8})):
        pen.add(f"grant: {how}", "grant.mint", base | more)
    for how, more in (
        ("ttl 0", {"ttl_s": 0}), ("ttl 65,536", {"ttl_s": 65_536}), ("ttl -1", {"ttl_s": -1}), ("exp 2^32", {"exp_s": 2**32}), ("exp -1", {"exp_s": -1}),
    ):
        pen.add(f"grant: {how} is unsignable", "grant.mint", base | more, "unsignable")
    for how, text in (("an answer's toki", print_text("ot2.", b"\x22" + bytes(24))), ("a grant", inner), ("nothing", ""), ("a toki of 39 bytes", print_text("ot2.", b"\x21" + bytes(38))),
                      ("flag 16", print_text("ot2.", b"\x21\x10" + bytes(38)))):
        pen.add(f"grant: {how} in the request toki's place", "grant.mint", base | {"request_toki": text}, "malformed")


def precedence(pen):
    stranger = pen.K | {"secret_hex": pen.hex(32)}
    strange_key = pen.key_of(secret=bytes.fromhex(stranger["secret_hex"]))
    live, late = pen.now // 1000 + 300, pen.now // 1000 - 10
    other = GET | {"authority": "other.example.com"}
    old = pen.now - 60_000
    digest = {k: v for k, v in POST.items() if k != "body_hex"} | {"body_sha256_hex": pen.hex(32)}
    for how, grant, request, ts, want in (
        ("unknown_authority before grant_expired", pen.grant(late), other, pen.now, "unknown_authority"),
        ("stale before grant_expired", pen.grant(late - 100), GET, old, "stale"), ("stale before policy", pen.grant(live, 0), GET, old, "stale"),
        ("grant_expired before policy (ttl 0)", pen.grant(late, 0), GET, pen.now, "grant_expired"), ("grant_expired before policy (ttl)", pen.grant(late, 601), GET, pen.now, "grant_expired"),
        ("grant_expired before body_mismatch", pen.grant(late), digest, pen.now, "grant_expired"), ("policy before body_mismatch", pen.grant(live, 601), digest, pen.now, "policy"),
    ):
        verify(pen, how, request, session(pen, grant, request, ts=ts), want, grant=grant, **({"finish_body_hex": "00"} if request is digest else {}))
    grant = pen.grant(live, key=strange_key)
    verify(pen, "a grant of a kid that is not held", GET, session(pen, grant, K=stranger), "unknown_key", grant=grant)
    grant = pen.grant(late)
    verify(pen, "bad_mac before grant_expired", GET, flipped(session(pen, grant), "ot2.", 39, 3), "bad_mac", grant=grant)
    grant = pen.grant(live)
    toki = session(pen, grant)
    verify(pen, "malformed (the grant's text) before unknown_authority", other, session(pen, grant, other), "malformed", grant=grant + "=")
    verify(pen, "malformed (sid) before unknown_key", GET, toki, "malformed", grant=pen.grant(live, key=strange_key))
    verify(pen, "a kid in the toki's place of the sid", GET, pen.mint(GET), "malformed", grant=pen.grant(live, sid=Grant.parse(grant).sid))
