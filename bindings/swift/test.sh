#!/usr/bin/env bash
# Tests the built package: Swift Testing (primitives, keys, threads, URLSession, v1, live against `oscar serve` and the example service), the README's
# quickstart in an empty project, a library of another version, docs on every public name, the package of scripts/package, every vector file.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
build=$root/.oscar/build/swift
passed=0 failed=0
check() { # WHAT COMMAND...
  local what=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAIL $what"; fi
}

./build.sh >&2
(cd "$root" && cargo build -q --release -p oscar)

echo "-- Swift Testing"
log=$(mktemp)
work=$(mktemp -d)
trap 'rm -rf "$log" "$work"' EXIT
# The run is over in seconds; a test that hangs must not hold everything up.
OSCAR=${CARGO_TARGET_DIR:-$root/target}/release/oscar OSCAR_SWIFT_SERVICE=$build/release/service \
  timeout --kill-after=5 600 ./run.sh swift test -c release --disable-testable-imports --disable-xctest --package-path checks --scratch-path "$build" >"$log" 2>&1 || true
grep -E '^(✘|↳|±)|error:|warning:|Test run with' "$log" || tail -n 40 "$log"
grep -q 'Test run with' "$log" || { failed=$((failed + 1)) && echo "FAIL the tests did not run"; }
passed=$((passed + $(grep -cE '^✔ Test [A-Za-z0-9]+\(.*\) passed after' "$log" || true)))
failed=$((failed + $(grep -cE '^✘ Test [A-Za-z0-9]+\(.*\) failed after' "$log" || true)))

echo "-- the README's quickstart in an empty project"
quickstart() {
  mkdir -p "$work/quickstart/Sources/quickstart"
  awk '/^```swift quickstart$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md >"$work/quickstart/Sources/quickstart/main.swift"
  sed "s|../dist/swift|$work/oscartoki|" checks/quickstart.swift >"$work/quickstart/Package.swift"
  cp -R "$root/.oscar/dist/swift" "$work/oscartoki"
  ./run.sh swift build -q -c release --package-path "$work/quickstart" && ./run.sh "$work/quickstart/.build/release/quickstart" | tee "$work/out"
  grep -qxE '[0-9a-f]{16} sent \{"amount":10\}' "$work/out" && grep -qx 200 "$work/out" && grep -qx 409 "$work/out"
}
check "the quickstart" quickstart

echo "-- a library of another version"
misfit() {
  sed -i.before 's/^public let version = .*/public let version = "9.9.9"/' "$work/oscartoki/Sources/Oscartoki/Door.swift"
  ./run.sh swift build -q -c release --package-path "$work/quickstart"
  ! ./run.sh "$work/quickstart/.build/release/quickstart" >"$work/out" 2>&1 && grep -q 'oscartoki 9.9.9 needs its own library, but found liboscartoki' "$work/out"
}
check "a library of another version is refused in words" misfit

echo "-- docs and package"
undocumented() { local names; names=$(./names.sh --undocumented) && [ -z "$names" ] || { echo "without a comment: $names"; return 1; }; }
check "every public name has a comment" undocumented
check "the package" checks/package.sh "$work/package"

echo "-- vectors"
./vectors.sh "$root"/core/vectors/*.json | tee "$work/out" || true
read -r good _ bad _ < <(tail -n 1 "$work/out")
passed=$((passed + good)) failed=$((failed + ${bad:-1}))
check "a wrong case fails, an unreadable file ends with 2" checks/wrong.sh "$build/release/vectors"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
