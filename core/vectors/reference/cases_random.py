"""Lives at random. Nothing here was thought of: the reference alone says what is right."""

from cases_client import SIGN, World
from cases_requests import pair
from pen import API, flipped
from toki import RequestToki

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "M-SEARCH")
PATHS = "abcXYZ019/%-._~!$&'()*+,;=:@?"


def write(pen):
    for _ in range(22):
        request(pen)
    for _ in range(16):
        answer(pen)
    for _ in range(16):
        url(pen)
    for _ in range(12):
        message(pen)
    for i in range(5):
        service(pen, i)
    for i in range(5):
        client(pen, i)


def someone(pen):
    audience = pen.rng.choice((API, "b.example:8443", "[::1]", "x" * pen.rng.randrange(1, 60)))
    return {"secret_hex": pen.hex(32), "audience": audience, "generation": pen.rng.choice((0, 0, 1, 2**31, pen.rng.randrange(2**32)))}


def some_request(pen, authority):
    rng = pen.rng
    given = {"method": rng.choice(METHODS), "authority": authority, "target": "/" + "".join(rng.choices(PATHS, k=rng.randrange(40)))}
    if rng.random() < 0.5:
        given["body_hex"] = pen.hex(rng.randrange(80))
    if rng.random() < 0.4:
        given["ext_hex"] = "".join(pair(rng.choice(("etag", "content-type", "x-a")), "v" * rng.randrange(9)) for _ in range(rng.randrange(1, 4)))
    return given


def changed(pen, given, names):
    """One member a little different."""
    name = pen.rng.choice([name for name in names if given.get(name)])
    value = given[name]
    if name in ("toki", "grant"):
        prefix, length = value[:4], len(value) * 6 // 8 - 3
        return given | {name: flipped(value, prefix, pen.rng.randrange(length), pen.rng.randrange(8))}
    if name.endswith("_hex"):
        at = pen.rng.randrange(len(value))
        return given | {name: value[:at] + pen.rng.choice("0123456789abcdef") + value[at + 1:]}
    if isinstance(value, int):
        return given | {name: value + pen.rng.choice((-90_000, -30_000, -1, 1, 2_001, 90_000))}
    return given | {name: pen.rng.choice((value + "a", value[:-1], value.swapcase(), value + "/", value + ":443"))}


