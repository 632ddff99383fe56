#!/usr/bin/env bash
# Everything that must hold of the C++ room, on the packaged headers and library: ctest under the address and undefined behaviour sanitizers, all
# vectors, the README's program in an empty project, the examples against each other and against those in C.
source "$(dirname "$0")/../../scripts/lib.sh"
bindings/cpp/build.sh
prefix=$STATE/cpp/prefix
failed=0 passed=0
check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); say "FAILED: $name"; fi
}

sanitized() {
  cmake -S bindings/cpp -B "$STATE/cpp/sanitized" -DCMAKE_PREFIX_PATH="$prefix" -DOSCARTOKI_SANITIZE=ON >/dev/null &&
    cmake --build "$STATE/cpp/sanitized" -j2 >/dev/null &&
    ctest --test-dir "$STATE/cpp/sanitized" --output-on-failure
}

# A file with a wrong case fails, and one that is none is an error of its own.
vectors_judge() {
  local work code
  work=$(mktemp -d)
  printf '%s' '{"schema":1,"about":"","cases":[
    {"name":"good","op":"key.parse","in":{"text":"os2.","kind":"secret"},"expect":{"error":"malformed"}},
    {"name":"another error","op":"key.parse","in":{"text":"os2.","kind":"secret"},"expect":{"error":"stale"}},
    {"name":"no such error","op":"key.parse","in":{"text":"os2.","kind":"secret"},"expect":{"error":"nonsense"}},
    {"name":"no such op","op":"nonsense","in":{},"expect":{"ok":{}}},
    {"name":"no such member","op":"v1.mint","in":{"key":"a","now_ms":1795300000000,"nonsense":1},"expect":{"ok":{}}},
    {"name":"another toki","op":"v1.mint","in":{"key":"a","now_ms":1795300000000},"expect":{"ok":{"toki":"x"}}}]}' >"$work/wrong.json"
  echo '{' >"$work/none.json"
  code=0; "$STATE/cpp/build/vectors" "$work/wrong.json" >"$work/out" || code=$?
  [ "$code" = 1 ] && [ "$(grep -c '^FAIL wrong.json: ' "$work/out")" = 5 ] && [ "$(tail -n 1 "$work/out")" = "1 passed, 5 failed" ] || { cat "$work/out"; return 1; }
  code=0; "$STATE/cpp/build/vectors" "$work/none.json" 2>/dev/null >/dev/null || code=$?
  rm -rf "$work"
  [ "$code" = 2 ]
}

# The README's project: the tarball, a CMakeLists.txt and a main.cpp, nothing else; once more by pkg-config, and linked statically.
quickstart() {
  local work; work=$(mktemp -d)
  tar -C "$work" -xzf "$STATE"/dist/cpp/oscartoki-*.tar.gz
  local unpacked; unpacked=$(echo "$work"/oscartoki-*)
  block() { awk -v lang="$1" '$0 == "```" lang && !done { inside = 1; next } /^```$/ && inside { inside = 0; done = 1 } inside' bindings/cpp/README.md; }
  mkdir "$work/empty"
  block cpp >"$work/empty/main.cpp"
  block cmake >"$work/empty/CMakeLists.txt"
  cmake -S "$work/empty" -B "$work/empty/build" -DCMAKE_PREFIX_PATH="$unpacked" >"$work/log" 2>&1 && cmake --build "$work/empty/build" >>"$work/log" 2>&1 || { cat "$work/log"; return 1; }
  "$work/empty/build/quickstart" | tee "$work/out"
  grep -q '^verified' "$work/out" || return 1
  export PKG_CONFIG_PATH=$unpacked/lib/pkgconfig
  # shellcheck disable=SC2046
  "${CXX:-c++}" -std=c++17 "$work/empty/main.cpp" $(pkg-config --cflags --libs oscartoki) -o "$work/by-pkg-config" -Wl,-rpath,"$unpacked/lib" || return 1
  "$work/by-pkg-config" | grep -q '^verified' || return 1
  # shellcheck disable=SC2046
  "${CXX:-c++}" -std=c++17 "$work/empty/main.cpp" $(pkg-config --cflags oscartoki) "$unpacked/lib/liboscartoki.a" -lpthread -ldl -lm -o "$work/static" || return 1
  "$work/static" | grep -q '^verified' || return 1
  rm -rf "$work"
}

# Other lines of versions are refused by CMake.
versions() {
  local work wanted; work=$(mktemp -d)
  for wanted in 0.1 0.1.0 0.2 1.0 0.0; do
    mkdir -p "$work/$wanted"
    printf 'cmake_minimum_required(VERSION 3.18)\nproject(v CXX)\nfind_package(oscartoki %s REQUIRED)\n' "$wanted" >"$work/$wanted/CMakeLists.txt"
    if cmake -S "$work/$wanted" -B "$work/$wanted/b" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null 2>&1; then echo "$wanted"; fi
  done >"$work/found"
  [ "$(paste -sd ' ' "$work/found")" = "0.1 0.1.0" ] || { cat "$work/found"; return 1; }
  rm -rf "$work"
}

bindings/c/build.sh api client service
check "ctest, sanitized" sanitized
check "the vectors runner judges" vectors_judge
check "vectors, released" "$STATE/cpp/build/vectors" core/vectors/*.json core/vectors/neighbours/*.json
check "the README's project" quickstart
check "versions of the CMake package" versions
check "C++ client, C++ service" bindings/c/tests/http.sh examples/cpp/client examples/cpp/service
check "C client, C++ service" bindings/c/tests/http.sh target/c/client examples/cpp/service
check "C++ client, C service" bindings/c/tests/http.sh examples/cpp/client target/c/service
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
