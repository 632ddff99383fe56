"""Section 2: keys, and their texts of section 3."""

import fields
from wire import Refusal, be, expand, mac, parse_text, print_text, require

LENGTHS = {"os2.": 32, "oa2.": 40, "oz2.": 64}
KINDS = {"secret": "os2.", "audience_key": "oa2.", "session": "oz2."}


def parse_key_text(prefix, text):
    if any(text.startswith(other) for other in LENGTHS if other != prefix):
        raise Refusal("wrong_kind")
    return parse_text(prefix, text, LENGTHS[prefix])


def strong(secret):
    require(len(secret) == 32 and len(set(secret)) > 1, "weak_secret")
    return secret


class AudienceKey:
    """(kid, AK): one client, one audience, one generation."""

    def __init__(self, kid, ak):
        self.kid, self.ak = kid, ak

    @classmethod
    def derive(cls, secret, audience, generation, error):
        prk = mac(b"oscartoki/2", strong(secret))
        gen = be(32, generation, error)
        aud = fields.audience(audience, error)
        kid = expand(prk, b"oscartoki/2 kid" + gen)[:8]
        return cls(kid, expand(prk, b"oscartoki/2 aud\0" + aud + b"\0" + gen))

    @classmethod
    def parse(cls, text):
        data = parse_key_text("oa2.", text)
        return cls(data[:8], data[8:])

    def text(self):
        return print_text("oa2.", self.kid + self.ak)

    def use(self, name):
        return expand(self.ak, b"oscartoki/2 " + name.encode())

    def root(self):
        return Context(self.use("req"), self.use("res"))

    def secret_of(self, grant):
        return mac(self.use("key"), grant)

    def session(self, grant):
        return Context.of_session(self.secret_of(grant))


class Context:
    """The two keys under which one exchange runs."""

    def __init__(self, req, res):
        self.req, self.res = req, res

    @classmethod
    def of_session(cls, s):
        return cls(expand(s, b"oscartoki/2 req"), expand(s, b"oscartoki/2 res"))
