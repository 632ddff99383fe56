# The generated module has no annotations that hold under --strict; its one user is the layer beside it.
from typing import Any

def __getattr__(name: str) -> Any: ...
