#!/usr/bin/env python3
"""vectors.py FILE...: runs files in the format of spec/vectors.md through the public API of the installed `oscartoki`.

Prints `FAIL <file>: <name>: got …, want …` for each failing case, then the tally. Exit 1: a case failed; 2: a file can't be read.
"""

import json
import sys

import oscartoki
from oscartoki import AudienceKey, Client, Keyring, MemoryReplayLog, OscarError, PendingBody, Refusal, Secret, Service, Session, hazmat, socktopus, tcx, v1
from oscartoki.errors import Malformed, Unsignable

KEY = "secret_hex audience_key audience generation "
REQUEST = "method authority target ext_hex body_hex body_sha256_hex "
ANSWER = "status grant ext_hex body_hex body_sha256_hex "
CARRIED = {"message": "destination type ext_hex body_hex body_sha256_hex toki", "ticket": "ticket origin", "url": "method authority target ext_hex"}
OPS = {}


class Unknown(Exception):
    """A member or an op that the page does not name: a failing case, never a skip."""


class Given(dict):
    """The `in` of a case or step; absent and null are both "not given"."""

    def __missing__(self, _):
        return None

    def hex(self, name):
        return bytes.fromhex(self[name] or "")

    def opt_hex(self, name):
        return None if self[name] is None else bytes.fromhex(self[name])

    def text(self, name):
        return self[name] or ""

    def content(self):
        """As keyword arguments: the body, or its digest."""
        digest = self.opt_hex("body_sha256_hex")
        return {"body": None if digest is not None else self.hex("body_hex"), "digest": digest}

    def request(self):
        return {"method": self.text("method"), "authority": self.text("authority"), "target": self.text("target"),
                "ext": self.hex("ext_hex"), **self.content()}  # fmt: skip

    def audience(self):
        if self["audience"] is not None:
            return self["audience"]
        return oscartoki.normalise_authority(self.text("authority"))

    def key(self, error=Malformed):
        """`error` is the class for what can't be a key's audience or generation."""
        if self["audience_key"] is not None:
            return AudienceKey(self["audience_key"])
        try:
            return Secret.from_bytes(self.hex("secret_hex")).audience_key(self.audience(), self["generation"] or 0)
        except (Unsignable, Malformed) as refusal:
            raise error(str(refusal)) from None

    def fresh_service(self):
        key, names = self.key(), []
        audience = self.text("audience")
        try:
            oscartoki.normalise_authority(audience)
            names = [audience]
        except OscarError:
            pass
        return service_of([key], names, self["now_ms"], audience=audience or "audience")


def service_of(keys, names, now_ms, audience, **options):
    ring = Keyring(audience)
    for key in keys:
        ring.add(key)
    capacity = options.pop("capacity", None)
    memory = MemoryReplayLog(1 << 14) if capacity is None else MemoryReplayLog(capacity, exact=True)
    options = {"first_start": True, "empty_query_hidden": False, **options}
    return Service(authorities=names, keyring=ring, memory=memory, now_ms=now_ms, **options)


def op(name, members):
    def register(run):
        OPS[name] = run, set(members.split())
        return run

    return register


def evaluate(name, given):
    if name not in OPS:
        raise Unknown(f"op {name}")
    run, members = OPS[name]
    for member in given:
        if member not in members:
            raise Unknown(f"member {member}")
    return run(Given(given))


# ---- keys ----


@op("key.derive", "secret_hex secret audience generation")
def key_derive(given):
    secret = Secret(given["secret"]) if given["secret"] is not None else Secret.from_bytes(given.hex("secret_hex"))
    key = secret.audience_key(given.text("audience"), given["generation"] or 0)
    raw = oscartoki.hazmat.expose(key)
    return {"secret": secret.to_text(), "kid_hex": key.kid.hex(), "audience_key": key.to_text(), "audience_key_hex": raw.hex()}


@op("key.parse", "text kind")
def key_parse(given):
    kinds = {"secret": Secret, "audience_key": AudienceKey, "session": Session}
    if given["kind"] not in kinds:
        raise Unknown(f"kind {given['kind']}")
    return {"text": kinds[given["kind"]](given.text("text")).to_text()}


# ---- requests and answers ----


@op("toki.mint", KEY + REQUEST + "ts_ms nonce_hex want grant")
def toki_mint(given):
    key = given.key(Unsignable)
    request = given.request()
    return {"toki": hazmat.mint_request(key, **request, ts_ms=given["ts_ms"], nonce=given.hex("nonce_hex"), want=bool(given["want"]), grant=given["grant"])}


