#!/usr/bin/env bash
# bench.sh [--json]: what the built jar costs beside its peers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jdk.sh"
java_needs_jdk
jar=$("$here/build.sh")
beside=$here/../../.oscar/java
exec java --enable-native-access=ALL-UNNAMED -Xms512m -cp "$jar:$beside/tests:$(cat "$beside/classpath")" bench.Bench "$@"
