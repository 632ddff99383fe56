#!/usr/bin/env bash
# bench.sh [--json]: what a call costs beside its peers, on the built jar (scripts/bench jvm).
source "$(dirname "$0")/../../scripts/lib.sh"
"$ROOT/bindings/kotlin/build.sh" >&2
exec java -Xms512m -cp "$STATE/dist/kotlin/programs/*" BenchKt "$@"
