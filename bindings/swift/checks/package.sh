#!/usr/bin/env bash
# package.sh FOLDER: what package.sh makes, as far as this machine can tell: the tarball resolves where it is unpacked; the XCFramework's layout, property list,
# module maps and checksum are as SwiftPM and Xcode read them, and the generated code compiles against its headers.
set -euo pipefail
room=$(cd "$(dirname "$0")/.." && pwd)
out=$1
mkdir -p "$out"
python=${PYTHON:-python3}

"$room/package.sh" "$out/own" >"$out/made"
archive=$(grep -E 'swift.*\.tar\.gz$' "$out/made")
mkdir -p "$out/unpacked"
tar -C "$out/unpacked" -xzf "$archive"
package=$(echo "$out"/unpacked/*)
"$room/run.sh" swift package --package-path "$package" dump-package >"$out/dump.json"

"$room/package.sh" "$out/layout" --layout >/dev/null
tar -C "$out/layout" -xzf "$out"/layout/oscartoki-*-swift.tar.gz
"$room/run.sh" swift package --package-path "$(echo "$out"/layout/oscartoki-*/)" dump-package >"$out/binary.json"

"$python" - "$out" "$package" <<'CHECK'
import hashlib
import json
import plistlib
import sys
import zipfile
from pathlib import Path

out, package = Path(sys.argv[1]), Path(sys.argv[2])


def targets(file):
    return {target["name"]: target for target in json.loads((out / file).read_text())["targets"]}


if (package / "Sources/COscartoki/oscartoki.pc").exists():  # on Linux
    own = targets("dump.json")["COscartoki"]
    assert own["type"] == "system" and Path(own["pkgConfig"]) == package / "Sources/COscartoki/oscartoki.pc", own
    assert (package / "Sources/COscartoki/lib/liboscartoki.a").stat().st_size > 1 << 20
    assert not list(package.rglob("*.so")) and len(list((package / "Sources/OscartokiNative").glob("*.swift"))) == 2

archive = out / "layout/Oscartoki.xcframework.zip"
checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
assert Path(f"{archive}.sha256").read_text().strip() == checksum
binary = targets("binary.json")["COscartoki"]
assert binary["type"] == "binary" and binary["checksum"] == checksum and binary["url"].endswith("/Oscartoki.xcframework.zip"), binary
zipfile.ZipFile(archive).extractall(out / "xc")
framework = out / "xc/Oscartoki.xcframework"
info = plistlib.loads((framework / "Info.plist").read_bytes())
assert info["CFBundlePackageType"] == "XFWK" and info["XCFrameworkFormatVersion"] == "1.0"
for library in info["AvailableLibraries"]:
    folder = framework / library["LibraryIdentifier"]
    assert (folder / library["LibraryPath"]).is_file() and library["SupportedPlatform"] and library["SupportedArchitectures"]
    modules = {place.parent.name for place in (folder / library["HeadersPath"]).rglob("module.modulemap")}
    assert modules == {"COscartoki", "oscartokiFFI", "oscartoki_bridgeFFI"}, modules
CHECK

headers=$(echo "$out"/xc/Oscartoki.xcframework/*/Headers)
"$room/run.sh" swiftc -typecheck -swift-version 6 -module-name OscartokiNative -I "$headers" "$(echo "$out"/layout/oscartoki-*/Sources/OscartokiNative)"/*.swift
