#!/bin/sh
# install.sh PREFIX: header, shared and static library, and oscartoki.pc. Builds what is missing.
set -eu
prefix=${1:?usage: install.sh PREFIX}
root=$(cd "$(dirname "$0")/../.." && pwd)
cargo build -q --release --manifest-path "$root/Cargo.toml" -p liboscartoki
mkdir -p "$prefix/include" "$prefix/lib/pkgconfig"
prefix=$(cd "$prefix" && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
cp "$root/include/oscartoki.h" "$prefix/include/"
for built in liboscartoki.so liboscartoki.dylib liboscartoki.a; do
    if [ -e "$root/target/release/$built" ]; then cp "$root/target/release/$built" "$prefix/lib/"; fi
done
sed "s|@PREFIX@|$prefix|; s|@VERSION@|$version|" "$root/bindings/c/oscartoki.pc.in" > "$prefix/lib/pkgconfig/oscartoki.pc"
