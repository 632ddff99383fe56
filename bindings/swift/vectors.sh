#!/usr/bin/env bash
# vectors.sh FILE...: judges every case of every file through the public API of the built package (scripts/vectors swift).
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/build.sh" >&2 && exec "$here/run.sh" "$here/../../.oscar/build/swift/release/vectors" "$@"
