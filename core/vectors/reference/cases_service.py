"""Section 6 through time: one service, its floor, its memory, its revocations."""

from cases_requests import GET, POST
from pen import API, flipped
from toki import Grant
from wire import print_text

PROBE = {"method": "HEAD", "authority": API, "target": "/v1/transfer?dry=0"}


def write(pen):
    for part in (construction, authorities, floor, beginnings, windows, replay, room, spending, kid_and_sid, marks, generations, everything_revoked):
        part(pen)


class World:
    """A `service` case and a client who can date its tokis as it likes."""

    def __init__(self, pen, name, keys=None, **given):
        self.pen, self.now = pen, pen.now
        base = {"keys": keys or [pen.K], "authorities": [API], "start_ms": pen.now}
        self.sequence = pen.sequence(name, "service", base | given)

    def verify(self, toki, want="ok", at=0, request=GET, grant=None, **more):
        given = request | {"now_ms": self.now + at, "toki": toki} | more
        return self.sequence.step("verify", given | ({"grant": grant} if grant else {}), want)

    def fresh(self, want="ok", at=0, ts=None, request=GET, K=None, grant=None, **more):
        """A new request, dated `ts` after the start, that arrives `at` after it; its toki."""
        minting = {"grant": grant} if grant else {}
        toki = self.pen.mint(request, ts=self.now + (at if ts is None else ts), K=K, **minting)
        self.verify(toki, want, at, request, grant, **more)
        return toki

    def ticket(self, want="ok", at=0, ts=None, text=None):
        if text is None:
            given = {"connection_hex": b"c".hex(), "ts_ms": self.now + (at if ts is None else ts), "nonce_hex": self.pen.hex()}
            text = self.pen.evaluate("ticket.mint", self.pen.K | given)["ticket"]
        self.sequence.step("ticket", {"ticket": text, "now_ms": self.now + at}, want)
        return text

    def do(self, act, at=0, **given):
        self.sequence.step(act, given | {"now_ms": self.now + at})

    def done(self):
        self.sequence.done()


def construction(pen):
    base = {"keys": [pen.K], "authorities": [API], "start_ms": pen.now, "steps": []}
    held = {"audience_key": pen.key.text(), "audience": API}
    taken = {"audience_key": print_text("oa2.", pen.key.kid + pen.rng.randbytes(32)), "audience": API}
    for how, more, want in (
        ("one key", {}, "ok"), ("the same key twice", {"keys": [pen.K, pen.K]}, "ok"), ("the same key, as a secret and as an audience key", {"keys": [pen.K, held]}, "ok"),
        ("two generations", {"keys": [pen.K, pen.K | {"generation": 1}]}, "ok"), ("another key under the same kid", {"keys": [pen.K, taken]}, "kid_taken"),
        ("another key under the same kid, first", {"keys": [taken, held]}, "kid_taken"), ("a weak secret", {"keys": [pen.K, pen.K | {"secret_hex": "55" * 32}]}, "weak_secret"),
        ("a short secret", {"keys": [pen.K | {"secret_hex": "0102"}]}, "weak_secret"), ("an audience key cut short", {"keys": [held | {"audience_key": pen.key.text()[:-2]}]}, "malformed"),
        ("an audience key with padding", {"keys": [held | {"audience_key": pen.key.text() + "=="}]}, "malformed"), ("a name with a user", {"authorities": [f"u@{API}"]}, "malformed"),
        ("a name with a path", {"authorities": [API, f"{API}/v1"]}, "malformed"), ("a name with port 0", {"authorities": [f"{API}:0"]}, "malformed"), ("an empty name", {"authorities": [""]}, "malformed"),
        ("a bare IPv6 address as a name", {"authorities": ["::1"]}, "malformed"), ("a name of 256 bytes", {"authorities": ["a" * 256]}, "malformed"),
    ):
        pen.add(f"a service of {how}", "service", base | more, want)


def authorities(pen):
    world = World(pen, "a list of names, normalised as requests are", authorities=["API.Example.com:443", "[::1]:8443", "b.example:80"])
    for authority, want in (
        (API, "ok"), ("API.EXAMPLE.COM", "ok"), (f"{API}:80", "ok"), ("b.example", "ok"), ("B.example:443", "ok"), ("[::1]:8443", "ok"), ("[::1]", "unknown_authority"), ("b.example:8443", "unknown_authority"),
        ("c.example", "unknown_authority"), (f"{API}.", "unknown_authority"), (f"{API}:", "malformed"),
    ):
        request = GET | {"authority": authority}
        toki = pen.mint(request if want != "malformed" else GET)
        world.verify(toki, want, request=request)
    world.done()
    world = World(pen, "no names at all", authorities=[])
    world.fresh("unknown_authority")
    world.done()


