"""Connections to a hub, over the library `websockets`: one that blocks and one for asyncio. They ping by core's schedule while nobody looks."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any

import websockets.asyncio.client
import websockets.sync.client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from .client import mono
from .socktopus import Frame, Pings, Refused

# So many messages may wait for a reader; one that does not read is closed as a hub would close it.
_WAITING = 4096
_TOO_SLOW = 1013
_NO_TICKET = 1008
# `Pings` is what keeps it alive; a message is at most what /send takes.
_OPTIONS: dict[str, Any] = {"ping_interval": None, "max_size": 2 << 20}


class _Talk:
    """What both kinds know: the pings, how it ends."""

    def __init__(self) -> None:
        self._pings = Pings()
        self._left = False
        self._code: int | None = None

    @property
    def code(self) -> int | None:
        """Why the hub ended it: 1000 kicked, revoked or replaced, 1001 it stops or missed the pings, 1013 too slow. None: it did not, or the network
        broke."""
        return self._code

    def _turn(self) -> float | None:
        """For how many seconds to listen; None: to send a ping. ConnectionError: nobody is there any more."""
        ping = self._pings.next()
        if ping.kind == "send":
            return None
        if ping.kind == "dead":
            raise ConnectionError("the hub does not answer")
        return max(0.0, (ping.at_ms - mono(None)) / 1000)

    def _heard(self, text: str | bytes) -> Frame:
        frame = Frame.parse(text) if isinstance(text, str) else Frame("other")
        if frame.kind == "pong":
            self._pings.pong()
        return frame

    def _over(self, closed: ConnectionClosed) -> None:
        if not self._left and closed.rcvd is not None:
            self._code = closed.rcvd.code

    def _unjoined(self) -> Exception:
        if self._code == _NO_TICKET:
            return Refused(self._code, "the ticket is not let in")
        return ConnectionError(f"the hub ended it with {self._code}" if self._code else "the hub is gone")


class Connection(_Talk):
    """One connection: `for content in connection` until it is over, or `receive` one at a time. A thread of its own pings and listens."""

    def __init__(self, address: str, first: str | None, origin: str | None, timeout: float) -> None:
        try:
            opening = websockets.sync.client.connect(address, origin=origin, open_timeout=timeout, **_OPTIONS)  # type: ignore[arg-type]
            # The newest releases want it entered, and say that a later one opens it here.
            self._opened = ExitStack()
            self._socket = self._opened.enter_context(opening)
        except InvalidStatus as refusal:
            raise Refused._of(refusal.response.status_code, refusal.response.body) from None
        super().__init__()
        self._joined, self._let_in = threading.Event(), False
        self._messages: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, args=(first,), name="oscartoki hub", daemon=True)
        self._thread.start()
        if not self._joined.wait(timeout):
            self.close()
            raise TimeoutError("the hub does not answer")
        if not self._let_in:
            raise self._unjoined()

    def _run(self, first: str | None) -> None:
        try:
            if first is not None:
                self._socket.send(first)
            while self._messages.qsize() < _WAITING:
                seconds = self._turn()
                if seconds is None:
                    self._socket.send(Frame.PING)
                    continue
                try:
                    frame = self._heard(self._socket.recv(timeout=seconds))
                except TimeoutError:
                    continue
                if frame.kind == "data":
                    self._messages.put(frame.content)
                elif frame.kind == "pong":
                    self._let_in = True
                    self._joined.set()
            self._socket.close(_TOO_SLOW)
            self._code = _TOO_SLOW
        except ConnectionClosed as closed:
            self._over(closed)
        except OSError:
            self._socket.close()
        finally:
            self._messages.put(None)
            self._joined.set()

    def receive(self, timeout: float | None = None) -> str | None:
        """The next message; None: the connection is over. TimeoutError: none came within so many seconds."""
        try:
            content = self._messages.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError("no message came") from None
        if content is None:
            self._messages.put(None)
        return content

    def __iter__(self) -> Iterator[str]:
        while (content := self.receive()) is not None:
            yield content

    def close(self) -> None:
        """Leaves."""
        self._left = True
        try:
            self._socket.send(Frame.CLOSE)
        except ConnectionClosed:
            pass
        self._socket.close()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncConnection(_Talk):
    """One connection: `async for content in connection` until it is over, or `receive` one at a time. A task of its own pings and listens."""

    def __init__(self, socket: websockets.asyncio.client.ClientConnection, first: str | None) -> None:
        super().__init__()
        self._socket = socket
        self._joined: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._messages: asyncio.Queue[str | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(first), name="oscartoki hub")

    @classmethod
    async def open(cls, address: str, first: str | None, origin: str | None, timeout: float) -> AsyncConnection:
        """What `AsyncHub.connect` does."""
        try:
            opening = websockets.asyncio.client.connect(address, origin=origin, open_timeout=timeout, **_OPTIONS)  # type: ignore[arg-type]
            made = cls(await opening, first)
        except InvalidStatus as refusal:
            raise Refused._of(refusal.response.status_code, refusal.response.body) from None
        try:
            joined = await asyncio.wait_for(asyncio.shield(made._joined), timeout)
        except asyncio.TimeoutError:
            await made.close()
            raise TimeoutError("the hub does not answer") from None
        except asyncio.CancelledError:
            made._task.cancel()
            raise
        if not joined:
            raise made._unjoined()
        return made

    async def _run(self, first: str | None) -> None:
        try:
            if first is not None:
                await self._socket.send(first)
            while self._messages.qsize() < _WAITING:
                seconds = self._turn()
                if seconds is None:
                    await self._socket.send(Frame.PING)
                    continue
                try:
                    frame = self._heard(await asyncio.wait_for(self._socket.recv(), seconds))
                except asyncio.TimeoutError:
                    continue
                if frame.kind == "data":
                    self._messages.put_nowait(frame.content)
                elif frame.kind == "pong" and not self._joined.done():
                    self._joined.set_result(True)
            await self._socket.close(_TOO_SLOW)
            self._code = _TOO_SLOW
        except ConnectionClosed as closed:
            self._over(closed)
        except OSError:
            await self._socket.close()
        finally:
            self._messages.put_nowait(None)
            if not self._joined.done():
                self._joined.set_result(False)

    async def receive(self, timeout: float | None = None) -> str | None:
        """The next message; None: the connection is over. TimeoutError: none came within so many seconds."""
        try:
            content = await asyncio.wait_for(self._messages.get(), timeout)
        except asyncio.TimeoutError:
            raise TimeoutError("no message came") from None
        if content is None:
            self._messages.put_nowait(None)
        return content

    async def __aiter__(self) -> AsyncIterator[str]:
        while (content := await self.receive()) is not None:
            yield content

    async def close(self) -> None:
        """Leaves."""
        self._left = True
        try:
            await self._socket.send(Frame.CLOSE)
        except ConnectionClosed:
            pass
        await self._socket.close()
        await asyncio.wait([self._task])

    async def __aenter__(self) -> AsyncConnection:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
