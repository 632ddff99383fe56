"""OscarToki v1: a client and a service that take the place of the original ones.

The protocol proves that both sides hold a key, not what was asked or answered: move to v2. A `Service` of v2 also takes v1 where a key's line says
so (`Keyring.add_v1`), until its date or the client's first v2 request.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._native import oscartoki as native
from .client import wall
from .keys import Keyring, dialect_of, speaking
from .memory import ReplayLog
from .service import Service

if TYPE_CHECKING:
    import httpx

__all__ = ["Client", "Exchange", "Key", "service"]


class Key:
    """A v1 key: mints and verifies tokis and tokikeys."""

    __slots__ = ("_native",)

    def __init__(self, key: str | bytes) -> None:
        with speaking():
            self._native = native.V1Key(key.encode() if isinstance(key, str) else key)

    def mint(self, *, now_ms: int | None = None) -> str:
        """The newest toki that every original accepts at this clock."""
        with speaking():
            return str(self._native.mint(wall(now_ms)))

    def verify(self, toki: str, *, dialect: str = "any", now_ms: int | None = None) -> int:
        """Verifies a toki; its time in milliseconds."""
        with speaking():
            return int(self._native.verify(toki, dialect_of(dialect), wall(now_ms)))

    def mint_tokikey(self, toki: str, *, now_ms: int | None = None) -> str:
        """The tokikey that answers a toki."""
        with speaking():
            return str(self._native.mint_tokikey(toki, wall(now_ms)))

    def verify_tokikey(self, toki: str, tokikey: str, *, dialect: str = "any", now_ms: int | None = None) -> None:
        """Verifies the tokikey of a toki."""
        with speaking():
            self._native.verify_tokikey(toki, tokikey, dialect_of(dialect), wall(now_ms))

    def __repr__(self) -> str:
        return "v1.Key(..)"


class Exchange:
    """The two steps of one request: a GET that fetches the tokikey, then the request itself."""

    __slots__ = ("_native",)

    def __init__(self, made: Any) -> None:
        self._native = made

    @property
    def headers(self) -> dict[str, str]:
        """What the next step carries."""
        tokikey: str | None = self._native.tokikey()
        toki = str(self._native.toki())
        return {"oscartoki": toki} if tokikey is None else {"oscartoki": toki, "oscartokikey": tokikey}

    def accept_first(self, body: bytes, toki: str | None, *, now_ms: int | None = None) -> str:
        """Accepts the answer to the first step, once: the tokikey."""
        with speaking():
            return str(self._native.accept_first(body, toki, wall(now_ms)))

    def accept_second(self, toki: str | None, *, now_ms: int | None = None) -> None:
        """Accepts the answer to the second step, once. It proves that the service holds the key, not what it wrote."""
        with speaking():
            self._native.accept_second(toki, wall(now_ms))


class Client:
    """The client of OscarToki v1, in the place of the original."""

    def __init__(self, key: str | bytes, *, dialect: str = "any") -> None:
        with speaking():
            self._native = native.V1Client(Key(key)._native, dialect_of(dialect))

    def begin(self, *, now_ms: int | None = None) -> Exchange:
        """Begins the two steps of one request, without a socket."""
        with speaking():
            return Exchange(self._native.begin(wall(now_ms)))

    def request(self, method: str, url: str, *, http: httpx.Client | None = None, **options: Any) -> httpx.Response:
        """Does both steps with httpx: GET for the tokikey, then the request."""
        import httpx

        own = http or httpx.Client()
        try:
            exchange = self.begin()
            first = own.get(url, headers={**dict(options.get("headers") or {}), **exchange.headers})
            exchange.accept_first(first.content, first.headers.get("oscartoki"))
            headers = {**dict(options.pop("headers", None) or {}), **exchange.headers}
            answer = own.request(method, url, headers=headers, **options)
            exchange.accept_second(answer.headers.get("oscartoki"))
            return answer
        finally:
            if http is None:
                own.close()

    def __repr__(self) -> str:
        return "v1.Client(..)"


def service(
    keys: dict[bytes, str | bytes], authorities: Sequence[str], *, until_ms: int, dialect: str = "any",
    memory: ReplayLog | str | os.PathLike[str] | None = None, first_start: bool = False, **options: Any,
) -> Service:  # fmt: skip
    """A service for clients of v1, in the place of the original: `keys` by the kid (8 bytes) that each client has or will have. It goes into the same
    ASGI and WSGI middleware, and takes v2 as soon as an `oa2.` key is added to its ring."""
    ring = Keyring(authorities[0])
    for kid, key in keys.items():
        ring.add_v1(kid=kid, key=key.encode() if isinstance(key, str) else key, until_ms=until_ms, dialect=dialect)
    return Service(authorities=authorities, keyring=ring, memory=memory, first_start=first_start, **options)


