#!/usr/bin/env bash
# vectors.sh FILE...: judges every case of every file through the built wheel (scripts/vectors python).
source "$(dirname "$0")/../../scripts/lib.sh"
cd "$OLDPWD"   # file names are the caller's
python_room >&2
exec "$STATE/venv/bin/python" "$ROOT/bindings/python/vectors.py" "$@"