def request(pen):
    K = someone(pen)
    key = pen.key_of(K["audience"], K["generation"], bytes.fromhex(K["secret_hex"]))
    given = K | some_request(pen, K["audience"])
    more = {"grant": pen.grant(pen.now // 1000 + pen.rng.randrange(1, 600), key=key)} if pen.rng.random() < 0.5 else {}
    minted = pen.record("random: mint", "toki.mint", given | more | {"ts_ms": pen.now, "nonce_hex": pen.hex(), "want": pen.rng.random() < 0.5})
    arrived = given | more | {"toki": minted["toki"], "now_ms": pen.now + pen.rng.randrange(-2_500, 32_000)}
    pen.record("random: verify", "toki.verify", arrived)
    pen.record("random: verify, something changed", "toki.verify", changed(pen, arrived, ("toki", "grant", "method", "target", "body_hex", "ext_hex", "now_ms", "authority")))


def answer(pen):
    K = someone(pen)
    key = pen.key_of(K["audience"], K["generation"], bytes.fromhex(K["secret_hex"]))
    toki = pen.mint(some_request(pen, K["audience"]), K=K, want=True)
    given = K | {"request_toki": toki, "status": pen.rng.choice((200, 201, 400, 404, 500)), "body_hex": pen.hex(pen.rng.randrange(1, 60))}
    if pen.rng.random() < 0.7:
        tag = RequestToki.parse(toki).tag if pen.rng.random() < 0.7 else bytes(16)
        given["grant"] = pen.grant(pen.now // 1000 + pen.rng.randrange(-2, 610), key=key, tag=tag)
    minted = pen.record("random: answer", "answer.mint", given | {"code": 0, "ts_ms": pen.now})
    arrived = given | {"toki": minted["toki"]}
    pen.record("random: answer verified", "answer.verify", arrived)
    pen.record("random: answer verified, something changed", "answer.verify", changed(pen, arrived, ("toki", "grant", "body_hex")) if pen.rng.random() < 0.8 else arrived | {"ext_hex": "00"})


def url(pen):
    K = someone(pen)
    base = {k: v for k, v in some_request(pen, K["audience"]).items() if k != "body_hex"}
    minted = pen.record("random: URL", "url.mint", K | base | {"exp_ms": pen.now + pen.rng.randrange(700_000_000)})
    arrived = K | base | {"target": minted["target"], "now_ms": pen.now + pen.rng.randrange(-10_000_000, 500_000_000)}
    pen.record("random: URL verified", "url.verify", arrived)
    pen.record("random: URL verified, something changed", "url.verify", changed(pen, arrived, ("method", "target", "ext_hex", "authority")))


def message(pen):
    K = someone(pen)
    base = {"destination": "q" * pen.rng.randrange(9), "type": pen.rng.choice(("", "t", "ünï")), "body_hex": pen.hex(pen.rng.randrange(1, 50))}
    minted = pen.record("random: message", "message.mint", K | base | {"ts_ms": pen.now, "nonce_hex": pen.hex(), "ttl_s": pen.rng.randrange(1, 90_000)})
    arrived = K | base | {"toki": minted["toki"], "now_ms": pen.now + pen.rng.randrange(-400_000, 90_000_000)}
    pen.record("random: message verified", "message.verify", arrived)
    pen.record("random: message verified, something changed", "message.verify", changed(pen, arrived, ("toki", "destination", "type", "body_hex", "now_ms")))


def service(pen, i):
    """A clock that mostly goes on, requests of two clients and their sessions, replays, revocations."""
    rng = pen.rng
    holders = [{"secret_hex": pen.hex(32), "audience": API} for _ in range(2)]
    keys = [pen.key_of(secret=bytes.fromhex(holder["secret_hex"])) for holder in holders]
    window = rng.choice((1_000, 10_000, 30_000))
    sequence = pen.sequence(f"random: a service's life {i}", "service", {
        "keys": holders, "authorities": [API], "start_ms": pen.now, "window_ms": window, "max_ttl_s": rng.choice((60, 600)), "first_start": rng.random() < 0.7})
    now, past, grants = pen.now, [], []
    for _ in range(rng.randrange(12, 30)):
        now += rng.choice((0, 1, 50, 400, 900, 2_000, 5_000, window, -1_500))
        act = rng.random()
        who = rng.randrange(2)
        if act < 0.07:
            grant = rng.choice(grants) if grants else None
            if grant:
                sequence.record("revoke_session", {"kid_hex": keys[grant[0]].kid.hex(), "sid_hex": grant[2].hex(), "now_ms": now})
            continue
        if act < 0.12:
            sequence.record("revoke_issued_before", {"kid_hex": keys[who].kid.hex(), "before_s": now // 1000 - rng.randrange(-5, 300), "now_ms": now})
            continue
        if act < 0.13:
            sequence.record("revoke_key", {"kid_hex": keys[who].kid.hex(), "now_ms": now})
            continue
        if act < 0.4 and past:
            sequence.record("verify", rng.choice(past) | {"now_ms": now})
            continue
        request = some_request(pen, API)
        grant = None
        if act > 0.65:
            if not grants or rng.random() < 0.4:
                sid = rng.randbytes(8)
                grants.append((who, pen.grant(now // 1000 + rng.randrange(-2, 90), rng.choice((0, 30, 60, 61, 600, 601)), key=keys[who], sid=sid), sid))
            who, grant, _ = rng.choice(grants)
        ts = now + rng.choice((0, -1, -500, 2_000, 2_001, -window, 1 - window, -window // 2))
        given = request | {"toki": pen.mint(request, ts=ts, K=holders[who], **({"grant": grant} if grant else {}))} | ({"grant": grant} if grant else {})
        if rng.random() < 0.1:
            given = given | {"toki": flipped(given["toki"], "ot2.", rng.randrange(24, 40), 2)}
        else:
            past.append(given)
        sequence.record("verify", given | {"now_ms": now})
    sequence.done()


def client(pen, i):
    """A client with a clock of its own, and answers that come late, never, twice, forged, in any order."""
    rng = pen.rng
    world = World(pen, f"random: a client's life {i}")
    ahead, now, waiting = rng.choice((0, 700, -54_000_000, 3_000_000)), 0, []
    for _ in range(rng.randrange(10, 24)):
        now += rng.choice((0, 5, 80, 1_000, 40_000, 200_000, 3_600_000))
        if not waiting or rng.random() < 0.5:
            request = some_request(pen, API)
            more = {"trust_clock": True} if rng.random() < 0.15 else {}
            index = len(world.sequence.steps)
            given = request | {"now_ms": world.now + now, "nonce_hex": pen.hex()} | more
            world.signed[index] = world.sequence.record("sign", given, SIGN)
            waiting.append((index, now))
            continue
        of, sent = waiting.pop(rng.randrange(len(waiting)))
        probe = world.signed[of]["probe"]
        code = (1 if rng.random() < 0.9 else 7) if probe else rng.choice((0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7))
        service = ahead + rng.randrange(sent, now + 1)
        grant = None
        if code == 0 or probe and code == 1:
            tag = {} if rng.random() < 0.85 else {"tag": bytes(16)}
            ttl = rng.choice((1, 60, 600))
            grant = world.grant(of, (world.now + service) // 1000 + ttl + rng.choice((0, 0, 0, -1, 3)), ttl, **tag) if rng.random() < 0.6 else None
        arrived = world.answer(of, code, service, rng.choice((200, 204, 401)) if not probe else 204, grant)
        if rng.random() < 0.15:
            arrived = rng.choice(({"status": 502}, arrived | {"status": 418}, arrived | {"ext_hex": "00"}, arrived | {"toki": arrived["toki"] + "A"}))
        told = ("code", "offset_ms", "sid_hex", "grant_error", "may_have_run") + (() if probe else ("resend",))
        step = {"of": of, "now_ms": world.now + now} | {k: v for k, v in arrived.items() if v is not None}
        world.sequence.record("accept", step, told)
        if rng.random() < 0.1:
            world.sequence.record("accept", step, ())
    world.done()
