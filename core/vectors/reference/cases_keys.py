"""Sections 2 and 3: derivation, key texts, weak secrets."""

from pen import spoilt
from wire import print_text

SPAN = ["unsignable", "malformed"]  # "wherever a key is derived": key.derive is neither signer nor verifier


def write(pen):
    derive(pen)
    weak(pen)
    texts(pen)


def derive(pen):
    secret = {"secret_hex": pen.secret.hex()}
    for audience in ("api.example.com", "API.Example.com", "api.example.com:8443", "a", "!", "~" * 255, "urn:eu:billing", "a/b?c#d@e,f"):
        pen.add(f"audience {audience[:30]} is used byte for byte", "key.derive", secret | {"audience": audience})
    for generation in (0, 1, 2, 65_536, 2**32 - 1):
        pen.add(f"generation {generation}", "key.derive", secret | {"audience": "api.example.com", "generation": generation})
    text = print_text("os2.", pen.secret)
    pen.add("a secret given as text", "key.derive", {"secret": text, "audience": "api.example.com"}, secret=text)
    for how, audience in (
        ("empty", ""), ("256 bytes", "a" * 256), ("with a space", "api example"), ("with a tab", "api\texample"),
        ("with DEL", "api\x7f"), ("with NUL", "api\0"), ("that is not ASCII", "é.example.com"), ("of 128 two-byte letters", "é" * 128),
        ("with a line feed", "api.example.com\n"),
    ):
        pen.add(f"an audience {how}", "key.derive", secret | {"audience": audience}, SPAN)
    for generation in (-1, 2**32):
        pen.add(f"generation {generation} does not fit", "key.derive", secret | {"audience": "a", "generation": generation}, SPAN)
    request = {"method": "GET", "authority": "api.example.com", "target": "/"}
    for how, audience in (("empty", ""), ("256 bytes", "a" * 256), ("with a space", "a b")):
        bad = secret | {"audience": audience} | request
        pen.add(f"a signer's audience {how}", "toki.mint", bad | {"ts_ms": pen.now, "nonce_hex": pen.hex()}, "unsignable")
        pen.add(f"a verifier's audience {how}", "toki.verify", bad | {"now_ms": pen.now, "toki": pen.mint(request)}, "malformed")


def weak(pen):
    audience = {"audience": "api.example.com"}
    for how, secret in (
        ("0 bytes", ""), ("16 bytes", pen.hex(16)), ("31 bytes", pen.hex(31)), ("33 bytes", pen.hex(33)), ("64 bytes", pen.hex(64)),
        ("32 zero bytes", "00" * 32), ("32 bytes of ff", "ff" * 32), ("32 bytes of 2a", "2a" * 32),
    ):
        pen.add(f"a secret of {how}", "key.derive", audience | {"secret_hex": secret}, "weak_secret")
    for how, secret in (("but one", "00" * 31 + "01"), ("but the first", "80" + "00" * 31)):
        pen.add(f"32 equal bytes {how} are no weak secret", "key.derive", audience | {"secret_hex": secret})
    pen.add("a text of 32 equal bytes", "key.derive", audience | {"secret": print_text("os2.", b"\x07" * 32)}, "weak_secret")
    request = {"method": "GET", "authority": "api.example.com", "target": "/"}
    for op, more in (("toki.mint", {"ts_ms": 1, "nonce_hex": "00" * 8}), ("toki.verify", {"now_ms": 1, "toki": pen.mint(request)})):
        pen.add(f"{op} with a weak secret", op, audience | {"secret_hex": "11" * 32} | request | more, "weak_secret")


def texts(pen):
    grant = b"\x2a\0" + pen.rng.randbytes(30)
    good = {
        "secret": ("os2.", pen.secret),
        "audience_key": ("oa2.", pen.key.kid + pen.key.ak),
        "session": ("oz2.", grant + pen.rng.randbytes(32)),
    }
    for kind, (prefix, data) in good.items():
        text = print_text(prefix, data)
        pen.add(f"a good {kind}", "key.parse", {"text": text, "kind": kind}, text=text)
        for other, (other_prefix, other_data) in good.items():
            if other != kind:
                given = {"text": print_text(other_prefix, other_data), "kind": kind}
                pen.add(f"a {other} where a {kind} belongs", "key.parse", given, "wrong_kind")
        for how, spoilt_text in spoilt(text, prefix):
            pen.add(f"a {kind}: {how}", "key.parse", {"text": spoilt_text, "kind": kind}, "malformed")
        for how, wrong in (
            ("nothing at all", ""), ("a toki's prefix", "ot2." + text[4:]), ("a grant's prefix", "ok2." + text[4:]),
            ("one byte less", print_text(prefix, data[:-1])), ("one byte more", print_text(prefix, data + b"\1")),
        ):
            pen.add(f"a {kind}: {how}", "key.parse", {"text": wrong, "kind": kind}, "malformed")
    for how, head in (("another first byte", b"\x2b\0"), ("a request's first byte", b"\x21\0"), ("another second byte", b"\x2a\1")):
        text = print_text("oz2.", head + grant[2:] + bytes(32))
        pen.add(f"a session whose grant has {how}", "key.parse", {"text": text, "kind": "session"}, "malformed")
        pen.add(f"a client from a session whose grant has {how}", "client", {"delegated": text, "steps": []}, "malformed")
    for kind in ("secret", "audience_key"):
        pen.add(f"a client from a {kind} in a session's place", "client", {"delegated": print_text(*good[kind]), "steps": []}, "wrong_kind")
    secret = print_text(*good["secret"])
    pen.add("a service's key that is a root secret", "service",
            {"keys": [{"audience_key": secret, "audience": "api.example.com"}], "authorities": ["api.example.com"], "start_ms": pen.now, "steps": []},
            "wrong_kind")
    pen.add("a session in a secret's place", "key.derive", {"secret": print_text(*good["session"]), "audience": "a"}, "wrong_kind")
    pen.add("an audience key in a secret's place", "key.derive", {"secret": print_text(*good["audience_key"]), "audience": "a"}, "wrong_kind")
