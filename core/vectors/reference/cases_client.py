"""Section 7: the client, step by step, against answers that a service (or somebody else) gives."""

from cases_answers import forge
from cases_requests import GET, POST, pair
from pen import API, flipped
from toki import RequestToki
from wire import be

KEYED = POST | {"ext_hex": pair("idempotency-key", "k-1")}
SIGN = ("probe", "toki", "grant")
ACCEPT = ("code", "resend", "offset_ms", "sid_hex", "grant_error")


def write(pen):
    for part in (
        probes, failed_probes, safe, unsafe, repeatable, samples, clock, rolling, choosing, dropped, used_up, not_authentic,
        unsigned_content, unsignable,
    ):
        part(pen)


class World:
    """A `client` case, and the service that answers it."""

    def __init__(self, pen, name, given=None, session=None):
        self.pen, self.now = pen, pen.now
        self.sequence = pen.sequence(name, "client", given or pen.K)
        self.session = session  # a delegate's grant
        self.signed = {}

    def sign(self, request=GET, want="ok", at=0, told=SIGN, stated=None, **more):
        """The step's index."""
        index = len(self.sequence.steps)
        given = request | {"now_ms": self.now + at, "nonce_hex": self.pen.hex()} | more
        got = self.sequence.step("sign", given, want, None if want != "ok" else told, **(stated or {}))
        self.signed[index] = got
        return index

    def tag(self, of):
        return RequestToki.parse(self.signed[of]["toki"]).tag

    def grant(self, of, exp=None, ttl=600, **more):
        """A grant that the service makes from the toki of step `of`."""
        exp = self.now // 1000 + ttl if exp is None else exp
        return self.pen.grant(exp, ttl, **({"tag": self.tag(of)} | more))

    def answer(self, of, code=0, ts=0, status=200, grant=None, **parts):
        """What arrives: the answer's members with its toki."""
        given = {"status": status} | parts | ({"grant": grant} if grant else {})
        request = {"request_toki": self.signed[of]["toki"]}
        if self.signed[of]["grant"]:
            request["session_grant"] = self.signed[of]["grant"]
        minted = self.pen.evaluate("answer.mint", self.pen.K | request | given | {"code": code, "ts_ms": self.now + ts})
        return given | {"toki": minted["toki"]}

    def accept(self, of, arrived, want="ok", at=0, told=None, **stated):
        given = {"of": of, "now_ms": self.now + at} | {k: v for k, v in arrived.items() if v is not None}
        return self.sequence.step("accept", given, want, ACCEPT if want == "ok" else told, **stated)

    def take(self, of, code=0, at=0, ts=None, want="ok", stated=None, told=None, **answer):
        arrived = self.answer(of, code, at if ts is None else ts, **answer)
        return self.accept(of, arrived, want, at, told, **(stated or {}))

    def ready(self, at=0, exp=None, ttl=600):
        """A GET whose answer sets the clock (offset 0) and brings a grant."""
        of = self.sign(at=at)
        grant = self.grant(of, exp, ttl)
        self.take(of, at=at, grant=grant, stated={"offset_ms": 0, "grant_error": None})
        return grant

    def done(self):
        self.sequence.done()


