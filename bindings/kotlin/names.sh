#!/usr/bin/env bash
# Prints the public names of the built jar, one a line, by reflection: for scripts/names.
source "$(dirname "$0")/../../scripts/lib.sh"
"$ROOT/bindings/kotlin/build.sh" >&2
exec java -XX:TieredStopAtLevel=1 -cp "$STATE/dist/kotlin/programs/*" NamesKt "$STATE/dist/kotlin/repository/com/oscartoki/oscartoki/0.1.0/oscartoki-0.1.0.jar"
