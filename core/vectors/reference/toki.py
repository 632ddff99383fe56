"""Section 4, the three tokis of an exchange: request q, answer r, grant k."""

from dataclasses import dataclass

from wire import be, lp, mac, number, parse_text, print_text, require, same, sha256

SESSION, BODY, EXT, WANT = 1, 2, 4, 8
GRANT = 1
OK, STALE, REPLAYED, GRANT_EXPIRED, REVOKED, BODY_MISMATCH, POLICY, BUSY = range(8)
CODE_NAMES = ["ok", "stale", "replayed", "grant_expired", "revoked", "body_mismatch", "policy", "busy"]


@dataclass
class Grant:
    raw: bytes

    @classmethod
    def parse(cls, text):
        return cls.parse_raw(parse_text("ok2.", text, 32))

    @classmethod
    def parse_raw(cls, raw):
        require(raw[0] == 0x2A and raw[1] == 0, "malformed")
        return cls(raw)

    kid = property(lambda self: self.raw[2:10])
    sid = property(lambda self: self.raw[10:18])
    exp = property(lambda self: number(self.raw[18:22]))
    ttl = property(lambda self: number(self.raw[22:24]))
    iat = property(lambda self: self.exp - self.ttl)
    salt = property(lambda self: self.raw[24:32])

    def text(self):
        return print_text("ok2.", self.raw)


def grant_salt(key, request_tag, sid):
    return mac(key.use("key"), b"salt" + request_tag + sid)[:8]


def mint_grant(key, request_tag, sid, exp, ttl):
    require(len(sid) == 8 and ttl != 0, "unsignable")
    head = b"\x2a\x00" + key.kid + sid + be(32, exp, "unsignable") + be(16, ttl, "unsignable")
    return Grant(head + grant_salt(key, request_tag, sid))


@dataclass
class RequestToki:
    raw: bytes

    @classmethod
    def parse(cls, text):
        raw = parse_text("ot2.", text, 40)
        require(raw[0] == 0x21 and raw[1] & ~15 == 0, "malformed")
        return cls(raw)

    flags = property(lambda self: self.raw[1])
    id = property(lambda self: self.raw[2:10])
    ts = property(lambda self: number(self.raw[10:16]))
    nonce = property(lambda self: self.raw[16:24])
    tag = property(lambda self: self.raw[24:40])
    in_session = property(lambda self: bool(self.raw[1] & SESSION))
    want = property(lambda self: bool(self.raw[1] & WANT))

    def text(self):
        return print_text("ot2.", self.raw)


def request_mac(context, head, fields, digest):
    return mac(context.req, head + fields + (digest or b""))[:16]


def mint_request(context, ident, in_session, request, ts, nonce, want):
    fields = request.fields("unsignable")
    digest = request.content.digest("unsignable")
    flags = SESSION * in_session | BODY * (digest is not None) | EXT * bool(request.ext) | WANT * bool(want)
    require(len(nonce) == 8, "unsignable")
    head = bytes([0x21, flags]) + ident + be(48, ts, "unsignable") + nonce
    return RequestToki(head + request_mac(context, head, fields, digest))


@dataclass
class Answer:
    """What arrived, or is about to be sent, around an answer's toki."""

    status: int
    grant: str | None
    ext: bytes
    content: "object"


@dataclass
class AnswerToki:
    raw: bytes

    @classmethod
    def parse(cls, text):
        raw = parse_text("ot2.", text, 25)
        require(raw[0] == 0x22 and raw[1] & ~7 == 0 and raw[2] <= 7, "malformed")
        return cls(raw)

    flags = property(lambda self: self.raw[1])
    code = property(lambda self: self.raw[2])
    ts = property(lambda self: number(self.raw[3:9]))

    def text(self):
        return print_text("ot2.", self.raw)


def answer_mac(context, head, request_tag, answer, grant, digest, error):
    message = (
        head
        + request_tag
        + be(16, answer.status, error)
        + lp(grant.raw if grant else b"", error)
        + lp(answer.ext, error)
        + (digest or b"")
    )
    return mac(context.res, message)[:16]


def mint_answer(context, request_tag, code, ts, answer):
    grant = Grant.parse(answer.grant) if answer.grant is not None else None
    require(code in range(8), "unsignable")
    digest = answer.content.digest("unsignable")
    flags = GRANT * bool(grant) | BODY * (digest is not None) | EXT * bool(answer.ext)
    head = bytes([0x22, flags, code]) + be(48, ts, "unsignable")
    return AnswerToki(head + answer_mac(context, head, request_tag, answer, grant, digest, "unsignable"))


def verify_answer(context, request_tag, text, answer):
    """(toki, grant or None, whether there is content that the toki does not cover)."""
    require(text is not None, "missing")
    toki = AnswerToki.parse(text)
    grant = Grant.parse(answer.grant) if answer.grant is not None else None
    require(bool(toki.flags & GRANT) == (grant is not None), "malformed")
    require(bool(toki.flags & EXT) == bool(answer.ext), "malformed")
    digest = answer.content.digest("malformed")
    require(digest is not None or not toki.flags & BODY, "malformed")
    covered = digest if toki.flags & BODY else None
    expected = answer_mac(context, toki.raw[:9], request_tag, answer, grant, covered, "malformed")
    require(same(expected, toki.raw[9:]), "bad_mac")
    return toki, grant, digest is not None and covered is None


def may_adopt(key, request, grant, answer_ts):
    """Section 7: the grant is ours, for this request, and of sound length. exp is whole seconds,
    so cutting r.ts / 1000 or not gives the same verdict."""
    return (
        request.want
        and grant.kid == key.kid
        and grant.ttl >= 1
        and same(grant.salt, grant_salt(key, request.tag, grant.sid))
        and grant.exp * 1000 > answer_ts
        and grant.exp * 1000 <= answer_ts + grant.ttl * 1000 + 2000
    )
