#!/usr/bin/env bash
# Prints the public names of the built jar, by reflection, as bindings/names.txt has them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jdk.sh"
java_needs_jdk
jar=$("$here/build.sh")
beside=$here/../../.oscar/java
exec java -XX:+UseSerialGC -cp "$jar:$beside/tests:$(cat "$beside/classpath")" names.Names "$jar"
