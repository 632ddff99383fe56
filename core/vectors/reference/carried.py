"""Section 8's own tokis: message m, presigned URL u, websocket ticket w. Judging is service.py's."""

import re
from dataclasses import dataclass

import fields
from wire import be, lp, mac, number, parse_text, print_text, require

BODY, EXT, ORIGIN = 2, 4, 4
PARAMETER = re.compile(rb"[?&]oscartoki=")


# Messages

@dataclass
class Message:
    destination: str
    type: str
    ext: bytes
    digest: bytes

    def fields(self, error):
        texts = lp(self.destination.encode(), error) + lp(self.type.encode(), error)
        return texts + lp(self.ext, error) + self.digest


def mint_message(key, message, ts, nonce, ttl):
    require(ttl != 0 and len(nonce) == 8, "unsignable")
    head = bytes([0x23, BODY | EXT * bool(message.ext)]) + key.kid
    head += be(48, ts, "unsignable") + nonce + be(32, ttl, "unsignable")
    return print_text("ot2.", head + mac(key.use("msg"), head + message.fields("unsignable"))[:16])


def parse_message(text, message):
    raw = parse_text("ot2.", text, 44)
    require(raw[0] == 0x23 and raw[1] == BODY | EXT * bool(message.ext), "malformed")
    message.fields("malformed")
    return raw


# Presigned URLs

def signed_url_fields(method, authority, target, ext, error):
    fields.method(method, error)
    verb = "GET" if method == "HEAD" else method
    return (
        lp(verb.encode(), error)
        + lp(fields.authority(authority, error), error)
        + lp(fields.target(target, method, error), error)
        + lp(ext, error)
    )


def separator(target):
    return "&" if "?" in target else "?"


def mint_url(key, method, authority, target, ext, exp):
    covered = signed_url_fields(method, authority, target, ext, "unsignable")
    require(not PARAMETER.search(target.encode()), "unsignable")
    head = bytes([0x24, EXT * bool(ext)]) + key.kid + be(48, exp, "unsignable")
    toki = print_text("ot2.", head + mac(key.use("url"), head + covered)[:16])
    return target + separator(target) + "oscartoki=" + toki


def parse_url(method, authority, target, ext):
    """(raw toki, covered fields)."""
    data = target.encode()
    found = list(PARAMETER.finditer(data))
    require(found, "missing")
    require(len(found) == 1 and b"#" not in data, "malformed")
    before, after = data[: found[0].start()].decode(), data[found[0].end() :].decode()
    require(found[0].group()[:1].decode() == separator(before), "malformed")
    raw = parse_text("ot2.", after, 32)
    require(raw[0] == 0x24 and raw[1] == EXT * bool(ext), "malformed")
    return raw, signed_url_fields(method, authority, before, ext, "malformed")


# Tickets

def origin_field(origin, error):
    return lp(origin.encode() if origin is not None else b"", error)


def mint_ticket(key, connection, origin, ts, nonce):
    require(1 <= len(connection) <= 255 and origin != "" and len(nonce) == 8, "unsignable")
    head = bytes([0x25, ORIGIN * (origin is not None)]) + key.kid + be(48, ts, "unsignable") + nonce
    head += bytes([len(connection)]) + connection
    return print_text("ot2.", head + mac(key.use("ws"), head + origin_field(origin, "unsignable"))[:16])


@dataclass
class Ticket:
    raw: bytes

    @classmethod
    def parse(cls, text):
        raw = parse_text("ot2.", text)
        require(len(raw) >= 42 and raw[0] == 0x25 and raw[1] & ~ORIGIN == 0, "malformed")
        require(raw[24] >= 1 and len(raw) == 41 + raw[24], "malformed")
        return cls(raw)

    kid = property(lambda self: self.raw[2:10])
    ts = property(lambda self: number(self.raw[10:16]))
    connection = property(lambda self: self.raw[25:-16])
    tag = property(lambda self: self.raw[-16:])
    bound = property(lambda self: bool(self.raw[1] & ORIGIN))

    def expected(self, key, origin):
        origin = origin if self.bound else None
        return mac(key.use("ws"), self.raw[:-16] + origin_field(origin, "malformed"))[:16]
