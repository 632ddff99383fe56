#!/usr/bin/env bash
# bench.sh [--json]: signing and verifying in Node beside the same by hand and beside named peers, through both doors; both sides in turns in one process.
source "$(dirname "$0")/lib.sh"
"$HERE/build.sh" >/dev/null 2>&1
cp "$HERE/bench.mjs" "$WORK/app/"
exec node "$WORK/app/bench.mjs" "$@"
