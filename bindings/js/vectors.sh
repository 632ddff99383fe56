#!/usr/bin/env bash
# vectors.sh node|browser FILE...: judges files in the format of core/vectors/README.md through the built package: in Node through both doors, WASM and (where it is) the
# addon; in a page of headless Chromium.
source "$(dirname "$0")/lib.sh"
[ $# -ge 2 ] || { say "usage: vectors.sh node|browser FILE..."; exit 2; }
where=$1
shift
"$HERE/build.sh" >/dev/null
cp "$HERE/vectors.mjs" "$HERE/vectors-$where.mjs" "$HERE/page.mjs" "$WORK/app/"
files=()
for file in "$@"; do files+=("$(realpath -m "$file")"); done
exec node "$WORK/app/vectors-$where.mjs" "${files[@]}"
