#!/usr/bin/env bash
# package.sh FOLDER: what a user of the package gets.
# On macOS: Oscartoki.xcframework.zip (macOS, iOS and its simulator) with its checksum, and a source archive whose Package.swift names it; needs Xcode
# and the Rust targets below. On Linux: the package as a tarball, with the static library inside.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
out=${1:?usage: package.sh FOLDER}
mkdir -p "$out"
out=$(cd "$out" && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The folder that an XCFramework takes as headers: each module of Sources/COscartoki in a folder of its name, where clang looks for it; Xcode puts the
# headers of all frameworks into one place, and a module map beside another's would be lost.
headers() { # FOLDER
  local module
  for module in $(sed -n 's/^module \([A-Za-z_]*\) .*/\1/p' "$dist/Sources/COscartoki/module.modulemap"); do
    mkdir -p "$1/$module"
    sed -n "/^module $module /,/^}/p" "$dist/Sources/COscartoki/module.modulemap" >"$1/$module/module.modulemap"
    cp "$dist/Sources/COscartoki/$(sed -n 's/.*header "\(.*\)"/\1/p' "$1/$module/module.modulemap")" "$1/$module/"
  done
}

# The package whose native part is a binary target.
binary_package() { # FOLDER URL CHECKSUM
  mkdir -p "$1"
  cp -R "$dist/Sources" "$dist/README.md" "$1/"
  rm -r "$1/Sources/COscartoki"
  awk -v url="$2" -v checksum="$3" '
    /^\/\/ The native library is static/ {
      print "// The native library is an XCFramework, which SwiftPM fetches and checks."
      printf "let native = Target.binaryTarget(name: \"COscartoki\", url: \"%s\", checksum: \"%s\")\n", url, checksum
      skip = 1
    }
    /^$/ { skip = 0 }
    !skip' "$dist/Package.swift" >"$1/Package.swift"
}

macos() {
  local targets=(aarch64-apple-darwin x86_64-apple-darwin aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios) target missing=()
  command -v xcodebuild >/dev/null || { echo "xcodebuild is missing: install Xcode" >&2; exit 1; }
  for target in "${targets[@]}"; do rustup target list --installed | grep -qx "$target" || missing+=("$target"); done
  [ ${#missing[@]} -eq 0 ] || { echo "Rust targets are missing: rustup target add ${missing[*]}" >&2; exit 1; }
  for target in "${targets[@]}"; do
    MACOSX_DEPLOYMENT_TARGET=13.0 IPHONEOS_DEPLOYMENT_TARGET=16.0 \
      cargo build -q --release --manifest-path "$root/Cargo.toml" -p liboscartoki --target "$target"
  done
  local built=${CARGO_TARGET_DIR:-$root/target}
  fat() { # NAME TARGET...
    local name=$1 target libraries=()
    shift
    for target in "$@"; do libraries+=("$built/$target/release/liboscartoki.a"); done
    mkdir -p "$work/$name"
    lipo -create "${libraries[@]}" -output "$work/$name/liboscartoki.a"
  }
  fat macos aarch64-apple-darwin x86_64-apple-darwin
  fat ios aarch64-apple-ios
  fat simulator aarch64-apple-ios-sim x86_64-apple-ios
  headers "$work/headers"
  xcodebuild -create-xcframework $(for name in macos ios simulator; do echo "-library $work/$name/liboscartoki.a -headers $work/headers"; done) \
    -output "$work/Oscartoki.xcframework"
  finish "$work/Oscartoki.xcframework"
}

# Zip, checksum, and the package that names both.
finish() { # XCFRAMEWORK
  local zip=$out/Oscartoki.xcframework.zip checksum
  rm -f "$zip"
  if command -v ditto >/dev/null; then (cd "$(dirname "$1")" && ditto -c -k --sequesterRsrc --keepParent "$(basename "$1")" "$zip"); else
    "${PYTHON:-python3}" -c 'import shutil, sys; shutil.make_archive(sys.argv[1][:-4], "zip", sys.argv[2], sys.argv[3])' "$zip" "$(dirname "$1")" "$(basename "$1")"
  fi
  checksum=$(./run.sh swift package compute-checksum "$zip")
  echo "$checksum" >"$zip.sha256"
  binary_package "$work/oscartoki-$version" "${OSCAR_RELEASES:-https://github.com/oscartoki/oscartoki/releases/download}/v$version/Oscartoki.xcframework.zip" "$checksum"
  tar -C "$work" -czf "$out/oscartoki-$version-swift.tar.gz" "oscartoki-$version"
  printf '%s\n' "$zip" "$zip.sha256" "$out/oscartoki-$version-swift.tar.gz"
}

linux() {
  local name
  name=oscartoki-$version-swift-linux-$(uname -m)
  mkdir "$work/$name"
  cp -R "$dist"/{Package.swift,README.md,Sources} "$root"/LICENSE-* "$work/$name/"
  tar -C "$work" -czf "$out/$name.tar.gz" "$name"
  echo "$out/$name.tar.gz"
}

# A dry run for tests: the layout that xcodebuild would make of this machine's own library.
layout() {
  local framework=$work/Oscartoki.xcframework slice=macos-arm64_x86_64
  mkdir -p "$framework/$slice"
  cp "$dist/Sources/COscartoki/lib/liboscartoki.a" "$framework/$slice/"
  headers "$framework/$slice/Headers"
  cat >"$framework/Info.plist" <<PLIST
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>AvailableLibraries</key>
  <array>
    <dict>
      <key>BinaryPath</key><string>liboscartoki.a</string>
      <key>HeadersPath</key><string>Headers</string>
      <key>LibraryIdentifier</key><string>$slice</string>
      <key>LibraryPath</key><string>liboscartoki.a</string>
      <key>SupportedArchitectures</key><array><string>arm64</string><string>x86_64</string></array>
      <key>SupportedPlatform</key><string>macos</string>
    </dict>
  </array>
  <key>CFBundlePackageType</key><string>XFWK</string>
  <key>XCFrameworkFormatVersion</key><string>1.0</string>
</dict>
</plist>
PLIST
  finish "$framework"
}

dist=$(./build.sh)
if [ "${2:-}" = --layout ]; then layout; elif [ "$(uname)" = Darwin ]; then macos; else linux; fi
