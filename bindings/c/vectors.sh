#!/bin/sh
# vectors.sh FILE...: judges every case of every file through the public C API (scripts/vectors c).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
"$root/bindings/c/build.sh" vectors
exec "$root/target/c/vectors" "$@"
