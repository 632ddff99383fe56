#!/usr/bin/env bash
# Builds the Composer package into .oscar/dist/php/oscartoki: sources, the bare header, the library of this machine. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
package=$root/.oscar/dist/php/oscartoki

(cd "$root" && cargo build -q --release -p liboscartoki) >&2

case $(uname -s) in
  Darwin) system=macos file=liboscartoki.dylib ;;
  *) system=$(uname -s | tr '[:upper:]' '[:lower:]') file=liboscartoki.so ;;
esac
lib=$package/lib/$system-$(uname -m | sed 's/^arm64$/aarch64/; s/^amd64$/x86_64/')
mkdir -p "$package/include" "$lib"

# A file is replaced whole: who has it mapped keeps the old one.
put() { cmp -s "$1" "$2" || { mkdir -p "$(dirname "$2")"; cp "$1" "$2.new" && mv "$2.new" "$2"; }; }
for each in composer.json README.md preload.php $(find src -name '*.php'); do put "$each" "$package/$each"; done
put "$root/include/oscartoki.ffi.h" "$package/include/oscartoki.ffi.h"
put "$target/release/$file" "$lib/$file"
for license in LICENSE-MIT LICENSE-APACHE; do put "$root/$license" "$package/$license"; done
# What is no longer there.
(cd "$package" && find src -name '*.php') | while read -r each; do [ -e "$each" ] || rm "$package/$each"; done
printf '%s\n' "$package"
