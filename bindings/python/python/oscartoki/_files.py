"""Files that operators edit: key files and revocations, in force within two seconds of a change, in every process. No thread: whoever verifies looks first."""

from __future__ import annotations

import logging
import os
from typing import Any

from . import _door
from ._native import oscartoki_bridge as bridge
from .errors import BY_NAME, error_of

log = logging.getLogger("oscartoki")


class RingFiles:
    """A ring that follows its files."""

    __slots__ = ("_handle", "_native")

    def __init__(self, ring: Any, key_files: list[str], fixed: str, revocations: str | None) -> None:
        try:
            self._native = bridge.RingFiles.open(ring, key_files, fixed, revocations)
        except bridge.RingFileError.Fault as fault:
            raise _error(fault) from None
        self._handle: int = bridge.c_ref_ring_files(self._native)

    def __del__(self) -> None:
        _door.lib.oscar_ring_files_free(getattr(self, "_handle", 0))

    def refresh(self) -> None:
        """Takes over what has changed. What is wrong is logged once, and what was good stays in force."""
        status = _door.lib.oscar_ring_files_refresh(self._handle)
        if status:
            log.error("a file is not taken over: %s", error_of(status, detail=_door.detail()))

    def append(self, line: str) -> None:
        """Appends the line of a revocation, so that every process follows."""
        try:
            self._native.append(line)
        except bridge.RingFileError.Fault as fault:
            raise _error(fault) from None


def _error(fault: Any) -> Exception:
    """The error of a fault: the system's own where a file can't be read or written."""
    if fault.os_error:
        return OSError(fault.os_error, os.strerror(fault.os_error), fault.path)
    kind: type[Exception] = BY_NAME.get(fault.name, ValueError)
    return kind(f"{fault.path}: {fault.sentence}" if fault.path else fault.sentence)