def floor(pen):
    world = World(pen, "the floor follows the clock and never falls")
    world.fresh("ok", ts=-29_999)
    world.fresh("stale", ts=-30_000)
    world.fresh("ok", at=10_000, ts=-19_999)
    world.fresh("stale", at=10_000, ts=-20_000)
    world.fresh("stale", at=0, ts=-20_000)
    world.fresh("ok", at=0, ts=-19_999)
    world.fresh("ok", at=60_000)
    world.fresh("stale", at=0, ts=0)
    world.fresh("stale", at=0, ts=2_000)
    world.fresh("ok", at=31_000, ts=30_001)
    world.fresh("stale", at=31_000, ts=30_000)
    world.done()
    world = World(pen, "ts is judged against this call's own now")
    world.fresh("ok", at=20_000)
    world.fresh("stale", at=0, ts=2_001)
    world.fresh("ok", at=0, ts=2_000)
    world.done()
    old = -29_000
    for how, spoil in (
        ("a forged toki", lambda w: w.verify(flipped(pen.mint(GET, ts=pen.now + 50_000), "ot2.", 30, 0), "bad_mac", at=50_000)),
        ("an unknown key", lambda w: w.fresh("unknown_key", at=50_000, K=pen.K | {"generation": 7})),
        ("an unknown authority", lambda w: w.fresh("unknown_authority", at=50_000, request=GET | {"authority": "x.example"})),
        ("a malformed target", lambda w: w.verify(pen.mint(GET), "malformed", at=50_000, request=GET | {"target": "/#"})),
        ("a revoked session", lambda w: (w.do("revoke_session", kid_hex=pen.key.kid.hex(), sid_hex="0102030405060708"),
                                         w.fresh("revoked", at=50_000, grant=pen.grant(pen.now // 1000 + 300, sid=bytes(range(1, 9)))))),
        ("a revocation", lambda w: w.do("revoke_session", at=50_000, kid_hex=pen.key.kid.hex(), sid_hex=pen.hex())),
    ):
        world = World(pen, f"{how} does not raise the floor")
        spoil(world)
        world.fresh("ok", at=0, ts=old)
        world.done()
    for how, spoil in (
        ("a probe", lambda w: w.verify(pen.mint(PROBE, ts=0), "stale", at=50_000, request=PROBE)),
        ("a stale toki", lambda w: w.fresh("stale", at=50_000, ts=0)),
        ("a ticket", lambda w: w.ticket("ok", at=50_000)),
        ("an expired session", lambda w: w.fresh("grant_expired", at=50_000, grant=pen.grant(pen.now // 1000))),
    ):
        world = World(pen, f"{how} raises the floor")
        spoil(world)
        world.fresh("stale", at=0, ts=old)
        world.fresh("stale", at=21_000, ts=20_000)
        world.fresh("ok", at=21_000, ts=20_001)
        world.done()


def beginnings(pen):
    world = World(pen, "a memory that begins empty", first_start=False)
    world.fresh("stale", at=0)
    world.fresh("stale", at=0, ts=2_000)
    world.fresh("stale", at=2_000, ts=4_000)
    world.fresh("ok", at=2_001, ts=4_001)
    world.fresh("stale", at=6_000, ts=4_000)
    world.fresh("stale", at=6_000, ts=0)
    world.fresh("ok", at=6_000, ts=6_000)
    world.fresh("ok", at=34_000, ts=4_002)
    world.fresh("ok", at=34_001, ts=4_003)
    world.fresh("stale", at=34_004, ts=4_004)
    world.done()
    world = World(pen, "a ticket at a memory that begins empty", first_start=False)
    world.ticket("stale", at=2_000, ts=4_000)
    world.ticket("ok", at=2_001, ts=4_001)
    world.done()
    world = World(pen, "a first start", first_start=True)
    world.fresh("ok", ts=-29_999)
    world.done()
    world = World(pen, "a first start, later asked with an earlier clock")
    world.fresh("stale", at=-10_000, ts=-30_000)
    world.fresh("ok", at=-10_000, ts=-29_999)
    world.fresh("ok", at=-10_000, ts=-8_000)
    world.fresh("stale", at=-10_000, ts=-7_999)
    world.done()


def windows(pen):
    for window in (1_000, 5_000, 29_999):
        world = World(pen, f"a window of {window} ms", window_ms=window)
        world.fresh("ok", ts=1 - window)
        world.fresh("stale", ts=-window)
        world.fresh("ok", ts=2_000)
        world.fresh("stale", ts=2_001)
        world.ticket("ok", ts=1 - window)
        world.ticket("stale", ts=-window)
        toki = world.fresh("ok")
        world.verify(toki, "replayed", at=window - 1)
        world.verify(toki, "stale", at=window)
        world.done()
    second = pen.now // 1000
    for ttl in (1, 60, 3_600):
        world = World(pen, f"a greatest ttl of {ttl} s", max_ttl_s=ttl)
        world.fresh("ok", grant=pen.grant(second + 1, ttl))
        world.fresh("policy", grant=pen.grant(second + 1, ttl + 1))
        world.fresh("policy", grant=pen.grant(second + 1, 0))
        world.done()


def replay(pen):
    world = World(pen, "a toki runs once")
    toki = world.fresh("ok", request=POST)
    world.verify(toki, "replayed", request=POST)
    world.verify(toki, "replayed", at=29_999, request=POST)
    world.verify(toki, "stale", at=30_000, request=POST)
    world.verify(toki, "stale", at=0, request=POST)
    world.done()
    world = World(pen, "what is not authentic spends nothing")
    toki = pen.mint(POST)
    world.verify(flipped(toki, "ot2.", 39, 0), "bad_mac", request=POST)
    world.verify(toki, "bad_mac", request=POST | {"target": "/v1/other"})
    world.verify(toki, "unknown_authority", request=POST | {"authority": "x.example"})
    world.verify(toki, "stale", at=-2_001, request=POST)
    world.verify(toki, "ok", request=POST)
    world.verify(toki, "replayed", request=POST)
    world.done()
    world = World(pen, "a toki dated ahead is remembered until its own time has left the window")
    toki = world.fresh("ok", ts=2_000)
    world.verify(toki, "replayed", at=31_999)
    world.verify(toki, "stale", at=32_000)
    world.done()
    world = World(pen, "two tokis of one moment are two")
    for _ in range(3):
        world.fresh("ok", request=POST)
    world.done()
    world = World(pen, "one nonce and two moments are two")
    world.verify(pen.mint(GET, nonce="00" * 8))
    world.verify(pen.mint(GET, ts=pen.now + 1, nonce="00" * 8))
    world.done()
    world = World(pen, "a session's toki runs once, by whichever text of the grant")
    grant = pen.grant(pen.now // 1000 + 60)
    toki = world.fresh("ok", grant=grant)
    world.verify(toki, "replayed", grant=grant)
    world.verify(toki, "malformed", grant=grant + "=")
    world.verify(toki, "malformed")
    world.done()
    world = World(pen, "a ticket opens once")
    text = world.ticket("ok")
    world.ticket("replayed", text=text)
    world.ticket("replayed", at=29_999, text=text)
    world.ticket("stale", at=30_000, text=text)
    world.done()
    world = World(pen, "a probe is refused before the memory, each time")
    toki = pen.mint(PROBE, ts=0, want=True)
    world.verify(toki, "stale", request=PROBE)
    world.verify(toki, "stale", request=PROBE)
    grant = pen.grant(pen.now // 1000 - 100)
    world.verify(pen.mint(PROBE, ts=0, grant=grant), "stale", request=PROBE, grant=grant)
    world.done()


def room(pen):
    for capacity in (1, 2, 5):
        world = World(pen, f"room for {capacity}, and when it returns", capacity=capacity)
        tokis = [world.fresh("ok", ts=i) for i in range(capacity)]
        world.fresh("busy")
        world.verify(tokis[0], "replayed")
        world.ticket("busy")
        world.fresh("busy", at=5_000, request=POST)
        world.fresh("ok", at=60_000 + capacity)
        world.done()
    world = World(pen, "a ticket takes a request's room", capacity=1)
    world.ticket("ok")
    world.fresh("busy")
    world.done()
    world = World(pen, "what is stored and what is not, in room for two", capacity=2)
    second = pen.now // 1000
    world.fresh("stale", ts=-40_000)
    world.fresh("stale", ts=-40_001)
    world.fresh("stale", ts=3_000)
    world.fresh("grant_expired", grant=pen.grant(second - 5))
    world.fresh("grant_expired", grant=pen.grant(second - 5))
    world.verify(flipped(pen.mint(GET), "ot2.", 24, 0), "bad_mac")
    world.fresh("policy", grant=pen.grant(second + 60, 601))
    world.fresh("ok")
    world.fresh("busy")
    world.done()
    world = World(pen, "busy before policy, replayed before busy", capacity=1)
    toki = world.fresh("ok")
    world.fresh("busy", grant=pen.grant(second + 60, 601))
    world.fresh("stale", ts=-30_001)
    world.fresh("grant_expired", grant=pen.grant(second - 60))
    world.verify(toki, "replayed")
    world.done()


def spending(pen):
    digest = {k: v for k, v in POST.items() if k != "body_hex"} | {"body_sha256_hex": pen.hex(32)}
    world = World(pen, "a body that is not what was signed spends the toki")
    toki = pen.mint(digest)
    world.verify(toki, "body_mismatch", request=digest, finish_body_hex="00")
    world.verify(toki, "replayed", request=digest, finish_body_hex="00")
    world.done()
    second = pen.now // 1000
    for how, grant in (("ttl 0", pen.grant(second + 60, 0)), ("ttl 601", pen.grant(second + 60, 601)), ("issued ahead", pen.grant(second + 700))):
        world = World(pen, f"a grant against policy ({how}) spends the toki")
        toki = world.fresh("policy", grant=grant)
        world.verify(toki, "replayed", grant=grant)
        world.done()
    world = World(pen, "issued ahead, and good once the clock is there")
    grant = pen.grant(second + 610)
    world.fresh("policy", grant=grant)
    world.fresh("ok", at=9_000, grant=grant)
    world.done()
    world = World(pen, "an expired session's toki stays expired and is not spent")
    grant = pen.grant(second + 1)
    toki = pen.mint(GET, ts=(second + 1) * 1000 + 1, grant=grant)
    world.verify(toki, "grant_expired", at=1_001, grant=grant)
    world.verify(toki, "grant_expired", at=5_000, grant=grant)
    toki = pen.mint(GET, ts=(second + 1) * 1000, grant=grant)
    world.verify(toki, "ok", at=5_000, grant=grant)
    world.done()


def kid_and_sid(pen):
    kid = pen.key.kid.hex()
    second = pen.now // 1000
    mine, other = pen.grant(second + 300), pen.grant(second + 300)
    friend = {"secret_hex": pen.hex(32), "audience": API}
    friend_key = pen.key_of(secret=bytes.fromhex(friend["secret_hex"]))
    world = World(pen, "a revoked session, and nothing else", keys=[pen.K, friend])
    toki = world.fresh("ok", grant=mine)
    sid = Grant.parse(mine).sid
    world.do("revoke_session", kid_hex=kid, sid_hex=sid.hex())
    world.verify(toki, "revoked", grant=mine)
    world.fresh("revoked", grant=mine)
    world.fresh("revoked", ts=-60_000, grant=mine)
    world.fresh("ok", grant=other)
    world.fresh("ok")
    world.ticket("ok")
    twin = pen.grant(second + 300, key=friend_key, sid=sid)
    world.fresh("ok", K=friend, grant=twin)
    again = pen.grant(second + 301, sid=sid)
    world.fresh("revoked", grant=again)
    world.verify(flipped(pen.mint(GET, grant=mine), "ot2.", 39, 0), "bad_mac", grant=mine)
    world.done()
    world = World(pen, "a revoked kid, its sessions too", keys=[pen.K, friend])
    toki = world.fresh("ok")
    world.do("revoke_key", kid_hex=kid)
    world.verify(toki, "revoked")
    world.fresh("revoked")
    world.fresh("revoked", ts=-60_000)
    world.fresh("revoked", grant=mine)
    world.fresh("revoked", grant=pen.grant(second - 100))
    world.ticket("revoked")
    world.verify(flipped(pen.mint(GET), "ot2.", 39, 0), "bad_mac")
    world.fresh("unknown_authority", request=GET | {"authority": "x.example"})
    world.fresh("ok", K=friend)
    world.do("revoke_key", kid_hex=kid)
    world.fresh("revoked", at=100_000)
    world.done()


def marks(pen):
    kid = pen.key.kid.hex()
    second = pen.now // 1000
    issued = {age: pen.grant(second - age + 600) for age in (0, 99, 100, 101, 200)}
    world = World(pen, "a mark: issued before it is over, at it is good, and it never falls")
    world.fresh("ok", grant=issued[101])
    world.do("revoke_issued_before", kid_hex=kid, before_s=second - 100)
    world.fresh("revoked", grant=issued[101])
    world.fresh("revoked", grant=issued[200])
    world.fresh("ok", grant=issued[100])
    world.fresh("ok", grant=issued[99])
    world.fresh("ok")
    world.ticket("ok")
    world.do("revoke_issued_before", kid_hex=kid, before_s=second - 200)
    world.fresh("revoked", grant=issued[101])
    world.do("revoke_issued_before", kid_hex=kid, before_s=0)
    world.fresh("revoked", grant=issued[200])
    world.do("revoke_issued_before", kid_hex=kid, before_s=second)
    world.fresh("revoked", grant=issued[99])
    world.fresh("ok", grant=issued[0])
    world.fresh("revoked", ts=-60_000, grant=issued[99])
    world.done()
    friend = {"secret_hex": pen.hex(32), "audience": API}
    world = World(pen, "a mark is one kid's", keys=[pen.K, friend])
    world.do("revoke_issued_before", kid_hex=kid, before_s=second + 1_000)
    world.fresh("revoked", grant=issued[0])
    world.fresh("ok", K=friend, grant=pen.grant(second + 600, key=pen.key_of(secret=bytes.fromhex(friend["secret_hex"]))))
    world.done()
    early = pen.grant(5, 600)
    world = World(pen, "issued before the epoch: iat is signed", start_ms=0)
    world.now = 0
    world.fresh("ok", at=4_000, grant=early)
    world.do("revoke_issued_before", at=4_000, kid_hex=kid, before_s=0)
    world.fresh("revoked", at=4_001, grant=early)
    world.fresh("ok", at=4_001, grant=pen.grant(100, 100))
    world.done()


def generations(pen):
    K1 = pen.K | {"generation": 1}
    key1 = pen.key_of(generation=1)
    second = pen.now // 1000
    world = World(pen, "two generations side by side", keys=[pen.K, K1])
    old, new = pen.grant(second + 60), pen.grant(second + 60, key=key1)
    world.fresh("ok")
    world.fresh("ok", K=K1)
    world.fresh("ok", grant=old)
    world.fresh("ok", K=K1, grant=new)
    world.fresh("unknown_key", K=pen.K | {"generation": 2})
    world.do("revoke_key", kid_hex=pen.key.kid.hex())
    world.fresh("revoked")
    world.fresh("revoked", grant=old)
    world.fresh("ok", K=K1)
    world.fresh("ok", K=K1, grant=new)
    world.done()
    world = World(pen, "the new generation alone", keys=[K1])
    world.fresh("unknown_key")
    world.fresh("unknown_key", grant=old)
    world.fresh("ok", K=K1, grant=new)
    world.done()
    world = World(pen, "one key held twice counts once", keys=[pen.K, pen.K])
    toki = world.fresh("ok")
    world.verify(toki, "replayed")
    world.done()


def everything_revoked(pen):
    note = {"destination": "q", "type": "t", "body_hex": "7b7d"}
    message = pen.evaluate("message.mint", pen.K | note | {"ts_ms": pen.now, "nonce_hex": pen.hex(), "ttl_s": 60})["toki"]
    link = {"method": "GET", "authority": API}
    target = pen.evaluate("url.mint", pen.K | link | {"target": "/f", "exp_ms": pen.now + 1_000})["target"]
    world = World(pen, "messages and URLs at a service: many times, in time, and until the kid is revoked")
    step = world.sequence.step
    told = ("kid_hex", "ts_ms", "ttl_s", "exp_ms")
    for at in (0, 0, 60_000):
        step("message", note | {"toki": message, "now_ms": pen.now + at}, told=told)
    for at in (0, 0, 1_000):
        step("url", link | {"target": target, "now_ms": pen.now + at}, told=told)
    step("message", note | {"toki": message, "now_ms": pen.now + 60_001}, "expired")
    step("url", link | {"target": target, "now_ms": pen.now + 1_001}, "expired")
    step("url", link | {"target": target, "authority": "x.example", "now_ms": pen.now}, "unknown_authority")
    world.fresh("ok", ts=-29_000)
    world.do("revoke_issued_before", kid_hex=pen.key.kid.hex(), before_s=2**31)
    step("message", note | {"toki": message, "now_ms": pen.now}, told=told)
    step("url", link | {"target": target, "now_ms": pen.now}, told=told)
    world.do("revoke_key", kid_hex=pen.key.kid.hex())
    step("message", note | {"toki": message, "now_ms": pen.now}, "revoked")
    step("message", note | {"toki": message, "now_ms": pen.now + 60_001}, "revoked")
    step("url", link | {"target": target, "now_ms": pen.now}, "revoked")
    step("url", link | {"target": target, "now_ms": pen.now + 1_001}, "revoked")
    step("message", note | {"toki": message, "type": "u", "now_ms": pen.now}, "bad_mac")
    world.done()
