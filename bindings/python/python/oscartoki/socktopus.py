"""Socktopus, the websocket hub: an app that sends and kicks, connections that listen, and tokens, frames and pings by themselves.

    hub = socktopus.Hub("https://hub.example.com", "shop", os.environ["SHOP_SOCKTOPUS_SECRET"])
    hub.send([("alice", "hello")])
    with hub.connect("bob") as connection:
        for content in connection: ...

Connections stand on the library `websockets` (`pip install oscartoki[websockets]`), acts on httpx.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from ._native import oscartoki as native
from .client import Client, mono, wall
from .errors import Malformed, Unsignable
from .keys import speaking

if TYPE_CHECKING:
    import httpx

    from ._socktopus import AsyncConnection as AsyncConnection
    from ._socktopus import Connection as Connection
else:

    def __getattr__(name: str) -> Any:
        # They need `websockets`, which nothing else here does.
        if name in ("AsyncConnection", "Connection"):
            from . import _socktopus

            return getattr(_socktopus, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["AsyncHub", "Frame", "Hub", "Message", "Ping", "Pings", "Refused", "Sent", "Token"]


# ---- tokens ----


@dataclass(frozen=True)
class Token:
    """What opens one websocket at a hub, within 5 s: an app (`shop` for `SHOP_SOCKTOPUS_SECRET`) and the connection's id."""

    app: str
    connection: str
    ts_ms: int

    @staticmethod
    def mint(secret: str | bytes, app: str, connection: str, *, ts_ms: int | None = None) -> str:
        """Mints a token; without `ts_ms` now, and never one text twice in this process. Errors: weak_secret (an empty one), unsignable."""
        dated = _fresh.next(app, connection) if ts_ms is None else ts_ms
        try:
            with speaking():
                return str(native.socktopus_mint(_raw(secret), native.SocktopusToken(app=app, connection=connection, ts_ms=dated)))
        except UnicodeEncodeError:
            raise _no_text() from None

    @staticmethod
    def verify(secrets: Mapping[str, str | bytes], token: str, *, now_ms: int | None = None) -> Token:
        """Verifies a token against the secrets by app (an empty one is none), without memory: `replayed` and kicked are the hub's to know. Errors, in
        this order: malformed, unknown_key, bad_mac, stale."""
        try:
            with speaking():
                found = native.socktopus_verify({app: _raw(secret) for app, secret in secrets.items()}, token, wall(now_ms))
        except UnicodeEncodeError:
            raise Malformed("this is no token of a hub") from None
        return Token(found.app, found.connection, found.ts_ms)


class _Fresh:
    """The newest time by app and connection, as far as it may come again."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def next(self, app: str, connection: str) -> int:
        now = wall(None)
        with self._lock:
            if len(self._newest) >= 1000:
                self._newest = {whose: ts for whose, ts in self._newest.items() if ts >= now}
            made = self._newest[app, connection] = max(now, self._newest.get((app, connection), 0) + 1)
        return made


_fresh = _Fresh()


def _raw(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


def _no_text() -> Unsignable:
    return Unsignable("a text that is not UTF-8", may_have_run=False)


# ---- frames and pings ----


@dataclass(frozen=True)
class Frame:
    """A text that a hub sent over a websocket. `kind`: `data`, a message, which is `content`; `pong`, the answer to a ping; `close`, the hub ends the
    connection; `other`, what a client ignores."""

    kind: str
    content: str | None = None

    #: What a client sends at least every 20 s; `Pings` says when.
    PING = "PING"
    #: What a client sends that leaves.
    CLOSE = "CLOSE"

    @classmethod
    def parse(cls, text: str) -> Frame:
        """Reads a hub's text."""
        frame = native.socktopus_frame(text)
        if frame is None:
            return cls("other")
        if isinstance(frame, native.SocktopusFrame.DATA):
            return cls("data", frame.content)
        return cls("pong" if isinstance(frame, native.SocktopusFrame.PONG) else "close")


@dataclass(frozen=True)
class Ping:
    """What a client does now. `send`: sends `Frame.PING` and asks again; `later`: asks again at `at_ms`, on the clock that was given to `Pings`; `dead`:
    no PONG came for 20 s, connect anew."""

    kind: str
    at_ms: int = 0


