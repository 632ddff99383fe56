"""Every operation of the vectors page: `OPS[op](members)` gives what `expect.ok` is compared with."""

import carried
import fields
import socktopus
import tcx
import toki
import v1
from keys import KINDS, AudienceKey, parse_key_text
from service import Service
from wire import print_text, require

KEY = "secret_hex audience_key audience generation "
REQUEST = "method authority target ext_hex body_hex body_sha256_hex "
ANSWER = "status grant ext_hex body_hex body_sha256_hex "
OPS, MEMBERS = {}, {}


class Unknown(Exception):
    """A member or an op that the page does not name: a failing case, never a skip."""


def op(name, members):
    def register(run):
        OPS[name], MEMBERS[name] = run, set(members.split())
        return run

    return register


def check_members(name, given):
    if name not in MEMBERS:
        raise Unknown(f"op {name}")
    for member in given:
        if member not in MEMBERS[name]:
            raise Unknown(f"member {member}")


def evaluate(name, given):
    check_members(name, given)
    return OPS[name](Given(given))


class Given(dict):
    """The `in` of a case; absent and null are both "not given"."""

    def __missing__(self, _):
        return None

    def hex(self, name):
        return bytes.fromhex(self[name] or "")

    def text(self, name):
        return self[name] or ""

    def content(self):
        announced = self["body_sha256_hex"]
        return fields.Content(self.hex("body_hex"), None if announced is None else bytes.fromhex(announced))

    def request(self):
        return fields.Request(
            self.text("method"), self.text("authority"), self.text("target"), self.hex("ext_hex"), self.content()
        )

    def answer(self):
        return toki.Answer(self["status"], self["grant"], self.hex("ext_hex"), self.content())

    def message(self):
        content = self.content()
        digest = content.announced or fields.sha256(content.body)
        return carried.Message(self.text("destination"), self.text("type"), self.hex("ext_hex"), digest)

    def key(self, error):
        if self["audience_key"] is not None:
            return AudienceKey.parse(self["audience_key"])
        return AudienceKey.derive(self.hex("secret_hex"), self.audience(error), self["generation"] or 0, error)

    def audience(self, error):
        if self["audience"] is not None:
            return self["audience"]
        return fields.authority(self.text("authority"), error).decode()

    def fresh_service(self):
        names = fields.names_of_audience(self.text("audience"))
        return Service([self.key("malformed")], names, self["now_ms"])


# Keys

@op("key.derive", "secret_hex secret audience generation")
def key_derive(given):
    secret = given.hex("secret_hex") if given["secret"] is None else parse_key_text("os2.", given["secret"])
    key = AudienceKey.derive(secret, given.text("audience"), given["generation"] or 0, "unsignable")
    return {
        "secret": print_text("os2.", secret),
        "kid_hex": key.kid.hex(),
        "audience_key": key.text(),
        "audience_key_hex": key.ak.hex(),
    }


@op("key.parse", "text kind")
def key_parse(given):
    prefix = KINDS[given["kind"]]
    data = parse_key_text(prefix, given["text"])
    if prefix == "oz2.":
        toki.Grant.parse_raw(data[:32])
    require(prefix != "os2." or len(set(data)) > 1, "weak_secret")
    return {"text": print_text(prefix, data)}


# Requests and answers

@op("toki.mint", KEY + REQUEST + "ts_ms nonce_hex want grant")
def toki_mint(given):
    key = given.key("unsignable")
    grant = toki.Grant.parse(given["grant"]) if given["grant"] is not None else None
    context = key.session(grant.raw) if grant else key.root()
    minted = toki.mint_request(
        context,
        grant.sid if grant else key.kid,
        grant is not None,
        given.request(),
        given["ts_ms"],
        given.hex("nonce_hex"),
        given["want"],
    )
    return {"toki": minted.text()}


@op("toki.verify", KEY + REQUEST + "now_ms toki grant finish_body_hex")
def toki_verify(given):
    return verify_step(given.fresh_service(), given)


def verify_step(service, given):
    arrived = None if given["finish_body_hex"] is None else given.hex("finish_body_hex")
    return service.verify(given.request(), given["toki"], given["grant"], given["now_ms"], arrived)


@op("grant.mint", KEY + "request_toki sid_hex exp_s ttl_s")
def grant_mint(given):
    key = given.key("unsignable")
    request = toki.RequestToki.parse(given["request_toki"])
    return {"grant": toki.mint_grant(key, request.tag, given.hex("sid_hex"), given["exp_s"], given["ttl_s"]).text()}


def exchange(given, error):
    """(key, context, request toki) of an answer."""
    key = given.key(error)
    request = toki.RequestToki.parse(given["request_toki"])
    session = given["session_grant"]
    require((session is not None) == request.in_session, "malformed")
    if session is None:
        return key, key.root(), request
    grant = toki.Grant.parse(session)
    require(grant.sid == request.id, "malformed")
    return key, key.session(grant.raw), request


