"""Files that operators edit: key files and revocations, reread within two seconds of a change, in every process."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from .errors import OscarError

log = logging.getLogger("oscartoki")
EVERY_S = 0.4

_watches: weakref.WeakSet[Watch] = weakref.WeakSet()


class Watch:
    """Reads files again when one of them changes, until its owner is gone."""

    def __init__(self, paths: list[Path], load: Callable[[str], None], *, may_be_absent: bool = False) -> None:
        self.paths = paths
        self.may_be_absent = may_be_absent
        # The owner is held weakly: the watch ends with it.
        self.load = weakref.WeakMethod(load)
        self.seen = self.last = self.marks()
        load(self.text())
        _watches.add(self)
        self.start()

    def text(self) -> str:
        absent = {path for path in self.paths if self.may_be_absent and not path.exists()}
        return "\n".join("" if path in absent else path.read_text("utf-8") for path in self.paths)

    def marks(self) -> list[tuple[int, int, int] | None]:
        def mark(path: Path) -> tuple[int, int, int] | None:
            try:
                found = path.stat()
            except FileNotFoundError:
                return None
            return found.st_mtime_ns, found.st_size, found.st_ino

        return [mark(path) for path in self.paths]

    def start(self) -> None:
        threading.Thread(target=_follow, args=(weakref.ref(self),), name="oscartoki-files", daemon=True).start()

    def look(self) -> bool:
        """One look; False when nobody is left to tell."""
        load = self.load()
        if load is None:
            return False
        marks = self.marks()
        try:
            # A file that changed since the last look may be half written: it is read once it has stood still for one look.
            if marks != self.seen and marks == self.last:
                load(self.text())
                self.seen = marks
            self.last = marks
        except (OscarError, OSError, UnicodeDecodeError) as error:
            # What was good stays in force.
            log.error("%s is not taken over: %s", ", ".join(map(str, self.paths)), error)
            self.seen = self.last = marks
        return True


def _follow(watch: weakref.ref[Watch]) -> None:
    wait = threading.Event()
    while not wait.wait(EVERY_S):
        alive = watch()
        if alive is None or not alive.look():
            return
        del alive


def _after_fork() -> None:
    for watch in list(_watches):
        watch.start()


os.register_at_fork(after_in_child=_after_fork)


def append_line(path: Path, line: str) -> None:
    """Appends a line under a lock, so that processes do not write into each other's."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                line = "\n" + line
        file.write(line.rstrip("\n").encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
