#!/bin/sh
# install.sh PREFIX: headers of C and C++, shared and static library, oscartoki.pc and the CMake package, all of which may be moved together.
# Builds what is missing. The shared library here shows the C door alone; that of the other rooms shows UniFFI's beside it.
set -eu
prefix=${1:?usage: install.sh PREFIX}
root=$(cd "$(dirname "$0")/../.." && pwd)
built=${CARGO_TARGET_DIR:-$root/target}/release
cargo build -q --release --manifest-path "$root/Cargo.toml" -p liboscartoki
mkdir -p "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/oscartoki"
prefix=$(cd "$prefix" && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
abi=$(sed -n 's/^#define OSCAR_ABI_VERSION \([0-9]*\)$/\1/p' "$root/include/oscartoki.h")

# Into place by a rename, so that a program that is running keeps what it has.
place() { # FILE TARGET
    cp "$1" "$2.new"
    mv -f "$2.new" "$2"
}
place "$root/include/oscartoki.h" "$prefix/include/oscartoki.h"
cp -R "$root/bindings/cpp/include/." "$prefix/include/"

if [ ! -e "$prefix/lib/liboscartoki.a" ] || [ "$built/liboscartoki.a" -nt "$prefix/lib/liboscartoki.a" ]; then
    case $(uname -s) in
        Darwin)
            shared=liboscartoki.$abi.dylib
            ${CC:-cc} -dynamiclib -Wl,-force_load,"$built/liboscartoki.a" -Wl,-dead_strip -Wl,-exported_symbol,'_oscar_*' \
                -install_name "@rpath/$shared" -o "$prefix/lib/$shared.new"
            strip -x "$prefix/lib/$shared.new"
            link=liboscartoki.dylib ;;
        *)
            shared=liboscartoki.so.$abi.$version
            exports=$(mktemp)
            printf '{ global: oscar_*; local: *; };\n' > "$exports"
            ${CC:-cc} -shared -Wl,--whole-archive "$built/liboscartoki.a" -Wl,--no-whole-archive -Wl,--gc-sections \
                -Wl,--version-script="$exports" -Wl,-soname,"liboscartoki.so.$abi" -Wl,-z,relro,-z,now -Wl,-z,defs \
                -o "$prefix/lib/$shared.new" -lpthread -ldl -lm -lgcc_s
            rm "$exports"
            strip --strip-unneeded "$prefix/lib/$shared.new"
            ln -sf "$shared" "$prefix/lib/liboscartoki.so.$abi"
            link=liboscartoki.so ;;
    esac
    mv -f "$prefix/lib/$shared.new" "$prefix/lib/$shared"
    ln -sf "$shared" "$prefix/lib/$link"
    cp "$built/liboscartoki.a" "$prefix/lib/liboscartoki.a.new"
    strip -S "$prefix/lib/liboscartoki.a.new"
    mv -f "$prefix/lib/liboscartoki.a.new" "$prefix/lib/liboscartoki.a"
    touch -r "$built/liboscartoki.a" "$prefix/lib/liboscartoki.a"
fi

sed "s|@VERSION@|$version|" "$root/bindings/c/oscartoki.pc.in" > "$prefix/lib/pkgconfig/oscartoki.pc"
for file in oscartokiConfig.cmake oscartokiConfigVersion.cmake; do
    sed "s|@VERSION@|$version|" "$root/bindings/c/cmake/$file.in" > "$prefix/lib/cmake/oscartoki/$file"
done
