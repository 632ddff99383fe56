#!/usr/bin/env bash
# Tests the room: JUnit under Maven's surefire (all vectors, 32 threads, java.net.http, Jetty and Spring live), then the built jar in empty projects: the
# README's quickstart from the class path and from the module path, the vectors, the names.
set -euo pipefail
cd "$(dirname "$0")"
. ./jdk.sh
java_needs_jdk
root=$(cd ../.. && pwd)
jar=$(./build.sh)
passed=0

log=$root/.oscar/java/surefire.log
if ! mvn -B -ntp surefire:test >"$log" 2>&1; then cat "$log"; exit 1; fi
tests=$(sed -n 's/.*Tests run: \([0-9]*\), Failures: 0, Errors: 0, Skipped: 0$/\1/p' "$log" | tail -n 1)
[ "${tests:-0}" -gt 0 ] || { cat "$log"; echo "error: surefire ran nothing"; exit 1; }
grep 'Tests run' "$log"
passed=$((passed + tests))

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/path" "$work/module"
awk '/^```java quickstart$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md >"$work/path/Quickstart.java"
[ -s "$work/path/Quickstart.java" ] || { echo "error: README.md has no quickstart"; exit 1; }
quickstart_said() { # WHAT FILE
  [[ $(<"$2") =~ ^[0-9a-f]{16}\ sent\ \{\"amount\":10\}$'\n'200$'\n'409$ ]] || { echo "error: the quickstart from the $1 said:"; cat "$2"; exit 1; }
  echo "the README's quickstart ran from the $1"
  passed=$((passed + 1))
}
(cd "$work/path" && javac --release 22 -cp "$jar" -d out Quickstart.java && XDG_CACHE_HOME=$work/cache java -cp "$jar:out" Quickstart >said)
quickstart_said "class path" "$work/path/said"
(
  cd "$work/module"
  mkdir quickstart
  { echo 'package quickstart;'; cat ../path/Quickstart.java; } >quickstart/Quickstart.java
  echo 'module quickstart { requires com.oscartoki; requires jdk.httpserver; }' >module-info.java
  # What the optional adapters are made of is not there, and not missed.
  javac --release 22 -p "$jar" -d out module-info.java quickstart/Quickstart.java
  java --enable-native-access=com.oscartoki -p "$jar:out" -m quickstart/quickstart.Quickstart >said 2>err
  [ ! -s err ] || { echo "error: the module path is not silent:"; cat err; exit 1; }
)
quickstart_said "module path" "$work/module/said"

tally=$(./vectors.sh "$root"/core/vectors/*.json) || { echo "$tally"; exit 1; }
echo "vectors through the built jar: $tally"
passed=$((passed + ${tally%% *}))
# A runner that can't fail would say nothing.
echo '{"schema":1,"cases":[{"name":"wrong","op":"v1.mint","in":{"key":"","now_ms":1},"expect":{"ok":{}}}]}' >"$work/wrong.json"
code=0; ./vectors.sh "$work/wrong.json" >"$work/said" || code=$?
[ "$code" -eq 1 ] && grep -q "^FAIL $work/wrong.json: wrong: got " "$work/said" || { echo "error: a wrong case passed"; exit 1; }
code=0; ./vectors.sh "$work/none.json" >/dev/null 2>&1 || code=$?
[ "$code" -eq 2 ] || { echo "error: a file that is not there was read"; exit 1; }
passed=$((passed + 2))
printf '%d passed, 0 failed\n' "$passed"
