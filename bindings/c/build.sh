#!/bin/sh
# build.sh [NAME...]: installs the library under target/c/prefix and builds the C programs there, found as any other project would find it:
# by pkg-config. Names: vectors misuse edits api client service (all when none is given).
set -eu
cd "$(dirname "$0")/../.."
bindings/c/install.sh target/c/prefix
export PKG_CONFIG_PATH="$PWD/target/c/prefix/lib/pkgconfig"
strict="-Wall -Wextra -Werror -pedantic -O1 -g"

compile() { # NAME STANDARD PACKAGES SOURCE...
    name=$1 standard=$2 packages=$3
    shift 3
    # shellcheck disable=SC2046,SC2086
    ${CC:-cc} -std=$standard $strict $(pkg-config --cflags oscartoki) "$@" -o "target/c/$name" \
        $(pkg-config --libs oscartoki $packages) -lpthread -Wl,-rpath,"$PWD/target/c/prefix/lib"
}

for name in ${*:-vectors misuse edits api client service}; do
    case $name in
        vectors) compile vectors c11 jansson bindings/c/tests/vectors.c bindings/c/tests/vectors_ops.c bindings/c/tests/vectors_steps.c ;;
        misuse) compile misuse c11 "" bindings/c/tests/misuse.c ;;
        edits | api) compile "$name" c99 "" "bindings/c/tests/$name.c" ;;
        client) compile client c99 libcurl examples/c/client.c ;;
        service) compile service c99 libmicrohttpd examples/c/service.c ;;
        *) echo "build.sh: no program named $name" >&2; exit 2 ;;
    esac
done