class Pings:
    """When a websocket's client pings, and whether the hub still answers. The first ping goes at once: its PONG proves the join."""

    __slots__ = ("_native",)

    def __init__(self, *, now_ms: int | None = None) -> None:
        """The schedule of a connection that opened now; `now_ms` of any monotonic clock, Python's where none is given."""
        self._native = native.SocktopusPings(mono(now_ms))

    def next(self, *, now_ms: int | None = None) -> Ping:
        """What to do now. After `send` the ping counts as sent."""
        ping = self._native.next(mono(now_ms))
        if isinstance(ping, native.SocktopusPing.AT):
            return Ping("later", ping.at_ms)
        return Ping("send" if isinstance(ping, native.SocktopusPing.SEND) else "dead")

    def pong(self) -> None:
        """A PONG came."""
        self._native.pong()


# ---- an app at a hub ----


class Message(NamedTuple):
    """One message to one connection's id."""

    recipient: str
    content: str


@dataclass(frozen=True)
class Sent:
    """What became of the messages of one `send`, each in its order: handed to a connection's queue, and to nobody."""

    succeeded: list[Message] = field(default_factory=list)
    failed: list[Message] = field(default_factory=list)

    @classmethod
    def parse(cls, body: bytes) -> Sent:
        """Reads the body of a hub's answer. Error: malformed."""
        with speaking():
            told = native.socktopus_sent(body)
        plain = [[Message(one.recipient, one.content) for one in some] for some in (told.succeeded, told.failed)]
        return cls(*plain)


class Refused(Exception):
    """A hub refused; `status` is its HTTP status, or 1008, with which it closes on a ticket that is not good."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status, self.sentence = status, sentence

    @classmethod
    def _of(cls, status: int, body: bytes | bytearray | None) -> Refused:
        try:
            told = json.loads(body or b"")["message"]
        except (ValueError, KeyError, TypeError):
            told = None
        return cls(status, told if isinstance(told, str) else "this is no answer of a hub")

    def __reduce__(self) -> Any:
        return type(self), (self.status, self.sentence)


class _Met:
    """A hub's address, and by what it is met."""

    def __init__(self, url: str, app: str | None = None, secret: str | None = None, *, client: Client | None = None) -> None:
        """`url`: where it is, `https://hub.example.com`. `app` and `secret`, or `client`: one of the two."""
        if (app is None) != (secret is None) or (app is None) == (client is None):
            raise TypeError("a hub is met by an app and its secret, or by client=")
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("a hub is named by an http:// or https:// URL")
        self._url = url.rstrip("/")
        self._app, self._secret, self._client = app, secret, client

    def address(self, connection: str, *, origin: str | None = None) -> str:
        """The address, `ws://` or `wss://`, that opens one websocket for a connection's id, within 5 s; for a browser, or a library here."""
        return f"ws{self._url[4:]}/recieve?{self._pass(connection, origin)}"

    def events_address(self, connection: str, *, origin: str | None = None) -> str:
        """The same for server-sent events, which `oscar serve` offers where websockets don't get through."""
        return f"{self._url}/events?{self._pass(connection, origin)}"

    def _pass(self, connection: str, origin: str | None) -> str:
        if self._client is not None:
            return "oscartoki=" + quote(self._client.mint_ticket(connection, origin=origin), safe="")
        return "token=" + Token.mint(self._secret or "", self._app or "", connection)

    def _opening(self, connection: str, origin: str | None) -> tuple[str, str | None]:
        """The address, and a first frame: a ticket goes there, which keeps it out of logs."""
        if self._client is None:
            return self.address(connection, origin=origin), None
        return f"ws{self._url[4:]}/recieve?oscartoki=", self._client.mint_ticket(connection, origin=origin)

    def send_body(self, messages: Iterable[Message | tuple[str, str]]) -> str:
        """The JSON of `POST /send`, for another way to send it. Error: unsignable."""
        made = [Message(*one) for one in messages]
        if self._client is not None:
            return _json({"messages": [one._asdict() for one in made]})
        texts = [native.SocktopusMessage(recipient=one.recipient, content=one.content) for one in made]
        try:
            return str(native.socktopus_send_body(native.SocktopusSend(app=self._app, secret=self._secret, messages=texts)))
        except UnicodeEncodeError:
            raise _no_text() from None

    def kick_body(self, connections: Iterable[str]) -> str:
        """The JSON of `POST /kick`. Error: unsignable."""
        ids = _ids(connections)
        if self._client is not None:
            return _json({"connections": ids})
        try:
            return str(native.socktopus_kick_body(native.SocktopusKick(app=self._app, secret=self._secret, connections=ids)))
        except UnicodeEncodeError:
            raise _no_text() from None

    def _request(self, path: str, body: str) -> dict[str, Any]:
        """An act as httpx takes it: signed, where a client meets the hub."""
        signed = {} if self._client is None else {"auth": self._client.httpx_auth()}
        return {"url": self._url + path, "content": body.encode(), "headers": {"content-type": "application/json"}, **signed}

    def __reduce__(self) -> Any:
        raise TypeError("a hub's secret is not pickled")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url})"


