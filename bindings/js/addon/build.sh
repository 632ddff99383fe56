#!/usr/bin/env bash
# Compiles the addon for this machine into .oscar/js/prebuilt: one C file beside the static library. Quick when nothing changed.
source "$(dirname "$0")/../lib.sh"
js_tools
(cd "$ROOT" && cargo build -q --release -p liboscartoki)
out=$WORK/prebuilt/oscartoki-$(node -p 'process.platform + "-" + process.arch').node
library=$TARGET/release/liboscartoki.a
# Only what Node looks for is seen from outside.
if [ ! -e "$out" ] || [ "$library" -nt "$out" ] || [ "$HERE/addon/addon.c" -nt "$out" ] || [ "$HERE/addon/build.sh" -nt "$out" ]; then
  mkdir -p "$WORK/prebuilt"
  "${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden -I"$WORK/node_modules/node-api-headers/include" -I"$ROOT/include" \
    "$HERE/addon/addon.c" "$library" -o "$out.new" -Wl,--gc-sections -Wl,--exclude-libs,ALL -s -lpthread -ldl -lm
  mv "$out.new" "$out"
fi