def probes(pen):
    world = World(pen, "a POST goes behind a probe, then rolls onto the probe's grant")
    of = world.sign(POST, stated={"probe": True, "grant": None})
    grant = world.grant(of)
    world.take(of, 1, at=40, ts=20, status=204, grant=grant, stated={"offset_ms": -20, "resend": False})
    of = world.sign(POST, at=50, stated={"probe": False, "grant": grant})
    world.take(of, at=90, ts=70, body_hex="7b7d")
    world.done()
    world = World(pen, "a probe without a grant: the root signs on")
    of = world.sign(KEYED, stated={"probe": True})
    world.take(of, 1, status=204)
    world.sign(POST, stated={"probe": False, "grant": None})
    world.done()
    world = World(pen, "a probe carries the same target and ext, and no body")
    for target in ("/", "/a?b=%20&&", "/x//y"):
        world.sign(KEYED | {"target": target}, stated={"probe": True})
    world.done()
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "M-SEARCH", "GETX"):
        world = World(pen, f"{method} is unsafe: a probe first")
        world.sign(GET | {"method": method}, stated={"probe": True})
        world.sign(GET | {"method": method}, trust_clock=True, stated={"probe": False})
        world.done()
    world = World(pen, "concurrent unsafe calls each probe; either answer will do")
    first, second = world.sign(POST, stated={"probe": True}), world.sign(POST, at=1, stated={"probe": True})
    world.take(second, 1, at=30, ts=29, status=204)
    world.sign(POST, at=31, stated={"probe": False})
    world.take(first, 1, at=40, ts=38, status=204)
    world.done()
    world = World(pen, "a probe is the root's, also when a session is live")
    world.ready()
    world.sign(POST, at=3_600_000, stated={"probe": True, "grant": None})
    world.done()
    world = World(pen, "a probe's answer may take an odd status")
    of = world.sign(POST)
    world.take(of, 1, status=401, stated={"code": 1})
    world.done()


def failed_probes(pen):
    world = World(pen, "a signed 0 to a probe is policy")
    of = world.sign(POST)
    world.take(of, 0, want="policy", status=204, told=("may_have_run", "signed"), stated={"may_have_run": False})
    world.done()
    names = {2: "replayed", 3: "grant_expired", 4: "revoked", 5: "body_mismatch", 6: "policy", 7: "busy"}
    for code, name in names.items():
        world = World(pen, f"a signed {code} to a probe: failed, and nothing has run")
        of = world.sign(POST)
        world.take(of, code, want=name, status=403, told=("may_have_run", "signed"), stated={"may_have_run": False, "signed": True})
        world.sign(POST, stated={"probe": False})  # its time counts all the same
        world.done()
    for how, arrived, name in (
        ("no toki", {"status": 401}, "missing"), ("no toki and status 200", {"status": 200}, "missing"), ("an empty toki", {"status": 204, "toki": ""}, "malformed"),
    ):
        world = World(pen, f"a probe answered by {how}")
        of = world.sign(POST)
        world.accept(of, arrived, name, told=("may_have_run", "signed"), may_have_run=False, signed=False)
        world.sign(POST, stated={"probe": True})
        world.done()
    world = World(pen, "a probe's answer of another status than was signed")
    of = world.sign(POST)
    world.accept(of, world.answer(of, 1, status=204) | {"status": 200}, "bad_mac", told=("may_have_run", "signed"), may_have_run=False)
    world.sign(POST, stated={"probe": True})
    world.done()
    world = World(pen, "one probe's answer for another's")
    first, second = world.sign(POST), world.sign(POST)
    world.accept(second, world.answer(first, 1, status=204), "bad_mac", told=("may_have_run", "signed"))
    world.take(first, 1, status=204)
    world.done()


def safe(pen):
    for request in (GET, GET | {"method": "HEAD"}, GET | {"method": "OPTIONS"}, GET | {"method": "OPTIONS", "target": "*"}):
        for code, name in ((1, "stale"), (2, "replayed")):
            world = World(pen, f"{request['method']} {request['target']}: resent once after a signed {code}")
            of = world.sign(request, stated={"probe": False})
            world.take(of, code, at=20, ts=54_000_010, want=name, status=401, stated={"resend": True, "may_have_run": True, "signed": True})
            again = world.sign(request, at=30, resend_of=of, stated={"probe": False})
            world.take(again, code, at=50, ts=54_000_040, want=name, status=401, stated={"resend": False})
            world.done()
            world = World(pen, f"{request['method']} {request['target']}: resent after a signed {code}, and answered")
            of = world.sign(request)
            world.take(of, code, at=20, ts=-54_000_000, want=name, status=401, stated={"resend": True})
            world.take(world.sign(request, at=30, resend_of=of), at=50, ts=-53_999_970)
            world.done()
    for code, name in ((3, "grant_expired"), (4, "revoked"), (5, "body_mismatch"), (6, "policy"), (7, "busy")):
        world = World(pen, f"GET: a signed {code} is never resent")
        of = world.sign()
        world.take(of, code, want=name, status=403, stated={"resend": False, "signed": True, "may_have_run": code in (4, 7)})
        world.done()
    world = World(pen, "GET with content, unsafe only by name")
    of = world.sign(GET | {"body_hex": "00"}, stated={"probe": False})
    world.take(of, 1, want="stale", status=401, stated={"resend": True})
    world.done()


