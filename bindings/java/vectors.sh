#!/usr/bin/env bash
# vectors.sh FILE...: judges vector files through the public API of the built jar.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jdk.sh"
java_needs_jdk
jar=$("$here/build.sh")
beside=$here/../../.oscar/java
exec java --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -cp "$jar:$beside/tests:$(cat "$beside/classpath")" vectors.Vectors "$@"
