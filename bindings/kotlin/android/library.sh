# Classes and library for Android: sourced by ../package-android.sh and test.sh.

# ABI, and Rust's target.
ABIS=("arm64-v8a aarch64-linux-android" "armeabi-v7a armv7-linux-androideabi" "x86 i686-linux-android" "x86_64 x86_64-linux-android")
MIN_SDK=23

# Those of the jar, but for what stands on java.net.http and servlets.
classes_of_the_jar() {
  local out=$STATE/kotlin
  rm -rf "$out/android"
  mkdir -p "$out/android"
  cp -r "$out/oscartoki/classes" "$out/android/classes"
  rm -rf "$out/android/classes"/{linux,darwin}-*
  local class
  while read -r class; do
    rm -f "$class" "${class%.class}"\$*.class
  done < <(grep -rlE 'java/net/http|jakarta/servlet|java/util/concurrent/Flow' "$out/android/classes")
}

ndk() {
  local folder
  for folder in "${ANDROID_NDK_HOME:-}" "${ANDROID_NDK_ROOT:-}" "${NDK_HOME:-}" "${ANDROID_HOME:-/nowhere}"/ndk/* "${ANDROID_SDK_ROOT:-/nowhere}"/ndk/*; do
    [ -n "$folder" ] && [ -d "$folder/toolchains/llvm/prebuilt" ] && { printf '%s\n' "$folder"; return; }
  done
  return 1
}

# Rust's standard library for a target: there, or from rustup within a minute, or built from Debian's sources. Prints how cargo is to be called.
rust_for() { # TARGET
  local sysroot; sysroot=$(rustc --print sysroot)
  if [ -d "$sysroot/lib/rustlib/$1/lib" ] || { have rustup && timeout 60 rustup target add "$1" >&2 && [ -d "$sysroot/lib/rustlib/$1/lib" ]; }; then
    printf 'cargo build\n'
  elif [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    printf 'env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 cargo build -Z build-std=std,panic_unwind\n'
  else
    say "Rust's standard library for $1 is not here: rustup target add $1, or apt-get install rustc-web rust-web-src lld"
    return 1
  fi
}

lld() {
  local host; host=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
  if [ -x "$host" ]; then printf '%s\n' "$host"; elif have ld.lld; then command -v ld.lld; else say "no lld: rustup brings rust-lld, Debian the package lld"; return 1; fi
}

# Whether a library is one for Android: machine, pages of 16 KiB, no text relocations, both doors.
judge_elf() { # FILE MACHINE
  local symbols
  readelf -hW "$1" | grep -q "Machine: *$2" || { say "$1 is not for $2"; return 1; }
  local align segments=0
  while read -r align; do
    segments=$((segments + 1))
    [ $((align % 16384)) -eq 0 ] || { say "$1: a segment is not aligned to 16 KiB"; return 1; }
  done < <(readelf -lW "$1" | awk '$1 == "LOAD" {print $NF}')
  [ "$segments" -gt 0 ] || { say "$1 has nothing to load"; return 1; }
  ! readelf -dW "$1" | grep -qE 'TEXTREL|RPATH|RUNPATH' || { say "$1 has text relocations or a path of its own"; return 1; }
  symbols=$(nm -D --defined-only "$1")
  grep -q ' oscar_client_sign_packed$' <<<"$symbols" && grep -q ' uniffi_oscartoki_fn_' <<<"$symbols" || { say "$1 does not show both doors"; return 1; }
}
