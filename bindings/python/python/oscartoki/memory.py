"""Replay memories: what has been accepted is remembered until it can't be accepted again."""

from __future__ import annotations

import os
from typing import Any

from ._native import oscartoki as native
from ._native import oscartoki_bridge as bridge
from .carried import MessageMemory
from .client import wall
from .keys import speaking

CAPACITY = 1_000_000


class ReplayLog:
    """Some replay memory; services that are given the same one remember together."""

    __slots__ = ("_native",)
    _native: Any

    def for_messages(self, *, first_start: bool = False, now_ms: int | None = None) -> MessageMemory:
        """A memory for the consumers of one queue, on this log."""
        return MessageMemory(native.MessageMemory.on(self._native, first_start, wall(now_ms)))


class MemoryReplayLog(ReplayLog):
    """The memory of this one process; after a fork it refuses."""

    __slots__ = ()

    def __init__(self, capacity: int = CAPACITY, *, exact: bool = False) -> None:
        with speaking():
            self._native = native.ReplayMemory.exact(capacity) if exact else native.ReplayMemory.local(capacity)


class MappedReplayLog(ReplayLog):
    """A file that the processes of one machine share; it also carries a single process over its restart."""

    __slots__ = ("path",)

    def __init__(self, path: str | os.PathLike[str], capacity: int = CAPACITY) -> None:
        self.path = os.fspath(path)
        try:
            self._native = bridge.mapped_memory(self.path, capacity)
        except bridge.MemoryError as error:
            raise OSError(str(error)) from None

    @staticmethod
    def default_path(audience: str, kids: list[bytes]) -> str:
        """A file of mode 0600 in this user's own folder, named after audience and kids."""
        try:
            return str(bridge.default_memory_path(audience, kids))
        except bridge.MemoryError as error:
            raise OSError(str(error)) from None


class RedisReplayLog(ReplayLog):
    """A Redis that the machines of a fleet share: the memory `name`, most often the audience. It must not evict (`maxmemory-policy noeviction`)."""

    __slots__ = ("name",)

    def __init__(self, url: str, name: str, capacity: int = CAPACITY) -> None:
        self.name = name
        try:
            self._native = bridge.redis_memory(url, name, capacity)
        except bridge.MemoryError as error:
            raise OSError(str(error)) from None


class NoReplayLog(ReplayLog):
    """Remembers nothing and therefore refuses everything."""

    __slots__ = ()

    def __init__(self) -> None:
        self._native = native.ReplayMemory.refusing()
