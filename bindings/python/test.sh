#!/usr/bin/env bash
# Tests the built wheel in a clean virtual environment: pytest on the extension, again on ctypes, mypy, every vector file. --quick leaves the servers out.
# The live tests of TCX and the hub meet $OSCAR, or the `oscar` that is built here; those of Redis need redis-server.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
venv=$root/.oscar/venv-test
wheel=$(./build.sh)

# Clean: made anew when the wheel or the list of packages is another.
packages='pytest mypy httpx requests types-requests uvicorn fastapi flask django gunicorn httptools pyjwt itsdangerous websockets'
state="$packages $(sha256sum "$wheel") $("${PYTHON:-python3}" --version)"
if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$state" ]; then
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install -q $packages
  "$venv/bin/pip" install -q --no-deps "$wheel"
  echo "$state" > "$venv/.stamp"
fi
python=$venv/bin/python

# From another folder, so that the wheel is imported and never the source beside this script.
run() { (cd "$root/.oscar" && PYTHONDONTWRITEBYTECODE=1 "$@"); }
skip=()
if [ "${1:-}" = --quick ]; then
  skip=(-m 'not servers')
elif [ -z "${OSCAR:-}" ]; then
  (cd "$root" && cargo build -q --release -p oscar)
  export OSCAR=${CARGO_TARGET_DIR:-$root/target}/release/oscar
fi
run "$python" -m pytest -q -p no:cacheprovider "${skip[@]}" "$root/bindings/python/tests"
OSCARTOKI_NO_EXTENSION=1 run "$python" -m pytest -q -p no:cacheprovider -m 'not servers' "$root/bindings/python/tests"
run "$python" -m mypy --strict -p oscartoki
run "$python" -m mypy --strict "$root/bindings/python/tests/usage.py"
run "$python" "$root/bindings/python/vectors.py" "$root"/core/vectors/*.json "$root"/core/vectors/neighbours/*.json
OSCARTOKI_NO_EXTENSION=1 run "$python" "$root/bindings/python/vectors.py" "$root"/core/vectors/*.json "$root"/core/vectors/neighbours/*.json
