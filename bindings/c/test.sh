#!/bin/sh
# test.sh [--quick]: everything that must hold of the C door. --quick makes 100,000 calls in place of 1,000,000.
set -eu
cd "$(dirname "$0")/../.."
calls=1000000
if [ "${1:-}" = --quick ]; then calls=100000; fi
strict="-Wall -Wextra -Werror -pedantic"

say() { printf '%s\n' "-- $*"; }

say "the header is what bindings/c says"
cargo run -q --profile bindgen -p oscartoki-bindgen --bin c-header -- --check

say "the crate's own tests"
cargo test -q -p oscartoki-c

say "the programs"
bindings/c/build.sh

say "the header alone, as C99 and as C++17, and the library linked statically"
printf '#include <oscartoki.h>\nint main(void) { return oscar_abi_version() == OSCAR_ABI_VERSION ? 0 : 1; }\n' > target/c/header.c
cp target/c/header.c target/c/header.cpp
# shellcheck disable=SC2086
${CC:-cc} -std=c99 $strict -Iinclude target/c/header.c -o target/c/header target/c/prefix/lib/liboscartoki.a -lpthread -ldl -lm
target/c/header
# shellcheck disable=SC2086
${CXX:-c++} -std=c++17 $strict -Iinclude target/c/header.cpp -o target/c/header target/c/prefix/lib/liboscartoki.a -lpthread -ldl -lm
target/c/header

say "the API from C"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target/c/api "$work"

say "the README's program"
bindings/c/snippets.sh bindings/c/README.md

say "vectors"
target/c/vectors core/vectors/*.json

say "flips and edits"
target/c/edits 2000

say "misuse"
target/c/misuse "$calls" 1
if command -v valgrind > /dev/null; then
    valgrind -q --leak-check=full --error-exitcode=9 target/c/misuse 10000 2
    valgrind -q --leak-check=full --error-exitcode=9 target/c/edits 50
else
    say "valgrind is missing: install it (apt-get install valgrind)" >&2
    exit 1
fi

say "client and service over HTTP"
bindings/c/tests/http.sh
