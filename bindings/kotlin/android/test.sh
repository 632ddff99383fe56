#!/usr/bin/env bash
# What can be checked of the AAR without the NDK: the classes use nothing that API 23 lacks, the tests pass (among Android's own where Robolectric resolves, else on the plain
# JVM), and the arm64 library builds and links with pages of 16 KiB against stubs of bionic. Ends with `N passed, N failed`.
source "$(dirname "$0")/../../../scripts/lib.sh"
here=$ROOT/bindings/kotlin/android
source "$here/library.sh"
passed=0 failed=0
check() { # NAME COMMAND...
  local name=$1; shift
  if "$@"; then passed=$((passed + 1)); say "ok   $name"; else failed=$((failed + 1)); say "FAIL $name"; fi
}

"$ROOT/bindings/kotlin/build.sh" >&2

classes() {
  local log=$LOGS/kotlin-android-maven.log maven=(mvn -B -ntp -q -f "$here/pom.xml" package)
  classes_of_the_jar
  "${maven[@]}" -Probolectric >"$log" 2>&1 && { say "under Robolectric"; return; }
  if grep -qE 'Could not (resolve|find|transfer)|Could not collect' "$log"; then
    say "Robolectric does not resolve here: on the plain JVM"
    "${maven[@]}" >"$log" 2>&1 && return
  fi
  grep -vE '^[[:space:]]*at ' "$log" | head -n 40 >&2
  return 1
}
check "classes against API 23, and their tests" classes
tests() {
  local ran; ran=$(sed -nE 's/.*<testsuite .* tests="([0-9]+)".*/\1/p' "$STATE"/kotlin/android/surefire-reports/*.xml | awk '{ran += $1} END {print ran + 0}')
  say "$ran tests ran"
  [ "$ran" -ge 3 ]
}
check "tests ran" tests

# A library of bionic that has the symbols of the list and nothing behind them.
stubs() { # FOLDER TARGET
  local folder=$1 library
  for library in $(sed -n 's/^\(lib[a-z]*\.so\) .*/\1/p' "$here/bionic-23.txt" | sort -u); do
    { printf '#![no_std]\n'; sed -n "s/^$library //p" "$here/bionic-23.txt" | tr ' ' '\n' | sed 's/.*/#[unsafe(no_mangle)] pub extern "C" fn &() {}/'; } >"$folder/$library.rs"
    rustc --edition 2024 --target "$2" --crate-name stub --crate-type lib --emit obj -C panic=abort -O -A warnings -o "$folder/$library.o" "$folder/$library.rs" || return
    "$(lld)" -flavor gnu -shared -soname "$library" "$folder/$library.o" -o "$folder/$library" || return
  done
}
link() { # FLAG...: the library, linked against the stubs
  local stubs=$STATE/kotlin/bionic how lld
  mkdir -p "$stubs"
  lld=$(lld) && how=$(rust_for aarch64-linux-android) && stubs "$stubs" aarch64-linux-android || return
  # shellcheck disable=SC2086
  CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER=$lld \
    RUSTFLAGS="-C linker-flavor=ld.lld -C link-arg=-zdefs -C link-arg=-L$stubs $*" $how -q --release -p liboscartoki --target aarch64-linux-android
}
arm64() {
  link "-C link-arg=-zmax-page-size=16384" && judge_elf "$(target)/aarch64-linux-android/release/liboscartoki.so" AArch64
}
check "the arm64 library links with pages of 16 KiB" arm64
judges() { ! judge_elf "$(target)/release/liboscartoki.so" AArch64 2>/dev/null && ! judge_elf "$(target)/release/liboscartoki.so" X86-64 2>/dev/null; }
check "a library of this machine is refused, for its machine and for its pages" judges
without_ndk() {
  ndk >/dev/null && return
  local folder; folder=$(mktemp -d)
  ! "$here/../package-android.sh" "$folder" 2>"$folder/said" && grep -q 'ANDROID_NDK_HOME' "$folder/said" && [ -z "$(ls "$folder" | grep aar)" ]
}
check "without an NDK the package is not made, and a sentence says why" without_ndk
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
