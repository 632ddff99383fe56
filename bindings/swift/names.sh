#!/usr/bin/env bash
# Prints the public names of the built package, one a line, by its symbol graph: Noun.member, functions, options, error.name. For scripts/names.
# names.sh --undocumented: those that have no comment.
source "$(dirname "$0")/../../scripts/lib.sh"
room=$ROOT/bindings/swift
dist=$("$room/build.sh")
graph=$(mktemp -d)
trap 'rm -rf "$graph"' EXIT
triple=$("$room/run.sh" swiftc -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p' | head -n 1)
"$room/run.sh" swift-symbolgraph-extract -module-name Oscartoki -I "$STATE/build/swift/release/Modules" -target "$triple" \
  -Xcc "-fmodule-map-file=$dist/Sources/COscartoki/module.modulemap" -minimum-access-level public -output-dir "$graph"
"$(python)" - "${1:-}" "$graph"/Oscartoki*.symbols.json <<'NAMES'
import json
import sys

for file in sys.argv[2:]:
    for symbol in json.load(open(file, encoding="utf-8"))["symbols"]:
        if sys.argv[1] == "--undocumented":
            # What the compiler adds has no place of its own.
            if "location" in symbol and not symbol.get("docComment"):
                print(".".join(symbol["pathComponents"]))
            continue
        path = [part.split("(")[0] for part in symbol["pathComponents"]]
        print(".".join(path))
        if path[:2] == ["OscarError", "Name"] and symbol["kind"]["identifier"] == "swift.enum.case":
            print("error." + path[-1])
        if path[-1] == "init" and len(path) == 2:
            # An initialiser's labels are its options.
            labels = symbol["pathComponents"][-1][5:-1].split(":")
            for label in labels:
                if label not in ("", "_"):
                    print(f"{path[0]}Options.{label}")
        if path[-1] == "init" and path[0] in ("Secret", "AudienceKey", "Session"):
            print(f"{path[0]}.init")
NAMES
