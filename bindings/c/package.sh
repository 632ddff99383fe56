#!/bin/sh
# package.sh FOLDER: the tarball for C and C++ programs (scripts/package c): headers, shared library with soname, static library, pkg-config and
# CMake package. Unpack it anywhere. Prints its path, and on stderr how large the shared library is; over 1.5 MB is an error.
set -eu
mkdir -p "${1:?usage: package.sh FOLDER}"
folder=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
name=oscartoki-$version-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/bindings/c/install.sh" "$work/$name"
mkdir -p "$work/$name/share/doc/oscartoki"
cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$root/CHANGELOG.md" "$work/$name/share/doc/oscartoki/"
cp "$root/bindings/c/README.md" "$work/$name/share/doc/oscartoki/c.md"
cp "$root/bindings/cpp/README.md" "$work/$name/share/doc/oscartoki/cpp.md"
for library in "$work/$name"/lib/liboscartoki.so.*.*.* "$work/$name"/lib/liboscartoki.[0-9]*.dylib; do
    [ -e "$library" ] || continue
    size=$(($(wc -c < "$library")))
    echo "the stripped shared library: $size bytes" >&2
    [ "$size" -le 1572864 ] || { echo "package.sh: it must not be over 1.5 MB" >&2; exit 1; }
done
tar -C "$work" -czf "$folder/$name.tar.gz" "$name"
echo "$folder/$name.tar.gz"