@op("answer.mint", KEY + ANSWER + "session_grant request_toki code ts_ms")
def answer_mint(given):
    _, context, request = exchange(given, "unsignable")
    return {"toki": toki.mint_answer(context, request.tag, given["code"], given["ts_ms"], given.answer()).text()}


@op("answer.verify", KEY + ANSWER + "session_grant request_toki toki")
def answer_verify(given):
    key, context, request = exchange(given, "malformed")
    answer, grant, uncovered = toki.verify_answer(context, request.tag, given["toki"], given.answer())
    require(answer.code or not uncovered, "policy")
    adopted = grant and toki.may_adopt(key, request, grant, answer.ts)
    return {"code": answer.code, "ts_ms": answer.ts, "sid_hex": grant.sid.hex() if adopted else None}


# Messages, URLs, tickets

MESSAGE = "destination type ext_hex body_hex body_sha256_hex "


@op("message.mint", KEY + MESSAGE + "ts_ms nonce_hex ttl_s")
def message_mint(given):
    key = given.key("unsignable")
    return {"toki": carried.mint_message(key, given.message(), given["ts_ms"], given.hex("nonce_hex"), given["ttl_s"])}


@op("message.verify", KEY + MESSAGE + "toki now_ms")
def message_verify(given):
    return message_step(given.fresh_service(), given)


def message_step(service, given):
    return service.message(given.message(), given["toki"], given["now_ms"])


@op("url.mint", KEY + "method authority target ext_hex exp_ms")
def url_mint(given):
    key = given.key("unsignable")
    return {
        "target": carried.mint_url(
            key, given.text("method"), given.text("authority"), given.text("target"), given.hex("ext_hex"), given["exp_ms"]
        )
    }


@op("url.verify", KEY + "method authority target ext_hex now_ms")
def url_verify(given):
    return url_step(given.fresh_service(), given)


def url_step(service, given):
    return service.url(
        given.text("method"), given.text("authority"), given.text("target"), given.hex("ext_hex"), given["now_ms"]
    )


@op("ticket.mint", KEY + "connection_hex origin ts_ms nonce_hex")
def ticket_mint(given):
    key = given.key("unsignable")
    return {
        "ticket": carried.mint_ticket(
            key, given.hex("connection_hex"), given["origin"], given["ts_ms"], given.hex("nonce_hex")
        )
    }


@op("ticket.verify", KEY + "ticket origin now_ms")
def ticket_verify(given):
    return ticket_step(given.fresh_service(), given)


def ticket_step(service, given):
    return service.ticket(given["ticket"], given["origin"], given["now_ms"])


# Version 1

@op("v1.mint", "key now_ms")
def v1_mint(given):
    return {"toki": v1.mint(given.text("key"), given["now_ms"])}


@op("v1.verify", "key toki now_ms dialect")
def v1_verify(given):
    return v1.verify(given.text("key"), given["toki"], given["now_ms"], given["dialect"] or "any")


@op("v1.tokikey.mint", "key toki now_ms")
def v1_tokikey_mint(given):
    return {"tokikey": v1.tokikey_mint(given.text("key"), given["toki"], given["now_ms"])}


@op("v1.tokikey.verify", "key toki tokikey now_ms dialect")
def v1_tokikey_verify(given):
    v1.tokikey_verify(given.text("key"), given["toki"], given["tokikey"], given["now_ms"], given["dialect"] or "any")
    return {}


# TCX and Socktopus

PASS = "mode params datetime app_public "


def bound(given):
    return given["mode"] or "none", given["params"] or {}, given["datetime"], given.text("app_public")


@op("tcx.pass.mint", PASS + "client_token dialect")
def tcx_pass_mint(given):
    return {"app_pass": tcx.mint(*bound(given), given.text("client_token"), given["dialect"] or "documented")}


@op("tcx.pass.verify", PASS + "app_pass now_ms strict")
def tcx_pass_verify(given):
    strict = True if given["strict"] is None else given["strict"]
    client_token, dialect = tcx.verify(*bound(given), given.text("app_pass"), given["now_ms"], strict)
    return {"client_token": client_token, "dialect": dialect}


@op("tcx.headers", "type app_id app_pass token")
def tcx_headers(given):
    return {"headers": tcx.headers(given.text("type"), given.text("app_id"), given.text("app_pass"), given["token"])}


@op("tcx.verdict", "code table route")
def tcx_verdict(given):
    number, message, status = tcx.verdict(given["code"], given["table"] or "documented", given["route"] or "call")
    return {"status_number": number, "status_message": message, "status": status}


@op("socktopus.mint", "secret app connection ts_ms")
def socktopus_mint(given):
    return {"token": socktopus.mint(given.text("secret"), given.text("app"), given.text("connection"), given["ts_ms"])}


@op("socktopus.verify", "secrets token now_ms")
def socktopus_verify(given):
    app, connection, ts = socktopus.verify(given["secrets"] or {}, given.text("token"), given["now_ms"])
    return {"app": app, "connection": connection, "ts_ms": ts}
