#!/usr/bin/env bash
# Builds the wheel `oscartoki` into .oscar/wheels: the library (release), the extension, then maturin, which runs UniFFI's generator.
# Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
venv=$root/.oscar/venv-build
wheels=$root/.oscar/wheels
target=${CARGO_TARGET_DIR:-$root/target}

if [ ! -x "$venv/bin/maturin" ]; then
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install -q 'maturin>=1.16,<2'
fi

(cd "$root" && cargo build -q --release -p liboscartoki && cargo build -q --profile bindgen -p oscartoki-bindgen --bin uniffi-bindgen)

fast=python/oscartoki/_fast.abi3.so
library=$target/release/liboscartoki.so
if [ ! -e "$fast" ] || [ _fast.c -nt "$fast" ] || [ "$root/include/oscartoki.h" -nt "$fast" ]; then
  # The address of the library is beside the extension, in the wheel.
  "${CC:-cc}" -O2 -Wall -Wextra -shared -fPIC -I"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
    -I"$root/include" _fast.c -o "$fast" -L"$target/release" -loscartoki -Wl,-rpath,'$ORIGIN/_native'
fi

# By content: maturin and cargo link the same library in turn, so its time says nothing.
state=$(cat "$library" "$fast" pyproject.toml README.md build.sh $(find python -name '*.py' -o -name '*.pyi' | sort) | sha256sum)
stamp=$wheels/.stamp
if [ "$(cat "$stamp" 2>/dev/null)" != "$state" ] || ! ls "$wheels"/oscartoki-*.whl >/dev/null 2>&1; then
  # An interrupted maturin leaves an empty wheel under the final name.
  rm -rf "$wheels"
  mkdir -p "$wheels"
  PATH="$target/bindgen:$PATH" "$venv/bin/maturin" build -q --release -o "$wheels" 1>&2
  echo "$state" > "$stamp"
fi
ls "$wheels"/oscartoki-*.whl
