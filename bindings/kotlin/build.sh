#!/usr/bin/env bash
# Builds the jar com.oscartoki:oscartoki: the library (release), UniFFI's Kotlin for both components, then Maven. Into .oscar/dist/kotlin: a Maven
# repository with the jar, the programs that stand on it (vectors, names, bench, examples), and their class path. Quick when nothing changed.
source "$(dirname "$0")/../../scripts/lib.sh"
room=$ROOT/bindings/kotlin
out=$STATE/kotlin
dist=$STATE/dist/kotlin

have mvn && have javac || die "the Kotlin room needs a JDK from 17 on and Maven: scripts/setup kotlin, or apt-get install openjdk-17-jdk-headless maven"
cargo build -q --release -p liboscartoki
cargo build -q --profile bindgen -p oscartoki-bindgen --bin uniffi-bindgen

case $(uname -s) in Darwin) library=liboscartoki.dylib os=darwin ;; *) library=liboscartoki.so os=linux ;; esac
case $(uname -m) in arm64 | aarch64) machine=aarch64 ;; *) machine=x86-64 ;; esac
state=$( (cat "$(target)/release/$library" uniffi.toml; find "$room" examples/kotlin -type f \( -name '*.kt' -o -name '*.java' -o -name pom.xml -o -name build.sh \) | sort | xargs cat) | sha256sum)
if [ "$(cat "$dist/.stamp" 2>/dev/null)" != "$state" ]; then
  rm -rf "$dist" "$out/generated" "$out/natives" "$out"/{oscartoki,programs}/classes
  mkdir -p "$dist" "$out/natives/$os-$machine"
  cp "$(target)/release/$library" "$out/natives/$os-$machine/"
  "$(target)/bindgen/uniffi-bindgen" generate "$(target)/release/$library" --language kotlin --out-dir "$out/generated" --no-format --config uniffi.toml
  # Nobody else's: what is generated is internal to the jar.
  find "$out/generated" -name '*.kt' -exec sed -Ei \
    's/^(public )?((open |data |enum |sealed |inline |abstract )*(class|interface|object|fun) )/internal \2/; s/^(    @Throws\([A-Za-z]*::class\)| +\*\/) (fun `)/\1 internal \2/' {} +
  mvn -B -ntp -q -f "$room/pom.xml" package -DskipTests ${MAVEN_ARGS:-} 1>&2
  jar=$out/oscartoki/oscartoki-0.1.0.jar
  folder=$dist/repository/com/oscartoki/oscartoki/0.1.0
  mkdir -p "$folder"
  cp "$jar" "$folder/"
  cp "$room/oscartoki/pom.xml" "$folder/oscartoki-0.1.0.pom"
  printf '%s\n' "$state" >"$dist/.stamp"
fi
printf '%s\n' "$dist/repository/com/oscartoki/oscartoki/0.1.0/oscartoki-0.1.0.jar"