def unsafe(pen):
    for code, name in ((1, "stale"), (2, "replayed"), (3, "grant_expired"), (4, "revoked"), (5, "body_mismatch"), (6, "policy"), (7, "busy")):
        for trust in (False, True):
            world = World(pen, f"POST: a signed {code} is never resent" + (" (trust_clock)" if trust else ""))
            if not trust:
                world.ready()
            of = world.sign(POST, at=5, **({"trust_clock": True} if trust else {}), stated={"probe": False})
            ran = code not in (3, 5, 6)
            world.take(of, code, at=9, want=name, status=409, body_hex="7b7d", stated={"resend": False, "signed": True, "may_have_run": ran})
            world.done()


def repeatable(pen):
    key = pair("idempotency-key", "k-1")
    for how, ext in (("alone", key), ("behind another", pair("content-type", "text/plain") + key), ("before another", key + pair("content-type", "")), ("of one byte", pair("idempotency-key", "0"))):
        world = World(pen, f"a repeatable POST with its key {how}: no probe, and one resend")
        request = POST | {"ext_hex": ext}
        of = world.sign(request, repeatable=True, stated={"probe": False})
        world.take(of, 1, at=20, ts=-9_000, want="stale", status=401, stated={"resend": True, "may_have_run": True})
        again = world.sign(request, at=30, repeatable=True, resend_of=of, stated={"probe": False})
        world.take(again, 1, at=60, ts=-9_000, want="stale", status=401, stated={"resend": False})
        world.done()
    for how, ext in (
        ("no ext", ""), ("an empty value", pair("idempotency-key", "")), ("another header", pair("content-type", "text/plain")), ("its name in a value", pair("x", "idempotency-key")),
        ("the name in capitals", pair("Idempotency-Key", "k")), ("a name that only begins so", pair("idempotency-key2", "k")), ("an ext cut short", key[:-2]),
        ("an ext with a byte behind", key + "00"), ("a name without a value", key[:34]), ("bytes that are no pairs", "ffff00"),
    ):
        world = World(pen, f"a repeatable POST with {how}")
        request = POST | ({"ext_hex": ext} if ext else {})
        world.sign(request, "unsignable", repeatable=True)
        world.sign(request, "unsignable", repeatable=True, trust_clock=True)
        world.sign(request, stated={"probe": True})
        world.done()
    world = World(pen, "GET, HEAD and OPTIONS need no key to be repeatable")
    for method in ("GET", "HEAD", "OPTIONS"):
        of = world.sign(GET | {"method": method}, repeatable=True, stated={"probe": False})
        world.take(of, 2, want="replayed", status=409, stated={"resend": True})
    world.done()
    world = World(pen, "a key in ext alone makes nothing repeatable")
    world.sign(KEYED, stated={"probe": True})
    of = world.sign(KEYED, trust_clock=True, stated={"probe": False})
    world.take(of, 1, want="stale", status=401, stated={"resend": False})
    world.done()


