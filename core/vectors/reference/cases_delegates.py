"""Section 7: a client that was handed one session, and nothing else."""

from cases_answers import forge
from cases_client import World
from cases_requests import GET, POST
from toki import RequestToki
from wire import be, mac, parse_text, print_text


def write(pen):
    delegates(pen)
    delegates_and_time(pen)


def handed_out(pen, exp, ttl=600):
    """(the members that make a delegate, its grant)."""
    grant = pen.grant(exp, ttl, tag=pen.rng.randbytes(16))
    raw = parse_text("ok2.", grant)
    return {"delegated": print_text("oz2.", raw + mac(pen.key.use("key"), raw))}, grant


def delegates(pen):
    second = pen.now // 1000
    given, grant = handed_out(pen, second + 300)
    world = World(pen, "a delegate signs with its session and never wants", given)
    for at in (0, 100_000, 250_000, (second + 300) * 1000 - pen.now):
        of = world.sign(at=at, stated={"probe": False, "grant": grant})
        assert not RequestToki.parse(world.signed[of]["toki"]).want
        world.take(of, at=at)
    world.done()
    world = World(pen, "a delegate probes before an unsafe request, in its session", given)
    of = world.sign(POST, stated={"probe": True, "grant": grant})
    assert not RequestToki.parse(world.signed[of]["toki"]).want
    world.take(of, 1, at=20, ts=10, status=204, stated={"offset_ms": -10})
    of = world.sign(POST, at=30, stated={"probe": False, "grant": grant})
    world.take(of, at=60, body_hex="00")
    world.done()
    world = World(pen, "a delegate that trusts its clock", given)
    world.sign(POST, trust_clock=True, stated={"probe": False, "grant": grant})
    world.done()
    world = World(pen, "a delegate's resend", given)
    of = world.sign()
    world.take(of, 1, want="stale", status=401, stated={"resend": True})
    of = world.sign(resend_of=of)
    world.take(of, 2, want="replayed", status=409, stated={"resend": False})
    world.done()
    world = World(pen, "a delegate's POST is not resent", given)
    of = world.sign(POST, trust_clock=True)
    world.take(of, 1, want="stale", status=401, stated={"resend": False, "may_have_run": True})
    world.done()
    for code, name, ran in ((3, "grant_expired", False), (4, "revoked", True), (6, "policy", False), (7, "busy", True)):
        world = World(pen, f"a delegate hears a signed {code}", given)
        world.take(world.sign(), code, want=name, status=403, stated={"may_have_run": ran, "signed": True})
        world.done()
    world = World(pen, "a delegate's answer by the root's key", given)
    of = world.sign()
    toki = forge(pen, {"request_toki": world.signed[of]["toki"]}, b"\x22\0\0" + be(48, pen.now, ""))
    world.accept(of, {"status": 200, "toki": toki}, "bad_mac", signed=False, may_have_run=True)
    world.done()
    world = World(pen, "a delegate takes no grant", given)
    of = world.sign()
    arrived = world.answer(of, grant=world.grant(of, second + 900))
    world.sequence.step("accept", {"of": of, "now_ms": pen.now} | arrived, told=("code", "offset_ms", "sid_hex"))
    world.sign(stated={"grant": grant})
    world.done()
    world = World(pen, "a delegate: no toki, a forged one, and one twice", given)
    world.accept(world.sign(), {"status": 401}, "missing", signed=False, may_have_run=True, resend=False)
    of = world.sign()
    world.accept(of, world.answer(of) | {"status": 201}, "bad_mac", signed=False, resend=False)
    world.accept(of, world.answer(of), "replayed", told=())
    world.done()


def delegates_and_time(pen):
    second = pen.now // 1000
    now = second * 1000
    given, grant = handed_out(pen, second + 60)
    for request in (GET, POST):
        kind = request["method"]
        world = World(pen, f"a delegate whose grant looks over, without a sample, {kind}: a probe, then the answer to whether it is", given)
        world.now = now
        of = world.sign(request, at=100_000, stated={"probe": True, "grant": grant})
        world.take(of, 1, at=100_020, ts=10, status=204, stated={"offset_ms": -100_010})
        world.sign(request, at=100_030, stated={"probe": False, "grant": grant})
        world.sign(request, "grant_expired", at=160_011)
        world.done()
        world = World(pen, f"a delegate whose grant is over indeed, {kind}", given)
        world.now = now
        of = world.sign(request, at=100_000, stated={"probe": True})
        world.take(of, 1, at=100_020, ts=100_010, status=204)
        world.sign(request, "grant_expired", at=100_030)
        world.done()
        world = World(pen, f"a delegate whose grant is over, that trusts its clock, {kind}", given)
        world.now = now
        world.sign(request, at=60_000, trust_clock=True, stated={"probe": False})
        world.sign(request, "grant_expired", at=60_001, trust_clock=True)
        world.done()
    world = World(pen, "a delegate with a sample, at its grant's end", given)
    world.now = now
    world.take(world.sign())
    world.sign(at=60_000, stated={"probe": False})
    world.sign(GET, "grant_expired", at=60_001)
    world.sign(POST, "grant_expired", at=60_001)
    world.sign(POST, "grant_expired", at=60_001, trust_clock=True)
    world.sign(POST, at=59_999, stated={"probe": False})
    world.done()
    world = World(pen, "a delegate without a sample, at its grant's end", given)
    world.now = now
    world.sign(at=60_000, stated={"probe": False})
    world.sign(at=60_001, stated={"probe": True})
    world.done()
    world = World(pen, "a failed probe leaves a delegate where it was", given)
    world.now = now
    world.accept(world.sign(at=100_000, stated={"probe": True}), {"status": 401}, "missing", at=100_010, told=("may_have_run", "signed"), may_have_run=False)
    world.sign(at=100_020, stated={"probe": True})
    world.done()