@op("toki.verify", KEY + REQUEST + "now_ms toki grant finish_body_hex")
def toki_verify(given):
    return verify_step(given.fresh_service(), given)


def verify_step(service, given):
    verdict = service.verify(**given.request(), toki=given["toki"], grant=given["grant"], now_ms=given["now_ms"])
    if isinstance(verdict, PendingBody):
        arrived = given.opt_hex("finish_body_hex")
        verdict = verdict.finish(digest=given.hex("body_sha256_hex")) if arrived is None else verdict.finish(arrived)
    if isinstance(verdict, Refusal):
        verdict.raise_for_refusal()
    sid = verdict.sid
    return {"kid_hex": verdict.kid.hex(), "sid_hex": sid and sid.hex(), "ts_ms": verdict.ts_ms, "nonce_hex": verdict.nonce.hex(), "want": verdict.want}


@op("grant.mint", KEY + "request_toki sid_hex exp_s ttl_s")
def grant_mint(given):
    key = given.key(Unsignable)
    return {"grant": hazmat.mint_grant(key, given.text("request_toki"), sid=given.hex("sid_hex"), exp_s=given["exp_s"], ttl_s=given["ttl_s"])}


@op("answer.mint", KEY + ANSWER + "session_grant request_toki code ts_ms")
def answer_mint(given):
    key = given.key(Unsignable)
    toki = hazmat.mint_answer(
        key, given.text("request_toki"), given["status"], code=given["code"], ts_ms=given["ts_ms"], session_grant=given["session_grant"],
        grant=given["grant"], ext=given.hex("ext_hex"), **given.content(),
    )  # fmt: skip
    return {"toki": toki}


@op("answer.verify", KEY + ANSWER + "session_grant request_toki toki")
def answer_verify(given):
    judged = hazmat.accept(
        given.key(), given.text("request_toki"), given["status"], toki=given["toki"], grant=given["grant"],
        session_grant=given["session_grant"], ext=given.hex("ext_hex"), **given.content(),
    )  # fmt: skip
    sid = judged.adopted_sid
    return {"code": judged.code, "ts_ms": judged.ts_ms, "sid_hex": sid and sid.hex()}


# ---- messages, URLs, tickets ----


@op("message.mint", KEY + "destination type ext_hex body_hex body_sha256_hex ts_ms nonce_hex ttl_s")
def message_mint(given):
    key, content = given.key(Unsignable), given.content()
    toki = hazmat.mint_message(
        key, given.text("destination"), given.text("type"), content["body"] or b"", digest=content["digest"], ts_ms=given["ts_ms"],
        nonce=given.hex("nonce_hex"), ttl_s=given["ttl_s"], ext=given.hex("ext_hex"),
    )  # fmt: skip
    return {"toki": toki}


def message_step(service, given):
    content = given.content()
    made = service.verify_message(
        given.text("destination"), given.text("type"), content["body"] or b"", given["toki"], digest=content["digest"],
        ext=given.hex("ext_hex"), now_ms=given["now_ms"],
    )  # fmt: skip
    return {"kid_hex": made.kid.hex(), "ts_ms": made.ts_ms, "ttl_s": made.ttl_s, "verdict": made.freshness}


@op("url.mint", KEY + "method authority target ext_hex exp_ms")
def url_mint(given):
    key = given.key(Unsignable)
    return {"target": hazmat.mint_url(key, given.text("method"), given.text("authority"), given.text("target"), exp_ms=given["exp_ms"], ext=given.hex("ext_hex"))}


def url_step(service, given):
    made = service.verify_url(given.text("method"), given.text("authority"), given.text("target"), ext=given.hex("ext_hex"), now_ms=given["now_ms"])
    return {"kid_hex": made.kid.hex(), "exp_ms": made.exp_ms}


@op("ticket.mint", KEY + "connection_hex origin ts_ms nonce_hex")
def ticket_mint(given):
    key = given.key(Unsignable)
    return {"ticket": hazmat.mint_ticket(key, given.hex("connection_hex"), ts_ms=given["ts_ms"], nonce=given.hex("nonce_hex"), origin=given["origin"])}


def ticket_step(service, given):
    made = service.verify_ticket(given["ticket"], origin=given["origin"], now_ms=given["now_ms"])
    return {"kid_hex": made.kid.hex(), "connection_hex": made.connection.hex(), "ts_ms": made.ts_ms}