def samples(pen):
    hour = 3_600_000
    for at, probe in ((0, False), (1, False), (hour - 1, False), (hour, True), (hour + 1, True), (-1, True), (-hour, True)):
        world = World(pen, f"a sample {at} ms old")
        world.take(world.sign())
        world.sign(POST, at=at, stated={"probe": probe})
        world.sign(GET, at=at, stated={"probe": False})
        world.sign(POST, at=at, trust_clock=True, stated={"probe": False})
        world.done()
    world = World(pen, "the age counts from the last authentic answer's arrival")
    world.take(world.sign())
    world.take(world.sign(at=1_000), at=hour - 1)
    world.sign(POST, at=hour + 5, stated={"probe": False})
    world.sign(POST, at=2 * hour - 1, stated={"probe": True})
    world.done()
    world = World(pen, "a refusal brings a sample too")
    world.take(world.sign(), 7, want="busy", status=503)
    world.sign(POST, at=hour - 1, stated={"probe": False})
    world.done()
    world = World(pen, "an answer that arrived before it was asked for brings none")
    of = world.sign(at=10)
    world.take(of, at=9, ts=50, stated={"offset_ms": None})
    world.sign(POST, at=10, stated={"probe": True})
    world.done()
    world = World(pen, "sent and received in one millisecond is a sample")
    world.take(world.sign(at=10), at=10, ts=500, stated={"offset_ms": 490})
    world.sign(POST, at=10, stated={"probe": False})
    world.done()


def clock(pen):
    def life(name, *exchanges):
        world = World(pen, name)
        for sent, received, service, offset in exchanges:
            world.take(world.sign(at=sent), at=received, ts=service, stated={"offset_ms": offset})
        world.sign(at=100_000)
        world.done()

    life("offset: the first sample is lo", (0, 100, 50, -50))
    life("offset: a smaller lo changes nothing", (0, 100, 50, -50), (200, 400, 260, -50))
    life("offset: a greater lo raises it", (0, 100, 50, -50), (200, 220, 210, -10))
    life("offset: above hi it falls to lo", (0, 0, 1_000, 1_000), (100, 200, 1_050, 850))
    life("offset: equal to hi it stays", (0, 0, 1_000, 1_000), (100, 200, 1_100, 1_000))
    life("offset: 1 ms above hi it falls", (0, 0, 1_000, 1_000), (100, 200, 1_099, 899))
    life("offset: a service 15 hours ahead", (0, 80, 54_000_040, 53_999_960), (100, 140, 54_000_121, 53_999_981))
    life("offset: a service 15 hours behind", (0, 80, -54_000_000, -54_000_080), (100, 140, -53_999_881, -54_000_021))
    life("offset: received before sent changes nothing", (0, 10, 5, -5), (100, 99, 9_000, -5), (200, 210, 207, -3))
    life("offset: many in a row", (0, 90, 60, -30), (100, 130, 120, -10), (200, 500, 350, -10), (600, 620, 605, -10), (700, 701, 700, -1))
    world = World(pen, "ts is never below 1")
    of = world.sign()
    world.take(of, 1, at=10, ts=-pen.now, want="stale", status=401, stated={"resend": True})
    world.sign(at=10)
    world.sign(at=0)
    world.sign(at=20)
    world.done()
    world = World(pen, "a clock at the epoch")
    world.now = 0
    world.sign(stated={"probe": False})
    world.sign(at=1)
    world.sign(POST, trust_clock=True)
    world.done()


