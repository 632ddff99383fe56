#!/usr/bin/env bash
# Builds the package that a user adds to Package.swift, .oscar/dist/swift: the sources, the generated code, the static library with its headers;
# then, against that, the vector runner and the examples. Prints the package's folder. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
dist=$root/.oscar/dist/swift
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)

(cd "$root" && cargo build -q --release -p liboscartoki && cargo build -q --profile bindgen -p oscartoki-bindgen --bin uniffi-bindgen) >&2

# By content: cargo links the library anew without a change.
state=$(cat "$target/release/liboscartoki.a" "$root/include/oscartoki.h" Package.swift README.md build.sh $(find Sources -type f | sort) | sha256sum)
if [ "$(cat "$dist/.stamp" 2>/dev/null)" != "$state" ]; then
  rm -f "$dist/.stamp"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cp -R Package.swift README.md Sources "$work/"
  mkdir -p "$work/Sources/OscartokiNative" "$work/Sources/COscartoki/lib"
  for crate in oscartoki oscartoki_bridge; do
    (cd "$root" && "$target/bindgen/uniffi-bindgen" generate --library "$target/release/liboscartoki.so" \
      --language swift --no-format --crate "$crate" --out-dir "$work/generated")
  done
  mv "$work"/generated/*.swift "$work/Sources/OscartokiNative/"
  mv "$work"/generated/*.h "$work/Sources/COscartoki/"
  rm -r "$work/generated"
  cp "$root/include/oscartoki.h" "$work/Sources/COscartoki/"
  # Alone in its folder, so that it is linked and no shared library beside it.
  cp "$target/release/liboscartoki.a" "$work/Sources/COscartoki/lib/"
  cat >"$work/Sources/COscartoki/oscartoki.pc" <<PC
Name: oscartoki
Description: Rolling, mutual, request-bound tokens
Version: $version
Libs: -L\${pcfiledir}/lib -loscartoki
PC
  # What did not change keeps its time, so that SwiftPM compiles only what did.
  mkdir -p "$dist"
  (cd "$work" && find . -type f) | while read -r file; do
    cmp -s "$work/$file" "$dist/$file" || { mkdir -p "$dist/$(dirname "$file")" && cp "$work/$file" "$dist/$file"; }
  done
  (cd "$dist" && find . -path ./.build -prune -o -type f -print) | while read -r file; do
    [ -e "$work/$file" ] || rm "$dist/$file"
  done
  echo "$state" >"$dist/.stamp"
fi

# By what they are made of: to ask SwiftPM takes seconds.
build=$root/.oscar/build/swift
state=$(cat "$dist/.stamp" $(find checks -type f | sort) $(find "$root/examples/swift" -type f | sort) | sha256sum)
if [ "$(cat "$build/.stamp" 2>/dev/null)" != "$state" ]; then
  mkdir -p "$build"
  for product in vectors client service bench; do
    ./run.sh swift build -q -c release --package-path checks --scratch-path "$build" --product "$product" >&2
  done
  echo "$state" >"$build/.stamp"
fi
echo "$dist"
