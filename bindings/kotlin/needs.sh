# What the Kotlin room needs: rows of scripts/setup. Maven brings the rest (Kotlin, JNA, the frameworks) into its own cache.
jdk_is_new_enough() { have javac && [ "$(javac -version 2>&1 | sed -E 's/javac ([0-9]+).*/\1/')" -ge 17 ]; }
want "JDK >= 17" "openjdk-17-jdk-headless" jdk_is_new_enough
want "Maven" "maven" have mvn

# The arm64 library of Android is built and linked without the NDK, to look at it.
lld_is_there() { have ld.lld || [ -x "$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld" ]; }
want "lld (Android's arm64 library)" "lld" lld_is_there
rust_for_android_is_there() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/aarch64-linux-android/lib" ] || [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]
}
install_rust_for_android() {
  { have rustup && timeout 60 rustup target add aarch64-linux-android; } || apt-get install -yq --no-install-recommends rustc-web rust-web-src lld
}
want_by "Rust's library for arm64 Android" install_rust_for_android rust_for_android_is_there