STEPS = {"verify": verify_step, "message": message_step, "url": url_step, "ticket": ticket_step}
for name, members in CARRIED.items():
    op(f"{name}.verify", KEY + members + " now_ms")(lambda given, step=STEPS[name]: step(given.fresh_service(), given))


# ---- OscarToki v1 ----


@op("v1.mint", "key now_ms")
def v1_mint(given):
    return {"toki": v1.Key(given.text("key")).mint(now_ms=given["now_ms"])}


@op("v1.verify", "key toki now_ms dialect")
def v1_verify(given):
    return {"ts_ms": v1.Key(given.text("key")).verify(given.text("toki"), dialect=given["dialect"] or "any", now_ms=given["now_ms"])}


@op("v1.tokikey.mint", "key toki now_ms")
def v1_tokikey_mint(given):
    return {"tokikey": v1.Key(given.text("key")).mint_tokikey(given.text("toki"), now_ms=given["now_ms"])}


@op("v1.tokikey.verify", "key toki tokikey now_ms dialect")
def v1_tokikey_verify(given):
    v1.Key(given.text("key")).verify_tokikey(given.text("toki"), given.text("tokikey"), dialect=given["dialect"] or "any", now_ms=given["now_ms"])
    return {}


# ---- TCX ----


@op("tcx.pass.mint", "mode params datetime app_public client_token dialect")
def tcx_pass_mint(given):
    return {"app_pass": tcx_pass(given).mint(given.text("client_token"), dialect=given["dialect"] or "documented")}


@op("tcx.pass.verify", "mode params datetime app_public app_pass now_ms strict")
def tcx_pass_verify(given):
    strict = True if given["strict"] is None else given["strict"]
    found = tcx_pass(given).verify(given.text("app_pass"), strict=strict, now_ms=given["now_ms"])
    return {"client_token": found.client_token, "dialect": found.dialect}


def tcx_pass(given):
    return tcx.Pass(given.text("app_public"), mode=given["mode"] or "none", params=given["params"], datetime=given["datetime"])


@op("tcx.headers", "type app_id app_pass token")
def tcx_headers(given):
    return {"headers": tcx.headers(given.text("type"), given.text("app_id"), given.text("app_pass"), given["token"])}


@op("tcx.verdict", "code table route")
def tcx_verdict(given):
    return tcx.verdict(given.text("code"), table=given["table"] or "documented", route=given["route"] or "call").to_dict()


# ---- Socktopus ----


@op("socktopus.mint", "secret app connection ts_ms")
def socktopus_mint(given):
    return {"token": socktopus.Token.mint(given.text("secret"), given.text("app"), given.text("connection"), ts_ms=given["ts_ms"])}


@op("socktopus.verify", "secrets token now_ms")
def socktopus_verify(given):
    found = socktopus.Token.verify(given["secrets"] or {}, given.text("token"), now_ms=given["now_ms"])
    return {"app": found.app, "connection": found.connection, "ts_ms": found.ts_ms}


# ---- the two operations with steps ----


class Sequence:
    """A construction that worked, and what each of its steps gives."""

    members = {}

    def take(self, index, do, given):
        allowed = self.members.get(do)
        if allowed is None:
            raise Unknown(f"step {do}")
        for member in given:
            if member not in allowed.split():
                raise Unknown(f"member {member}")
        return getattr(self, "do_" + do)(index, Given(given))


class ServiceSteps(Sequence):
    members = {
        "verify": REQUEST + "now_ms toki grant finish_body_hex", "revoke_key": "kid_hex now_ms", "revoke_session": "kid_hex sid_hex now_ms",
        "revoke_issued_before": "kid_hex before_s now_ms", **{do: KEY + members + " now_ms" for do, members in CARRIED.items()},
    }  # fmt: skip

    def __init__(self, given):
        if given["memory"] not in (None, "local"):
            raise Unknown(f"memory {given['memory']}")
        held = [Given(key) for key in given["keys"] or []]
        for key in held:
            for member in key:
                if member not in KEY.split():
                    raise Unknown(f"member {member}")
        keys = [key.key() for key in held]
        names = {"window_ms": given["window_ms"], "max_ttl_s": given["max_ttl_s"], "first_start": given["first_start"], "capacity": given["capacity"]}
        options = {name: option for name, option in names.items() if option is not None}
        audience = next((key["audience"] for key in held if key["audience"]), "audience")
        self.service = service_of(keys, given["authorities"] or [], given["start_ms"] or 0, audience, **options)
        for do, step in STEPS.items():
            setattr(self, "do_" + do, lambda _, given, step=step: step(self.service, given))

    def do_revoke_key(self, _, given):
        self.service.revoke_key(given.hex("kid_hex"))
        return {}

    def do_revoke_session(self, _, given):
        self.service.revoke_session(given.hex("kid_hex"), given.hex("sid_hex"))
        return {}

    def do_revoke_issued_before(self, _, given):
        self.service.revoke_issued_before(given.hex("kid_hex"), given["before_s"])
        return {}