class Hub(_Met):
    """A websocket hub, Socktopus or `oscar serve`, as an app with its secret meets it, or, with `oscar serve`, a client of toki v2, whose connections
    are an app of their own: it mints tickets in place of tokens, and its acts are signed.

    `url`: where it is, `https://hub.example.com`; `app`: `shop` for `SHOP_SOCKTOPUS_SECRET`. `app` and `secret`, or `client`: one of the two.
    """

    def __init__(
        self, url: str, app: str | None = None, secret: str | None = None, *, client: Client | None = None, http: httpx.Client | None = None
    ) -> None:
        super().__init__(url, app, secret, client=client)
        self._http = http

    def send(self, messages: Iterable[Message | tuple[str, str]]) -> Sent:
        """Sends messages; it waits for no recipient. Errors: `Refused`, those of httpx, malformed (what answered is no hub)."""
        return Sent.parse(self._post("/send", self.send_body(messages)))

    def kick(self, connections: Iterable[str]) -> None:
        """Ends connections, and takes back what was issued to their ids just now. Errors: `Refused`, those of httpx."""
        self._post("/kick", self.kick_body(connections))

    def _post(self, path: str, body: str) -> bytes:
        import httpx

        request = self._request(path, body)
        if self._http is not None:
            return _content(self._http.post(**request))
        with httpx.Client() as http:
            return _content(http.post(**request))

    def connect(self, connection: str, *, origin: str | None = None, timeout: float = 10.0) -> Connection:
        """Joins as a connection's id, which is so when this returns. Errors: `Refused`, OSError (TimeoutError too), those of websockets."""
        from ._socktopus import Connection

        address, first = self._opening(connection, origin)
        return Connection(address, first, origin, timeout)


class AsyncHub(_Met):
    """`Hub` for asyncio."""

    def __init__(
        self, url: str, app: str | None = None, secret: str | None = None, *, client: Client | None = None, http: httpx.AsyncClient | None = None
    ) -> None:
        super().__init__(url, app, secret, client=client)
        self._http = http

    async def send(self, messages: Iterable[Message | tuple[str, str]]) -> Sent:
        """Sends messages; it waits for no recipient. Errors: `Refused`, those of httpx, malformed (what answered is no hub)."""
        return Sent.parse(await self._post("/send", self.send_body(messages)))

    async def kick(self, connections: Iterable[str]) -> None:
        """Ends connections, and takes back what was issued to their ids just now. Errors: `Refused`, those of httpx."""
        await self._post("/kick", self.kick_body(connections))

    async def _post(self, path: str, body: str) -> bytes:
        import httpx

        request = self._request(path, body)
        if self._http is not None:
            return _content(await self._http.post(**request))
        async with httpx.AsyncClient() as http:
            return _content(await http.post(**request))

    async def connect(self, connection: str, *, origin: str | None = None, timeout: float = 10.0) -> AsyncConnection:
        """Joins as a connection's id, which is so when this returns. Errors: `Refused`, OSError (TimeoutError too), those of websockets."""
        from ._socktopus import AsyncConnection

        address, first = self._opening(connection, origin)
        return await AsyncConnection.open(address, first, origin, timeout)


def _content(answer: httpx.Response) -> bytes:
    if answer.status_code != 200:
        raise Refused._of(answer.status_code, answer.content)
    return answer.content


def _ids(connections: Iterable[str]) -> list[str]:
    if isinstance(connections, str):
        raise TypeError("a list of ids, not one text")
    return list(connections)


def _json(members: dict[str, Any]) -> str:
    made = json.dumps(members, ensure_ascii=False)
    try:
        made.encode()
    except UnicodeEncodeError:
        raise _no_text() from None
    return made
