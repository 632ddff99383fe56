#!/usr/bin/env bash
# Builds the Composer package into .oscar/dist/php/oscartoki: sources, the bare header, the library of this machine; and installs it into the
# project .oscar/php/app, where vectors, names, bench and examples find it. Prints the package's folder. Quick when nothing changed.
source "$(dirname "$0")/../../scripts/lib.sh"
source "$ROOT/bindings/php/room.sh"
cd "$ROOT/bindings/php"
have php && have composer || die "php and composer are missing: scripts/setup php installs them (Debian: php-cli composer)"
package=$STATE/dist/php/oscartoki

(cd "$ROOT" && cargo build -q --release -p liboscartoki) >&2

case $(uname -s) in
  Darwin) system=macos file=liboscartoki.dylib ;;
  *) system=$(uname -s | tr '[:upper:]' '[:lower:]') file=liboscartoki.so ;;
esac
lib=lib/$system-$(uname -m | sed 's/^arm64$/aarch64/; s/^amd64$/x86_64/')

# A file is replaced whole: who has it mapped keeps the old one.
put() { cmp -s "$1" "$package/$2" || { mkdir -p "$(dirname "$package/$2")" && cp "$1" "$package/$2.new" && mv "$package/$2.new" "$package/$2"; }; }
for each in composer.json README.md preload.php $(find src -name '*.php'); do put "$each" "$each"; done
for each in LICENSE-MIT LICENSE-APACHE include/oscartoki.ffi.h; do put "$ROOT/$each" "$each"; done
# Without what only UniFFI's generator reads, where that can be removed.
library=$STATE/php/$file
mkdir -p "$STATE/php"
if [ "$(uname -s)" = Linux ] && have strip; then strip -s -o "$library" "$(target)/release/$file"; else cp "$(target)/release/$file" "$library"; fi
put "$library" "$lib/$file"
# What is no longer there.
(cd "$package" && find src -name '*.php') | while read -r each; do [ -e "$each" ] || rm "$package/$each"; done

install_room "$package" >&2
printf '%s\n' "$package"