def rolling(pen):
    for ttl, at, want in ((600, 299_999, False), (600, 300_000, True), (600, 300_001, True), (1, 0, False), (1, 499, False), (1, 500, True), (7, 3_499, False), (7, 3_500, True)):
        world = World(pen, f"ttl {ttl} s, {at} ms old: WANT is {want}")
        world.now = pen.now // 1000 * 1000
        world.ready(ttl=ttl)
        of = world.sign(at=at)
        assert RequestToki.parse(world.signed[of]["toki"]).want == want
        if want:
            exp = (world.now + at) // 1000 + ttl
            fresh = world.grant(of, exp, ttl)
            world.take(of, at=at, grant=fresh, stated={"grant_error": None})
            world.sign(at=at, stated={"grant": fresh if exp >= world.now // 1000 + ttl else None})
        world.done()
    world = World(pen, "a session issued ahead of the clock does not want")
    world.now = pen.now // 1000 * 1000
    of = world.sign()
    world.take(of, grant=world.grant(of, world.now // 1000 + 602))
    world.sign()
    world.done()
    for at, live in ((-1, True), (0, True), (1, False)):
        world = World(pen, f"a session judged at exp {at:+} ms")
        world.now = pen.now // 1000 * 1000
        grant = world.ready(ttl=100)
        world.sign(at=100_000 + at, stated={"grant": grant if live else None})
        world.done()
    world = World(pen, "exp is judged by the corrected clock")
    world.now = pen.now // 1000 * 1000
    of = world.sign()
    grant = world.grant(of, world.now // 1000 + 100 + 3_600, 100)
    world.take(of, ts=3_600_000, grant=grant, stated={"offset_ms": 3_600_000})
    world.sign(at=100_000, stated={"grant": grant})
    world.sign(at=100_001, stated={"grant": None})
    world.done()
    world = World(pen, "a lost answer loses nothing: the old session goes on, then the root")
    world.now = pen.now // 1000 * 1000
    grant = world.ready(ttl=100)
    for at in (60_000, 80_000, 100_000):
        world.sign(at=at, stated={"grant": grant})
    world.sign(at=100_001, stated={"grant": None})
    world.done()
    world = World(pen, "requests in flight finish under their own session")
    world.now = pen.now // 1000 * 1000
    world.ready(ttl=100)
    first, second = world.sign(at=60_000), world.sign(at=60_001)
    fresh = world.grant(first, world.now // 1000 + 160, 100)
    world.take(first, at=60_010, grant=fresh, stated={"grant_error": None})
    third = world.sign(at=60_020, stated={"grant": fresh})
    world.take(second, at=60_030)
    world.take(third, at=60_040)
    world.done()


def choosing(pen):
    def two(name, first, second, newest):
        world = World(pen, name)
        world.now = pen.now // 1000 * 1000
        asked = [world.sign(at=0), world.sign(at=1)]
        grants = [world.grant(of, world.now // 1000 + exp, 600) for of, exp in zip(asked, (first, second))]
        for of, grant in zip(asked, grants):
            world.take(of, at=5, grant=grant, stated={"grant_error": None})
        world.sign(at=6, stated={"grant": grants[newest]})
        world.sign(at=min(first, second) * 1000 + 1, stated={"grant": grants[newest] if first != second else None})
        world.done()

    two("the newest grant: greatest exp, adopted last", 500, 600, 1)
    two("the newest grant: greatest exp, adopted first", 600, 500, 0)
    two("the newest grant: equal exp, adopted last", 600, 600, 1)
    world = World(pen, "grants adopted in the order of their answers, not of their requests")
    world.now = pen.now // 1000 * 1000
    first, second = world.sign(), world.sign(at=1)
    late, early = world.grant(first), world.grant(second)
    world.take(second, at=5, grant=early)
    world.take(first, at=9, grant=late)
    world.sign(at=10, stated={"grant": late})
    world.done()
    world = World(pen, "a refusal's grant: a root's WANT at code 1")
    of = world.sign()
    grant = world.grant(of)
    world.take(of, 1, want="stale", status=401, grant=grant, stated={"resend": True})
    world.sign(resend_of=of, stated={"grant": grant})
    world.done()


def dropped(pen):
    stranger = pen.key_of(secret=pen.rng.randbytes(32))
    for how, exp, change, adopted in (
        ("good", 600, {}, True), ("of another kid", 600, {"key": stranger}, False), ("of another generation", 600, {"key": pen.key_of(generation=1)}, False),
        ("of another request", 600, {"tag": bytes(16)}, False), ("with ttl 0", 1, {"ttl": 0}, False), ("with ttl 1", 1, {"ttl": 1}, True), ("over at r.ts", 0, {}, False),
        ("over before r.ts", -1, {}, False), ("2 s longer than its ttl", 602, {}, True), ("3 s longer than its ttl", 603, {}, False), ("without end", 2**32 - 1 - pen.now // 1000, {}, False),
    ):
        world = World(pen, f"a grant {how}")
        world.now = pen.now // 1000 * 1000
        of = world.sign()
        grant = world.grant(of, world.now // 1000 + exp, **change)
        world.take(of, grant=grant, body_hex="7b7d", stated={"grant_error": None if adopted else "bad_grant", "code": 0})
        world.sign(stated={"grant": grant if adopted else None})
        world.sign(POST, stated={"probe": False})
        world.done()
    world = World(pen, "a grant that nobody wanted")
    live = world.ready()
    of = world.sign()
    world.take(of, grant=world.grant(of, pen.now // 1000 + 601), stated={"grant_error": "bad_grant"})
    world.sign(stated={"grant": live})
    world.done()
    world = World(pen, "a salt under another tag: the answer of one request, the grant of its twin")
    first, second = world.sign(), world.sign()
    world.take(first, grant=world.grant(second), stated={"grant_error": "bad_grant"})
    world.done()
    world = World(pen, "the whole second of r.ts counts")
    world.now = pen.now // 1000 * 1000
    of = world.sign()
    world.take(of, at=999, grant=world.grant(of, world.now // 1000 + 603), stated={"grant_error": "bad_grant"})
    of = world.sign(at=1_000)
    world.take(of, at=1_000, grant=world.grant(of, world.now // 1000 + 603), stated={"grant_error": None})
    world.done()


def used_up(pen):
    for how, code, want in (("good", 0, "ok"), ("a refusal", 7, "busy")):
        world = World(pen, f"accept twice, the first was {how}")
        of = world.sign()
        arrived = world.answer(of, code, ts=30)
        world.accept(of, arrived, want, at=40)
        world.accept(of, arrived, "replayed", at=40, told=())
        world.accept(of, world.answer(of, 0, ts=9_000), "replayed", at=40, told=())
        world.sign(at=50)  # its ts shows that the clock stood
        world.done()
    for how, arrived, want in (("missing", {"status": 502}, "missing"), ("malformed", {"status": 200, "toki": "ot2.IgAB"}, "malformed")):
        world = World(pen, f"accept twice, the first was {how}")
        of = world.sign()
        world.accept(of, arrived, want)
        world.accept(of, world.answer(of), "replayed", told=())
        world.sign(POST, stated={"probe": True})
        world.done()
    world = World(pen, "accept twice, the first was forged: the right one comes too late")
    of = world.sign()
    good = world.answer(of, ts=30)
    world.accept(of, good | {"toki": flipped(good["toki"], "ot2.", 24, 0)}, "bad_mac", at=40)
    world.accept(of, good, "replayed", at=41, told=())
    world.sign(at=50)
    world.sign(POST, at=50, stated={"probe": True})
    world.done()
    world = World(pen, "a second accept takes no grant")
    of = world.sign()
    world.take(of)
    world.accept(of, world.answer(of, grant=world.grant(of)), "replayed", told=())
    world.sign(stated={"grant": None})
    world.done()


def not_authentic(pen):
    for request, trust in ((GET, False), (POST, True)):
        kind = request["method"]

        def refused(name, arrived, want):
            world = World(pen, f"{kind}: {name}")
            of = world.sign(request, trust_clock=trust, stated={"probe": False})
            world.accept(of, arrived(world, of), want, at=20, resend=False, may_have_run=True, signed=False)
            world.sign(request, at=30, trust_clock=trust)  # neither clock nor keys moved
            world.sign(POST, at=30, stated={"probe": True})
            world.done()

        def changed(**change):
            return lambda world, of: world.answer(of, ts=9_000, body_hex="7b7d", grant=world.grant(of)) | change

        refused("an unsigned 401", lambda w, of: {"status": 401}, "missing")
        refused("an unsigned 401 with a body", lambda w, of: {"status": 401, "body_hex": "00"}, "missing")
        refused("an unsigned 503", lambda w, of: {"status": 503}, "missing")
        refused("an unsigned 200", lambda w, of: {"status": 200, "body_hex": "7b7d"}, "missing")
        refused("a grant and no toki", lambda w, of: {"status": 200, "grant": w.grant(of)}, "missing")
        refused("an empty toki", changed(toki=""), "malformed")
        refused("an answer whose grant was taken away", changed(grant=None), "malformed")
        refused("an answer whose body was taken away", changed(body_hex=""), "malformed")
        refused("an answer with an ext nobody signed", changed(ext_hex="00"), "malformed")
        refused("an answer with another body", changed(body_hex="7b7e"), "bad_mac")
        refused("an answer with another status", changed(status=500), "bad_mac")
        refused("a v1 answer", changed(toki="3210000359271|" + "ab" * 32 + "|0123456789abcde"), "malformed")
        refused("a grant with padding", lambda w, of: (a := w.answer(of, grant=w.grant(of))) | {"grant": a["grant"] + "="}, "malformed")
        refused("another grant", lambda w, of: w.answer(of, grant=w.grant(of)) | {"grant": w.grant(of)}, "bad_mac")
        refused("a grant nobody signed", lambda w, of: w.answer(of) | {"grant": w.grant(of)}, "malformed")
        refused("its own toki come back", lambda w, of: {"status": 200, "toki": w.signed[of]["toki"]}, "malformed")
        refused("code 1 by somebody else", lambda w, of: {"status": 401, "toki": flipped(w.answer(of, 1, status=401)["toki"], "ot2.", 9, 0)}, "bad_mac")
        refused("a signed 7 made a signed 1", lambda w, of: (a := w.answer(of, 7, status=401)) | {"toki": flipped(flipped(a["toki"], "ot2.", 2, 1), "ot2.", 2, 2)}, "bad_mac")
        refused("an answer in quotes", lambda w, of: (a := w.answer(of)) | {"toki": f'"{a["toki"]}"'}, "malformed")
        refused("two answers in one", lambda w, of: (a := w.answer(of)) | {"toki": f'{a["toki"]}, {a["toki"]}'}, "malformed")
        refused("a service's other key", lambda w, of: {"status": 200, "toki": forge(w.pen, {"request_toki": w.pen.mint(GET)}, b"\x22\0\0" + be(48, pen.now, ""))}, "bad_mac")


def unsigned_content(pen):
    for code, name, ran in ((0, "policy", True), (1, "stale", True), (3, "grant_expired", False), (4, "revoked", True), (5, "body_mismatch", False), (6, "policy", False), (7, "busy", True)):
        world = World(pen, f"content beside BODY 0, code {code}")
        of = world.sign()
        grant = world.grant(of) if code < 2 else None
        arrived = world.answer(of, code, ts=30, grant=grant) | {"body_hex": "7b7d"}
        world.accept(of, arrived, name, at=40, may_have_run=ran, signed=True, resend=code == 1)
        world.sign(at=50, stated={"grant": grant})  # clock and grant were taken
        world.sign(POST, at=50, stated={"probe": False})
        world.done()


def unsignable(pen):
    world = World(pen, "what can't be signed, by a client that knows its clock")
    world.ready()
    for change in (
        {"method": "get"}, {"method": ""}, {"method": "CONNECT"}, {"authority": ""}, {"authority": f"u@{API}"}, {"authority": f"{API}:0"}, {"target": ""}, {"target": "v1"}, {"target": "/a#b"},
        {"target": "*"}, {"target": "http://api.example.com/"}, {"target": "/é"},
    ):
        world.sign(POST | change, "unsignable")
    world.sign(POST, stated={"probe": False})
    world.done()
    world = World(pen, "what can't be signed is not probed for either")
    for change in ({"method": "post"}, {"method": "CONNECT"}, {"target": "/a b"}, {"target": "*"}, {"authority": "a b"}):
        world.sign(POST | change, "unsignable")
    world.done()
