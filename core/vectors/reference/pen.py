"""What the case writers share: a hand that writes cases down, and forgers that MAC what no signer would."""

import random

import ops
import run
import sequences
import toki
from keys import AudienceKey
from wire import be, mac, parse_text, print_text

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
API = "api.example.com"


class Pen:
    """Collects one area's cases. Every expectation is stated by the writer and confirmed by the reference."""

    def __init__(self, area, seed):
        self.rng = random.Random(f"{seed} {area}")
        self.cases = []
        self.secret = self.rng.randbytes(32)
        self.K = {"secret_hex": self.secret.hex(), "audience": API}
        self.key = self.key_of()
        self.now = 1_795_300_000_000 + self.rng.randrange(10**9)

    def key_of(self, audience=API, generation=0, secret=None):
        return AudienceKey.derive(secret or self.secret, audience, generation, "unsignable")

    def hex(self, n=8):
        return self.rng.randbytes(n).hex()

    def evaluate(self, op, given):
        return run.attempt(ops.evaluate, op, given)

    def add(self, name, op, given, want="ok", **stated):
        """`want`: "ok", an error, or a list of errors of which any is right. `stated`: members of ok."""
        got = self.evaluate(op, given)
        if isinstance(got, sequences.Sequence):
            got = {}
        if want == "ok":
            wrong = "error" in got or any(got.get(k) != v for k, v in stated.items())
            expect = {"ok": got}
        else:
            names = want if isinstance(want, list) else [want]
            wrong = got.get("error") not in names
            expect = {"error_any_of": names} if isinstance(want, list) else {"error": want}
        if wrong:
            raise AssertionError(f"{op}: {name}: reference says {got}, writer {want} {stated}")
        self.cases.append({"name": name, "op": op, "in": given, "expect": expect})
        return got

    def record(self, name, op, given):
        """A random case: the reference alone says what is right."""
        got = self.evaluate(op, given)
        expect = {"error": got["error"]} if "error" in got else {"ok": got}
        self.cases.append({"name": name, "op": op, "in": given, "expect": expect})
        return got

    def sequence(self, name, op, given):
        return Sequence(self, name, op, given)

    # Shorthands

    def mint(self, request, ts=None, K=None, nonce=None, **more):
        given = (K or self.K) | request | {"ts_ms": self.now if ts is None else ts, "nonce_hex": nonce or self.hex()} | more
        return self.evaluate("toki.mint", given)["toki"]

    def grant(self, exp_s, ttl_s=600, key=None, sid=None, tag=b"\0" * 16):
        """A grant as the service would mint it, ttl 0 and all."""
        key = key or self.key
        sid = sid or self.rng.randbytes(8)
        head = b"\x2a\0" + key.kid + sid + be(32, exp_s, "") + be(16, ttl_s, "")
        return print_text("ok2.", head + toki.grant_salt(key, tag, sid))


class Sequence:
    """A `service` or `client` case, grown step by step in the reference itself."""

    def __init__(self, pen, name, op, given):
        self.pen, self.name, self.op, self.given = pen, name, op, given
        self.steps = []
        self.built = pen.evaluate(op, given | {"steps": []})
        if not isinstance(self.built, sequences.Sequence):
            raise AssertionError(f"{name}: {self.built}")

    def step(self, do, given, want="ok", told=None, **stated):
        """`told`: the members to write down, all when absent."""
        got = run.attempt(self.built.take, len(self.steps), do, given)
        if got.get("error", "ok") != want or any(got.get(k) != v for k, v in stated.items()):
            raise AssertionError(f"{self.name}, step {len(self.steps)}: reference says {got}, writer {want} {stated}")
        return self.write(do, given, got, told)

    def write(self, do, given, got, told):
        if "error" not in got:
            expect = {"ok": {k: v for k, v in got.items() if told is None or k in told}}
        else:
            beside = [k for k in ("may_have_run", "signed", "resend") if told is None or k in told]
            expect = {"error": got["error"]} | {k: got[k] for k in beside if k in got}
        self.steps.append({"do": do, "in": given, "expect": expect})
        return got

    def record(self, do, given, told=None):
        """A random step: the reference alone says what is right."""
        got = run.attempt(self.built.take, len(self.steps), do, given)
        return self.write(do, given, got, told)

    def done(self):
        self.pen.cases.append(
            {"name": self.name, "op": self.op, "in": self.given | {"steps": self.steps}, "expect": {"ok": {}}}
        )


# Forgers: authentic to the last bit, and wrong

def forge_request(context, head, method, authority, target, ext=b"", digest=b""):
    body = b"".join(len(part).to_bytes(2, "big") + part for part in (method, authority, target, ext))
    return print_text("ot2.", head + mac(context.req, head + body + digest)[:16])


def request_head(flags, ident, ts, nonce, first=0x21):
    return bytes([first, flags]) + ident + be(48, ts, "") + nonce


def spoilt(text, prefix):
    """(how, text) for every way a text form can be nearly right."""
    body = text[len(prefix):]
    yield "with padding", text + "=" * (-len(body) % 4 or 1)
    yield "a space before", " " + text
    yield "a space after", text + " "
    yield "a line feed after", text + "\n"
    yield "a tab inside", text[:20] + "\t" + text[20:]
    yield "a NUL after", text + "\0"
    yield "prefix in capitals", prefix.upper() + body
    yield "prefix of another version", prefix[:2] + "3." + body
    yield "no prefix", body
    yield "only the prefix", prefix
    yield "no dot in the prefix", prefix[:-1] + body
    yield "one character short", text[:-1]
    yield "one character long", text + "A"
    yield "four characters long", text + "AAAA"
    yield "four characters short", text[:-4]
    yield "standard base64's plus", text[:-5] + "+" + text[-4:]
    yield "standard base64's slash", text[:-5] + "/" + text[-4:]
    yield "a full stop inside", text[:-5] + "." + text[-4:]
    yield "a letter that is not ASCII", text[:-5] + "é" + text[-4:]
    yield "a percent escape", text[:-5] + "%41" + text[-4:]
    for bit in range(len(body) * 6 % 8):
        yield f"unused trailing bit {bit} set", text[:-1] + ALPHABET[ALPHABET.index(text[-1]) | 1 << bit]


def flipped(text, prefix, byte, bit):
    """The text with one bit of one byte turned."""
    raw = bytearray(parse_text(prefix, text))
    raw[byte] ^= 1 << bit
    return print_text(prefix, bytes(raw))
