#!/usr/bin/env bash
# vectors.sh FILE...: judges every case of every file through the built jar (scripts/vectors kotlin).
source "$(dirname "$0")/../../scripts/lib.sh"
cd "$OLDPWD"   # file names are the caller's
"$ROOT/bindings/kotlin/build.sh" >&2
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$STATE/dist/kotlin/programs/*" VectorsKt "$@"
