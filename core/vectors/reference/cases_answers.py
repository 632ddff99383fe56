"""Sections 4 and 7: the toki of an answer, and which grants are adopted."""

from cases_requests import GET, POST
from pen import flipped, spoilt
from toki import RequestToki
from wire import be, mac, parse_text, print_text, sha256

OK = {"status": 200, "body_hex": b'{"ok":true}'.hex()}


def write(pen):
    for part in (mint, texts, fit, coverage, grants):
        part(pen)


def exchange(pen, **more):
    return pen.K | {"request_toki": pen.mint(POST, want=True)} | more


def answered(pen, name, given, code=0, ts=None, want="ok"):
    """Mints the answer that `given` describes and verifies it."""
    ts = pen.now + 40 if ts is None else ts
    text = pen.add(f"mint: {name}", "answer.mint", given | {"code": code, "ts_ms": ts})["toki"]
    pen.add(f"verify: {name}", "answer.verify", given | {"toki": text}, want)
    return text


def mint(pen):
    base = exchange(pen)
    for code in range(8):
        answered(pen, f"code {code}", base | OK, code)
    for status in (0, 100, 200, 204, 304, 401, 503, 65_535):
        answered(pen, f"status {status}, no content", base | {"status": status})
    for ts in (0, 1, 2**48 - 1):
        answered(pen, f"ts {ts}", base | OK, ts=ts)
    answered(pen, "an ext", base | OK | {"ext_hex": "0004657461670003616263"})
    answered(pen, "content by its digest", base | {"status": 200, "body_sha256_hex": sha256(b"x").hex()})
    empty = answered(pen, "empty content", base | {"status": 200, "body_hex": ""})
    pen.add("empty content is none", "answer.verify", base | {"status": 200, "toki": empty})
    grant = pen.grant(pen.now // 1000 + 100)
    answered(pen, "an answer in a session", pen.K | OK | {"request_toki": pen.mint(GET, grant=grant), "session_grant": grant})
    common = base | OK | {"code": 0, "ts_ms": pen.now}
    for how, more in (
        ("code 8", {"code": 8}), ("code 255", {"code": 255}), ("code -1", {"code": -1}), ("ts -1", {"ts_ms": -1}), ("ts 2^48", {"ts_ms": 2**48}),
        ("status 65,536", {"status": 65_536}), ("status -1", {"status": -1}),
    ):
        pen.add(f"mint: {how}", "answer.mint", common | more, "unsignable")
    for how, text in spoilt(pen.grant(pen.now // 1000 + 100), "ok2."):
        pen.add(f"mint: a grant {how}", "answer.mint", common | {"grant": text}, "malformed")
    for how, head in (("first byte 0x2b", b"\x2b\0"), ("second byte 1", b"\x2a\1")):
        pen.add(f"mint: a grant with {how}", "answer.mint", common | {"grant": print_text("ok2.", head + bytes(30))}, "malformed")
    pen.add("mint: an answer's toki in the request's place", "answer.mint", common | {"request_toki": empty}, "malformed")


def texts(pen):
    base = exchange(pen)
    text = answered(pen, "an answer", base | OK)
    given = base | OK
    pen.add("no toki", "answer.verify", given, "missing")
    pen.add("an empty toki", "answer.verify", given | {"toki": ""}, "malformed")
    for how, spoiltt in spoilt(text, "ot2."):
        pen.add(f"an answer's toki {how}", "answer.verify", given | {"toki": spoiltt}, "malformed")
    pen.add("the toki twice", "answer.verify", given | {"toki": f"{text}, {text}"}, "malformed")
    pen.add("the request's own toki", "answer.verify", given | {"toki": base["request_toki"]}, "malformed")


def forge(pen, base, head, status=200, grant=b"", ext=b"", digest=b""):
    """An answer of the service's own key, whatever its head says."""
    tag = RequestToki.parse(base["request_toki"]).tag
    fields = b"".join(len(part).to_bytes(2, "big") + part for part in (grant, ext))
    return print_text("ot2.", head + mac(pen.key.root().res, head + tag + be(16, status, "") + fields + digest)[:16])


def fit(pen):
    base = exchange(pen)
    ts = be(48, pen.now, "")
    body, digest = OK["body_hex"], sha256(bytes.fromhex(OK["body_hex"]))
    for bit in (8, 16, 32, 64, 128):
        text = forge(pen, base, bytes([0x22, bit, 0]) + ts)
        pen.add(f"an authentic answer with flag {bit}", "answer.verify", base | {"status": 200, "toki": text}, "malformed")
    for first in (0x21, 0x20, 0x23, 0x2A):
        text = forge(pen, base, bytes([first, 0, 0]) + ts)
        pen.add(f"an authentic answer with first byte {first:#04x}", "answer.verify", base | {"status": 200, "toki": text}, "malformed")
    for code in (8, 9, 128, 255):
        text = forge(pen, base, bytes([0x22, 0, code]) + ts)
        pen.add(f"an authentic answer with code {code}", "answer.verify", base | {"status": 200, "toki": text}, "malformed")
    grant = pen.grant(pen.now // 1000 + 100, tag=RequestToki.parse(base["request_toki"]).tag)
    raw = parse_text("ok2.", grant)
    for how, flags, parts, given in (
        ("GRANT 1 and no grant", 1, {}, {}), ("GRANT 0 and a grant", 0, {"grant": raw}, {"grant": grant}), ("GRANT 0 and a grant that M leaves out", 0, {}, {"grant": grant}),
        ("EXT 1 and no ext", 4, {}, {}), ("EXT 0 and an ext", 0, {"ext": b"ab"}, {"ext_hex": "6162"}), ("BODY 1 and no content", 2, {"digest": sha256(b"")}, {}),
        ("BODY 1 and empty content", 2, {"digest": sha256(b"")}, {"body_hex": ""}), ("BODY 1 and content taken away", 2, {"digest": digest}, {}),
        ("an empty grant", 0, {}, {"grant": ""}),
    ):
        text = forge(pen, base, bytes([0x22, flags, 0]) + ts, **parts)
        pen.add(how, "answer.verify", base | {"status": 200, "toki": text} | given, "malformed")
    text = forge(pen, base, bytes([0x22, 1, 0]) + ts, grant=raw)
    for how, spoiltt in spoilt(grant, "ok2."):
        pen.add(f"a grant {how}", "answer.verify", base | {"status": 200, "toki": text, "grant": spoiltt}, "malformed")
    wrong = b"\x2a\1" + raw[2:]
    text = forge(pen, base, bytes([0x22, 1, 0]) + ts, grant=wrong)
    pen.add("an authentic grant with second byte 1", "answer.verify", base | {"status": 200, "toki": text, "grant": print_text("ok2.", wrong)}, "malformed")


def coverage(pen):
    base = exchange(pen) | OK | {"ext_hex": "0004657461670003616263"}
    base["grant"] = pen.grant(pen.now // 1000 + 100, tag=RequestToki.parse(base["request_toki"]).tag)
    text = answered(pen, "grant, ext and body", base)
    given = base | {"toki": text}
    for how, more in (
        ("another status", {"status": 201}), ("status 0", {"status": 0}), ("another body", {"body_hex": b'{"ok":false}'.hex()}), ("another ext", {"ext_hex": "0004657461670003616264"}),
        ("another grant", {"grant": pen.grant(pen.now // 1000 + 100)}), ("the grant's salt turned", {"grant": flipped(base["grant"], "ok2.", 31, 0)}),
        ("another request's answer", {"request_toki": pen.mint(POST, want=True)}), ("the same request without WANT", {"request_toki": pen.mint(POST)}),
        ("another audience", {"audience": "other.example.com"}), ("another generation", {"generation": 1}), ("another secret", {"secret_hex": pen.hex(32)}),
    ):
        pen.add(how, "answer.verify", given | more, "bad_mac")
    for byte, bit, want in ((2, 0, "bad_mac"), (2, 3, "malformed"), (3, 7, "bad_mac"), (8, 0, "bad_mac"), (9, 0, "bad_mac"), (24, 7, "bad_mac"), (0, 0, "malformed"), (1, 7, "malformed"), (1, 0, "malformed")):
        pen.add(f"bit {bit} of byte {byte} turned", "answer.verify", given | {"toki": flipped(text, "ot2.", byte, bit)}, want)
    session = pen.grant(pen.now // 1000 + 100)
    inside = pen.K | OK | {"request_toki": pen.mint(GET, grant=session), "session_grant": session}
    outside = pen.K | OK | {"request_toki": pen.mint(GET)}
    code = {"code": 0, "ts_ms": pen.now}
    text = pen.evaluate("answer.mint", inside | code)["toki"]
    pen.add("an answer in a session", "answer.verify", inside | {"toki": text})
    other = flipped(session, "ok2.", 31, 0)
    pen.add("an answer of the session's twin", "answer.verify", inside | {"toki": text, "session_grant": other}, "bad_mac")
    crossed = forge(pen, {"request_toki": inside["request_toki"]}, bytes([0x22, 2, 0]) + be(48, pen.now, ""), digest=sha256(bytes.fromhex(OK["body_hex"])))
    pen.add("a root's answer to a session's request", "answer.verify", inside | {"toki": crossed}, "bad_mac")
    pen.add("an answer to a session's request sent to a root's", "answer.verify", outside | {"toki": text}, "bad_mac")


def grants(pen):
    """answer.verify names the sid of a grant that a root holder adopts, and null for one it drops."""
    r_ts = pen.now // 1000 * 1000
    second = r_ts // 1000
    plain = pen.K | {"request_toki": pen.mint(POST)}
    wanted = exchange(pen)
    session = pen.grant(second + 100)
    inside = pen.K | {"request_toki": pen.mint(GET, grant=session, want=True), "session_grant": session}
    stranger = pen.key_of(secret=pen.rng.randbytes(32))
    for how, base, exp, ttl, change, ts, adopted in (
        ("a good one", wanted, second + 600, 600, {}, r_ts, True), ("a good one in a session", inside, second + 600, 600, {}, r_ts, True),
        ("not asked for", plain, second + 600, 600, {}, r_ts, False), ("of another kid", wanted, second + 600, 600, {"key": stranger}, r_ts, False),
        ("with a salt of another request", wanted, second + 600, 600, {"tag": bytes(16)}, r_ts, False), ("with ttl 0", wanted, second + 1, 0, {}, r_ts, False),
        ("with ttl 1", wanted, second + 1, 1, {}, r_ts, True), ("that ends with r.ts", wanted, second, 600, {}, r_ts, False),
        ("that ends 1 ms after r.ts", wanted, second + 1, 600, {}, r_ts + 999, True), ("that ended 1 ms before r.ts", wanted, second, 600, {}, r_ts + 1, False),
        ("exp 2 s over ttl", wanted, second + 602, 600, {}, r_ts, True), ("exp 3 s over ttl", wanted, second + 603, 600, {}, r_ts, False),
        ("exp 2.001 s over ttl", wanted, second + 603, 600, {}, r_ts + 999, False), ("exp 2 s over ttl between seconds", wanted, second + 603, 600, {}, r_ts + 1_000, True),
        ("ttl 65,535", wanted, second + 65_535, 65_535, {}, r_ts, True), ("of generation 1", wanted, second + 600, 600, {"key": pen.key_of(generation=1)}, r_ts, False),
    ):
        request = RequestToki.parse(base["request_toki"])
        sid = pen.rng.randbytes(8)
        grant = pen.grant(exp, ttl, **({"tag": request.tag, "sid": sid} | change))
        given = base | OK | {"grant": grant}
        text = pen.add(f"mint: a grant {how}", "answer.mint", given | {"code": 0, "ts_ms": ts})["toki"]
        pen.add(f"verify: a grant {how}", "answer.verify", given | {"toki": text}, sid_hex=sid.hex() if adopted else None)
