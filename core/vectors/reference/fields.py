"""Section 5: what the fields hold. `error` is `unsignable` for a signer and `malformed` for a verifier."""

import re
from dataclasses import dataclass

from wire import Refusal, lp, require, sha256

VISIBLE = frozenset(range(0x21, 0x7F))
NO_AUTHORITY = frozenset(b"/\\?#@,")
EMPTY_DIGEST = sha256(b"")


def method(text, error):
    require(re.fullmatch(r"[A-Z][A-Z0-9_-]{0,31}", text) and text != "CONNECT", error)
    return text.encode()


def authority(text, error):
    data = bytes(b + 32 if 0x41 <= b <= 0x5A else b for b in text.encode())
    for port in (b":80", b":443"):
        if data.endswith(port):
            data = data[: -len(port)]
            break
    require(1 <= len(data) <= 255, error)
    require(set(data) <= VISIBLE and not set(data) & NO_AUTHORITY, error)
    outside = re.sub(rb"\[[^\]]*\]", b"", data)
    colons = outside.count(b":")
    if colons:
        # "nothing else (so a bare IPv6 address is malformed)": one colon at most.
        require(colons == 1, error)
        port = data.rpartition(b":")[2]
        require(re.fullmatch(rb"[1-9][0-9]{0,4}", port) and int(port) <= 65_535, error)
    return data


def audience(text, error):
    data = text.encode()
    require(1 <= len(data) <= 255 and set(data) <= VISIBLE, error)
    return data


def target(text, verb, error):
    data = text.encode()
    require(data.startswith(b"/") or (data == b"*" and verb == "OPTIONS"), error)
    require(set(data) <= VISIBLE - {0x23} and len(data) <= 65_535, error)
    return data


@dataclass
class Content:
    """What a request or an answer holds: nothing, bytes, or a digest that was announced."""

    body: bytes | None = None
    announced: bytes | None = None

    def digest(self, error):
        """32 bytes, or None when there is no content."""
        if self.announced is not None:
            require(len(self.announced) == 32 and self.announced != EMPTY_DIGEST, error)
            return self.announced
        return sha256(self.body) if self.body else None


@dataclass
class Request:
    method: str
    authority: str
    target: str
    ext: bytes
    content: Content

    def fields(self, error):
        return (
            lp(method(self.method, error), error)
            + lp(authority(self.authority, error), error)
            + lp(target(self.target, self.method, error), error)
            + lp(self.ext, error)
        )


def pairs(ext):
    """ext read as lp(name) || lp(value); None when it is not that."""
    found = []
    items = []
    while ext:
        if len(ext) < 2 or len(ext) - 2 < int.from_bytes(ext[:2], "big"):
            return None
        size = int.from_bytes(ext[:2], "big")
        items.append(ext[2 : 2 + size])
        ext = ext[2 + size :]
    if len(items) % 2:
        return None
    for i in range(0, len(items), 2):
        found.append((items[i], items[i + 1]))
    return found


def names(texts):
    """A service's list of authorities, normalised as the requests are."""
    return {authority(text, "malformed") for text in texts}


def names_of_audience(text):
    try:
        return {authority(text, "malformed")}
    except Refusal:
        return set()
