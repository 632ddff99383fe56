#!/usr/bin/env bash
# vectors.sh FILE...: judges every case of every file through the C++ API of the packaged headers (scripts/vectors cpp).
set -euo pipefail
room=$(cd "$(dirname "$0")" && pwd)
"$room/build.sh" vectors >&2
exec "$room/../../.oscar/cpp/build/vectors" "$@"
