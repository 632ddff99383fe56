#!/bin/sh
# snippets.sh FILE...: compiles and runs every C program (a block that begins with ```c and has a main) of these Markdown files.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
"$root/bindings/c/install.sh" "$root/target/c/prefix"
export PKG_CONFIG_PATH="$root/target/c/prefix/lib/pkgconfig"
out="$root/target/c/snippets"
for file in "$@"; do
    rm -rf "$out"
    mkdir -p "$out"
    awk -v out="$out" '
        /^```c$/ { inside = 1; text = ""; next }
        /^```$/ && inside { inside = 0; if (text ~ /int main\(/) { path = out "/" ++n ".c"; printf "%s", text > path; close(path) } }
        inside { text = text $0 "\n" }' "$file"
    for program in "$out"/*.c; do
        [ -e "$program" ] || continue
        # shellcheck disable=SC2046
        ${CC:-cc} -std=c99 -Wall -Wextra -Werror $(pkg-config --cflags oscartoki) "$program" -o "${program%.c}" \
            $(pkg-config --libs oscartoki) -Wl,-rpath,"$root/target/c/prefix/lib"
        "${program%.c}"
    done
done
