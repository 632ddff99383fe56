"""The two ops that have a memory: `service` and `client`. Their steps are checked one by one."""

import ops
from client import Client
from fields import names
from ops import KEY, REQUEST, Given, check_members, op
from service import Service
from wire import Refusal

SERVICE_STEPS = {"ticket": ops.ticket_step, "message": ops.message_step, "url": ops.url_step, "verify": ops.verify_step}
for step, verify in {"ticket": "ticket", "message": "message", "url": "url", "verify": "toki"}.items():
    ops.MEMBERS[f"service: {step}"] = ops.MEMBERS[f"{verify}.verify"]
ops.MEMBERS |= {
    "service: revoke_key": {"kid_hex", "now_ms"},
    "service: revoke_session": {"kid_hex", "sid_hex", "now_ms"},
    "service: revoke_issued_before": {"kid_hex", "before_s", "now_ms"},
    "client: sign": set((REQUEST + "now_ms repeatable trust_clock resend_of nonce_hex").split()),
    "client: accept": set("of now_ms status toki grant ext_hex body_hex body_sha256_hex".split()),
}


class Sequence:
    """A construction that worked, and what each of its steps gives."""

    def __init__(self, take):
        self.take = take


@op("service", "keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps")
def service(given):
    if given["memory"] not in (None, "local"):
        raise ops.Unknown(f"memory {given['memory']}")
    held = [Given(key) for key in given["keys"]]
    for key in held:
        for member in key:
            if member not in KEY.split():
                raise ops.Unknown(f"member {member}")
    built = Service(
        [key.key("malformed") for key in held],
        names(given["authorities"] or []),
        given["start_ms"],
        30_000 if given["window_ms"] is None else given["window_ms"],
        600 if given["max_ttl_s"] is None else given["max_ttl_s"],
        given["first_start"] is not False,
        given["capacity"],
    )

    def take(_, do, members):
        check_members(f"service: {do}", members)
        members = Given(members)
        if do in SERVICE_STEPS:
            return SERVICE_STEPS[do](built, members)
        if do == "revoke_key":
            built.revoke_key(members.hex("kid_hex"))
        elif do == "revoke_session":
            built.revoke_session(members.hex("kid_hex"), members.hex("sid_hex"))
        else:
            built.revoke_issued_before(members.hex("kid_hex"), members["before_s"])
        return {}

    return Sequence(take)


@op("client", KEY + "delegated steps")
def client(given):
    built = Client(None, given["delegated"]) if given["delegated"] is not None else Client(given.key("unsignable"))
    signed = {}

    def sign(index, members):
        try:
            pending, grant = built.sign(
                members.request(),
                members["now_ms"],
                members.hex("nonce_hex"),
                bool(members["repeatable"]),
                bool(members["trust_clock"]),
                members["resend_of"] is not None,
            )
        except Refusal as refusal:
            return {"error": refusal.name, "may_have_run": False, "signed": False, "resend": False}
        signed[index] = pending
        return {"probe": pending.probe, "toki": pending.toki.text(), "grant": grant.text() if grant else None}

    def take(index, do, members):
        check_members(f"client: {do}", members)
        members = Given(members)
        if do == "sign":
            return sign(index, members)
        return built.accept(signed[members["of"]], members["toki"], members.answer(), members["now_ms"])

    return Sequence(take)
