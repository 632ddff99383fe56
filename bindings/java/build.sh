#!/usr/bin/env bash
# Builds the jar `oscartoki-ffm` into a Maven repository, .oscar/dist/java/repository, and prints its path: the library (release) goes into it, and is found there
# without a flag. Beside it, in .oscar/java, what vectors.sh, bench.sh and the examples run: the test classes, the examples' classes, and the class paths. Quick when
# nothing changed.
set -euo pipefail
cd "$(dirname "$0")"
. ./jdk.sh
java_needs_jdk
root=$(cd ../.. && pwd)
dist=$root/.oscar/dist/java
beside=$root/.oscar/java
version=$(sed -n 's/^  <version>\(.*\)<\/version>/\1/p' pom.xml)
place=$dist/repository/com/oscartoki/oscartoki-ffm/$version
jar=$place/oscartoki-ffm-$version.jar

(cd "$root" && cargo build -q --release -p liboscartoki)
case $(uname -sm) in
  Linux\ x86_64) platform=linux-x86_64 name=liboscartoki.so ;;
  Linux\ aarch64) platform=linux-aarch64 name=liboscartoki.so ;;
  Darwin\ arm64) platform=macos-aarch64 name=liboscartoki.dylib ;;
  *) echo "error: $(uname -sm) has no folder in this jar yet: see Library.platform()" >&2; exit 1 ;;
esac
library=${CARGO_TARGET_DIR:-$root/target}/release/$name

examples=$root/examples/java

# The examples talk to each other once: a jar that can't is no jar, and what they load is kept, so that they start in half the time.
try_examples() {
  local trial=$beside/trial url="" tries=0 code=0
  mkdir -m 700 "$trial"
  : >"$trial/out"
  "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -cp "$jar:$beside/tests" trial.Keys "$trial" api.example.com
  OSCARTOKI_ARCHIVE="-XX:ArchiveClassesAtExit=$beside/service.jsa" "$examples/service" --listen 127.0.0.1:0 --audience api.example.com --key "$trial/key" --memory "$trial/memory" \
    --first-start >"$trial/out" 2>"$trial/err" &
  local service=$!
  until url=$(sed -n 's/^listening on //p' "$trial/out") && [ -n "$url" ]; do
    [ $((tries += 1)) -le 600 ] && kill -0 "$service" 2>/dev/null || { kill "$service" 2>/dev/null; cat "$trial/err" >&2; return 1; }
    sleep 0.1
  done
  OSCARTOKI_ARCHIVE="-XX:ArchiveClassesAtExit=$beside/client.jsa" "$examples/client" --secret "$trial/secret" --audience api.example.com -d text "$url/echo" >"$trial/said" || code=$?
  kill "$service" && wait "$service" || code=$?
  [ "$code" -eq 0 ] && grep -q '^verified: status 200' "$trial/said" || { cat "$trial/err" "$trial/said" >&2; return 1; }
  rm -rf "$trial"
}

state=$(cat "$library" pom.xml build.sh $(find src "$examples" -name '*.java' | sort) <("$JAVA_HOME/bin/java" -version 2>&1) <(pwd) | sha256sum)
if [ "$(cat "$beside/.stamp" 2>/dev/null)" != "$state" ] || [ ! -s "$jar" ]; then
  rm -rf target/natives target/classes target/test-classes target/examples "$dist" "$beside"
  mkdir -p "target/natives/com/oscartoki/native/$platform" "$place" "$beside"
  cp "$library" "target/natives/com/oscartoki/native/$platform/"
  sha256sum <"$library" | cut -c -64 >"target/natives/com/oscartoki/native/$platform/$name.sha256"
  mvn -B -ntp -q package -DskipTests dependency:build-classpath -Dmdep.outputFile="$beside/classpath" >&2
  cp "target/oscartoki-ffm-$version.jar" "$jar"
  cp pom.xml "$place/oscartoki-ffm-$version.pom"
  cp -r target/test-classes "$beside/tests"
  printf '%s\n' "$JAVA_HOME" >"$beside/home"
  printf '%s\n' "$beside/examples.jar:$jar:$(cat "$beside/classpath")" >"$beside/examples.classpath"
  "$JAVA_HOME/bin/javac" -d target/examples -cp "$jar:$(cat "$beside/classpath")" "$examples"/*.java
  "$JAVA_HOME/bin/jar" --create --file "$beside/examples.jar" -C target/examples .
  try_examples
  printf '%s\n' "$state" >"$beside/.stamp"
fi
printf '%s\n' "$jar"
