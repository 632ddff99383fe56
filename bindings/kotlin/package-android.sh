#!/usr/bin/env bash
# package-android.sh FOLDER: the AAR com.oscartoki:oscartoki for Android (scripts/package android): the sources of the jar without java.net.http and servlets, the library
# for four ABIs with pages of 16 KiB, rules for R8, minSdk 23. Needs the NDK and cargo-ndk.
source "$(dirname "$0")/../../scripts/lib.sh"
[ $# -eq 1 ] || { say "usage: package-android.sh FOLDER"; exit 2; }
mkdir -p "$1"
folder=$(cd "$OLDPWD" && cd "$1" && pwd)
here=$ROOT/bindings/kotlin/android
source "$here/library.sh"

ndk=$(ndk) || die "the AAR needs Android's NDK (r27 or later): install it with sdkmanager 'ndk;27.2.12479018', or from developer.android.com/ndk/downloads, and set ANDROID_NDK_HOME to its folder. Without it, bindings/kotlin/android/test.sh checks classes and arm64 library as far as can be"
have cargo-ndk || die "the AAR needs cargo-ndk: cargo install cargo-ndk --locked"

aar=$STATE/kotlin/aar
rm -rf "$aar"
mkdir -p "$aar/jni"
"$ROOT/bindings/kotlin/build.sh" >&2
for row in "${ABIS[@]}"; do
  read -r abi triple <<<"$row"
  rust_for "$triple" >/dev/null
  ANDROID_NDK_HOME=$ndk RUSTFLAGS="-C link-arg=-Wl,-z,max-page-size=16384" \
    cargo ndk --target "$abi" --platform "$MIN_SDK" --output-dir "$aar/jni" -- build -q --release -p liboscartoki
done
judge_elf "$aar/jni/arm64-v8a/liboscartoki.so" AArch64
judge_elf "$aar/jni/x86_64/liboscartoki.so" X86-64

jar=$(dirname "$(readlink -f "$(command -v javac)")")/jar
classes_of_the_jar
mvn -B -ntp -q -f "$here/pom.xml" animal-sniffer:check@api >&2
"$jar" --create --no-manifest --file "$aar/classes.jar" -C "$STATE/kotlin/android/classes" .
cp "$here/AndroidManifest.xml" "$here/proguard.txt" "$aar/"
: >"$aar/R.txt"
rm -f "$folder/oscartoki-android-0.1.0.aar"
(cd "$aar" && "$jar" --create --no-manifest --file "$folder/oscartoki-android-0.1.0.aar" AndroidManifest.xml classes.jar proguard.txt R.txt jni)
cp "$here/oscartoki.pom" "$folder/oscartoki-android-0.1.0.pom"
say "$folder/oscartoki-android-0.1.0.aar"
