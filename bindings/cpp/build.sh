#!/usr/bin/env bash
# build.sh [TARGET...]: makes the tarball that a user installs (.oscar/dist/cpp), unpacks it into .oscar/cpp/prefix and builds against it, as any
# other project would: client, service and vectors when no target is named.
source "$(dirname "$0")/../../scripts/lib.sh"
have cmake || die "cmake is missing: scripts/setup cpp installs it"
room=$STATE/cpp
mkdir -p "$room/prefix" "$STATE/dist/cpp"
tarball=$(bindings/c/package.sh "$STATE/dist/cpp")

# What is the same stays untouched, so that nothing is compiled again.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$work" --strip-components=1 -xzf "$tarball"
(cd "$work" && find . -type d) | while read -r folder; do mkdir -p "$room/prefix/$folder"; done
(cd "$work" && find . ! -type d) | while read -r file; do
  if [ -L "$work/$file" ] || ! cmp -s "$work/$file" "$room/prefix/$file"; then cp -Pf "$work/$file" "$room/prefix/$file"; fi
done

cmake -S bindings/cpp -B "$room/build" -DCMAKE_PREFIX_PATH="$room/prefix" -DCMAKE_BUILD_TYPE=Release >"$room/cmake.log" 2>&1 || { cat "$room/cmake.log" >&2; die "CMake does not configure: scripts/setup cpp"; }
[ $# -gt 0 ] || set -- client service vectors
cmake --build "$room/build" -j2 --target "$@" >"$room/build.log" 2>&1 || { cat "$room/build.log" >&2; die "the C++ programs do not build"; }
