"""Chooses the hot path, the extension where it can be had and ctypes otherwise, and sees to it that wrapper and library fit."""

from __future__ import annotations

import os
from typing import Any

from . import _door
from ._native import oscartoki_bridge

VERSION = "0.1.0"


def _load() -> tuple[Any, bool]:
    if os.environ.get("OSCARTOKI_NO_EXTENSION"):
        return _door, False
    try:
        from . import _fast
    except ImportError:
        return _door, False
    return _fast, True


found = oscartoki_bridge.library_version()
if found != VERSION:
    raise ImportError(f"oscartoki {VERSION} needs its own library, but found liboscartoki {found}: reinstall the wheel (pip install --force-reinstall oscartoki)")
hot, EXTENSION = _load()
if _door.lib.oscar_abi_version() != hot.ABI_VERSION:
    raise ImportError(
        f"the C door of liboscartoki has ABI {_door.lib.oscar_abi_version()}, this oscartoki was built for ABI {hot.ABI_VERSION}: reinstall the wheel (pip install --force-reinstall oscartoki)"
    )
