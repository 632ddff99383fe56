#!/usr/bin/env bash
# Builds the jar `oscartoki-ffm` into .oscar/dist/java: the library (release) goes into it, and is found there without a flag. Beside it, in .oscar/java, what
# vectors.sh, bench.sh and the examples run: the test classes, the examples' classes, and the class paths. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")"
. ./jdk.sh
java_needs_jdk
root=$(cd ../.. && pwd)
dist=$root/.oscar/dist/java
beside=$root/.oscar/java
version=$(sed -n 's/^  <version>\(.*\)<\/version>/\1/p' pom.xml)
jar=$dist/oscartoki-ffm-$version.jar

(cd "$root" && cargo build -q --release -p liboscartoki)
case $(uname -sm) in
  Linux\ x86_64) platform=linux-x86_64 name=liboscartoki.so ;;
  Linux\ aarch64) platform=linux-aarch64 name=liboscartoki.so ;;
  Darwin\ arm64) platform=macos-aarch64 name=liboscartoki.dylib ;;
  *) echo "error: $(uname -sm) has no folder in this jar yet: see Library.platform()" >&2; exit 1 ;;
esac
library=${CARGO_TARGET_DIR:-$root/target}/release/$name

examples=$root/examples/java
state=$(cat "$library" pom.xml build.sh $(find src "$examples" -name '*.java' | sort) <("$JAVA_HOME/bin/java" -version 2>&1) <(pwd) | sha256sum)
if [ "$(cat "$beside/.stamp" 2>/dev/null)" != "$state" ] || [ ! -s "$jar" ]; then
  rm -rf target/natives target/classes target/test-classes "$dist" "$beside"
  mkdir -p "target/natives/com/oscartoki/native/$platform" "$dist" "$beside"
  cp "$library" "target/natives/com/oscartoki/native/$platform/"
  sha256sum <"$library" | cut -c -64 >"target/natives/com/oscartoki/native/$platform/$name.sha256"
  mvn -B -ntp -q package -DskipTests dependency:build-classpath -Dmdep.outputFile="$beside/classpath" >&2
  cp "target/oscartoki-ffm-$version.jar" "$dist/"
  cp pom.xml "$dist/oscartoki-ffm-$version.pom"
  cp -r target/test-classes "$beside/tests"
  if compgen -G "$examples/*.java" >/dev/null; then
    mkdir "$beside/examples"
    "$JAVA_HOME/bin/javac" -d "$beside/examples" -cp "$jar:$(cat "$beside/classpath")" "$examples"/*.java
    # What they load, once: they start in half the time.
    for example in client service; do
      OSCARTOKI_ARCHIVE=-XX:ArchiveClassesAtExit=$beside/$example.jsa "$examples/$example" --archive >/dev/null 2>&1 || true
    done
  fi
  printf '%s\n' "$state" >"$beside/.stamp"
fi
printf '%s\n' "$jar"