class ClientSteps(Sequence):
    members = {"sign": REQUEST + "now_ms repeatable trust_clock resend_of nonce_hex",
               "accept": "of now_ms status toki grant ext_hex body_hex body_sha256_hex"}  # fmt: skip

    def __init__(self, given):
        if given["delegated"] is not None:
            self.client = Client(session=given["delegated"])
        else:
            self.client = Client(audience_key=given.key(Unsignable))
        self.signed = {}

    def do_sign(self, index, given):
        try:
            signed = hazmat.sign(
                self.client, **given.request(), nonce=given.hex("nonce_hex"), now_ms=given["now_ms"], repeatable=bool(given["repeatable"]),
                trust_clock=bool(given["trust_clock"]), resend=given["resend_of"] is not None,
            )  # fmt: skip
        except OscarError as error:
            return {"error": error.name, "may_have_run": error.may_have_run, "signed": error.signed, "resend": False}
        self.signed[index] = signed
        return {"probe": signed.is_probe, "toki": signed.toki, "grant": signed.grant}

    def do_accept(self, _, given):
        outcome = hazmat.accept_signed(
            self.client, self.signed[given["of"]], given["status"], toki=given["toki"], grant=given["grant"], now_ms=given["now_ms"],
            ext=given.hex("ext_hex"), **given.content(),
        )  # fmt: skip
        sid = outcome.adopted_sid
        said = {"resend": outcome.resend, "offset_ms": outcome.offset_ms, "sid_hex": sid and sid.hex(), "code": outcome.code,
                "grant_error": outcome.grant_error, "may_have_run": outcome.may_have_run, "signed": outcome.signed}  # fmt: skip
        return {**said, "error": outcome.name} if outcome.name else said


op("service", "keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps")(ServiceSteps)
op("client", KEY + "delegated steps")(ClientSteps)


# ---- judging ----


def agrees(expect, got):
    if "ok" in expect:
        wanted = expect["ok"] or {}
        return set(expect) == {"ok"} and "error" not in got and all(got.get(name) == wanted[name] for name in wanted)
    names = expect["error_any_of"] if "error_any_of" in expect else [expect.get("error")]
    beside = {name: wanted for name, wanted in expect.items() if name not in ("error", "error_any_of")}
    known = all(name in NAMES for name in names)
    return known and got.get("error") in names and all(name in got and got[name] == wanted for name, wanted in beside.items())


NAMES = set(oscartoki.errors.BY_NAME)


def attempt(run, *given):
    try:
        return run(*given)
    except OscarError as error:
        return {"error": error.name}


def judge(case):
    """None, or (got, want)."""
    given, expect = case["in"], case["expect"]
    got = attempt(evaluate, case["op"], given)
    if not isinstance(got, Sequence):
        return None if agrees(expect, got) else (got, expect)
    if not agrees(expect, {}):
        return {}, expect
    for index, step in enumerate(given["steps"]):
        told = attempt(got.take, index, step["do"], step.get("in", {}))
        if not agrees(step["expect"], told):
            return f"step {index} {json.dumps(told)}", step["expect"]
    return None


def main(files):
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    passed = failed = 0
    for file in files:
        try:
            with open(file, encoding="utf-8") as text:
                cases = json.load(text)["cases"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"{file}: {error}", file=sys.stderr)
            return 2
        for case in cases:
            try:
                verdict = judge(case)
            except Exception as error:  # whatever a case does to the runner, it is a failing case
                verdict = f"{type(error).__name__}: {error}", case.get("expect")
            if verdict is None:
                passed += 1
                continue
            failed += 1
            got, want = (part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in verdict)
            print(f"FAIL {file}: {case.get('name')}: got {got}, want {want}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
