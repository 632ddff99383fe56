"""Section 1 and 3 of the protocol: numbers, lengths, text forms, and the ways to say no."""

import base64
import hashlib
import hmac

F_MS = 2_000  # how far ahead a time may be


class Refusal(Exception):
    """One of the names of section 10."""

    def __init__(self, name):
        super().__init__(name)
        self.name = name


def require(condition, name):
    if not condition:
        raise Refusal(name)


def be(bits, value, error):
    require(isinstance(value, int) and 0 <= value < 1 << bits, error)
    return value.to_bytes(bits // 8, "big")


def number(data):
    return int.from_bytes(data, "big")


def lp(data, error):
    require(len(data) <= 65_535, error)
    return len(data).to_bytes(2, "big") + data


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(key, info):
    return mac(key, info + b"\x01")


def same(a, b):
    return hmac.compare_digest(a, b)


ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def print_text(prefix, data):
    return prefix + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def parse_text(prefix, text, length=None):
    """The bytes behind the one spelling; `length` None takes any."""
    require(isinstance(text, str) and text.startswith(prefix), "malformed")
    body = text[len(prefix):]
    require(set(body) <= ALPHABET and len(body) % 4 != 1, "malformed")
    data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    require(print_text(prefix, data) == text, "malformed")
    require(length is None or len(data) == length, "malformed")
    return data
