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

# Libraries of bionic with nothing in them (who links asks for them by name), and a linker that takes what is meant for a compiler's driver too.
stubs() { # FOLDER TARGET
  local lld name flavor=; lld=$(lld) || return
  [[ $lld != *rust-lld ]] || flavor='-flavor gnu'
  cat >"$1/link" <<LINK
#!/usr/bin/env bash
[ "\$1" != -flavor ] || shift 2
given=()
for one in "\$@"; do
  case \$one in -Wl,*) IFS=, read -ra several <<<"\${one#-Wl,}"; given+=("\${several[@]}") ;; *) given+=("\$one") ;; esac
done
exec "$lld" $flavor "\${given[@]}"
LINK
  chmod +x "$1/link"
  printf '#![no_std]\n' >"$1/stub.rs"
  rustc --edition 2024 --target "$2" --crate-name stub --crate-type lib --emit obj -C panic=abort -o "$1/stub.o" "$1/stub.rs" || return
  for name in c m dl log unwind; do "$1/link" -shared -soname "lib$name.so" "$1/stub.o" -o "$1/lib$name.so" || return; done
}
arm64() {
  local stubs=$STATE/kotlin/bionic made=$(target)/aarch64-linux-android/release/liboscartoki.so how unknown
  mkdir -p "$stubs"
  how=$(rust_for aarch64-linux-android) && stubs "$stubs" aarch64-linux-android || return
  CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER=$stubs/link RUSTFLAGS="-C linker-flavor=ld.lld -C link-arg=-zmax-page-size=16384 -C link-arg=-L$stubs" \
    $how -q --release -p liboscartoki --target aarch64-linux-android && judge_elf "$made" AArch64 || return
  # What it asks bionic for must be there in API 23, or be weak.
  unknown=$(nm -D --undefined-only "$made" | awk '$1 == "U" {print $2}' | grep -vxF -f <(tr ' ' '\n' <"$here/bionic-23.txt") || true)
  [ -z "$unknown" ] || { say "not in API 23: $unknown"; return 1; }
}
check "the arm64 library links with pages of 16 KiB" arm64
judges() {
  local mine=$(target)/release/liboscartoki.so told
  told=$(judge_elf "$mine" AArch64 2>&1 || true; judge_elf "$mine" "$(readelf -hW "$mine" | sed -n 's/.*Machine: *//p')" 2>&1 || true)
  grep -q 'is not for AArch64' <<<"$told" && grep -q 'aligned to 16 KiB' <<<"$told"
}
check "a library of this machine is refused, for its machine and for its pages" judges
without_ndk() {
  ndk >/dev/null && return
  local folder; folder=$(mktemp -d)
  ! "$here/../package-android.sh" "$folder" 2>"$folder/said" && grep -q 'ANDROID_NDK_HOME' "$folder/said" && [ -z "$(ls "$folder" | grep aar)" ]
}
check "without an NDK the package is not made, and a sentence says why" without_ndk
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
