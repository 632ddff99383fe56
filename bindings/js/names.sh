#!/usr/bin/env bash
# Prints the public names of the built package, one a line: by reflection, and options by its types. For scripts/names.
source "$(dirname "$0")/lib.sh"
"$HERE/build.sh" >/dev/null 2>&1
cp "$HERE/names.mjs" "$WORK/app/"
exec node "$WORK/app/names.mjs"
