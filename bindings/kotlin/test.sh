#!/usr/bin/env bash
# Tests the Kotlin room: JUnit (Kotlin and Java), every vector, the README's quickstarts from the built jar in empty Maven projects, the examples, the docs,
# and what can be checked of Android. Ends with `N passed, N failed`.
source "$(dirname "$0")/../../scripts/lib.sh"
room=$ROOT/bindings/kotlin
dist=$STATE/dist/kotlin
passed=0 failed=0
count() { passed=$((passed + $1)); failed=$((failed + $2)); }
check() { # NAME COMMAND...
  local name=$1; shift
  if "$@"; then count 1 0; else say "FAIL $name"; count 0 1; fi
}

"$room/build.sh" >&2

# ---- JUnit, on the classes that build.sh has just compiled ----
reports=$STATE/kotlin/oscartoki/surefire-reports
rm -rf "$reports"
mvn -B -ntp -q -f "$room/oscartoki/pom.xml" resources:testResources kotlin:test-compile@test-compile compiler:testCompile surefire:test >"$LOGS/kotlin-junit.log" 2>&1 ||
  { grep -E 'ERROR|FAIL' "$LOGS/kotlin-junit.log" | head -n 60 >&2; count 0 1; }
read -r ran broken < <(sed -nE 's/.*<testsuite .* tests="([0-9]+)" errors="([0-9]+)" skipped="([0-9]+)" failures="([0-9]+)".*/\1 \2 \3 \4/p' "$reports"/*.xml | awk '{ran += $1; broken += $2 + $3 + $4} END {print ran + 0, broken + 0}')
say "JUnit: $ran ran, $broken failed"
count $((ran - broken)) "$broken"
[ "$ran" -ge 70 ] || { say "FAIL: only $ran tests of JUnit ran"; count 0 1; }

# ---- vectors ----
tally=$("$room/vectors.sh" "$ROOT"/core/vectors/*.json | tee "$LOGS/kotlin-vectors.log" | tail -n 1) || true
grep -m 20 '^FAIL' "$LOGS/kotlin-vectors.log" >&2 || true
say "vectors: $tally"
if [[ $tally =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"; else count 0 1; fi
refuses_files() { local code=0; "$room/vectors.sh" /nowhere.json >/dev/null 2>&1 || code=$?; [ "$code" -eq 2 ]; }
check "an unreadable vector file is exit 2" refuses_files

# ---- the README's quickstarts, each in an empty project that has nothing but the built jar ----
quickstart() { # LANGUAGE MAIN-CLASS EXPECTED
  local project=$STATE/kotlin/quickstart-$1
  rm -rf "$project" "${HOME:-/root}/.m2/repository/com/oscartoki/oscartoki/0.1.0"
  mkdir -p "$project/src/main/$1"
  local ending=$1; [ "$1" = kotlin ] && ending=kt
  sed -n "/^\`\`\`$1 quickstart\$/,/^\`\`\`\$/p" "$room/README.md" | sed '1d;$d' >"$project/src/main/$1/Quickstart.$ending"
  sed "s#REPOSITORY#file://$dist/repository#" "$room/quickstart-$1.xml" >"$project/pom.xml"
  mvn -B -ntp -q -f "$project/pom.xml" compile dependency:build-classpath -Dmdep.outputFile="$project/classpath" >"$LOGS/kotlin-quickstart-$1.log" 2>&1 || { tail -n 30 "$LOGS/kotlin-quickstart-$1.log" >&2; return 1; }
  [ "$(java -cp "$project/target/classes:$(cat "$project/classpath")" "$2" 2>"$project/errors")" = "$3" ] || { cat "$project/errors" >&2; return 1; }
}
check "README, Kotlin" quickstart kotlin QuickstartKt $'true\nauthentic\nreplayed'
check "README, Java" quickstart java Quickstart $'8 bytes sent hello\nmissing 401'

# ---- every public name has its words ----
check "KDoc" "$(python)" - "$room"/oscartoki/src/main/kotlin "$room"/oscartoki/src/jvm/kotlin <<'DOCS'
import re, sys
from pathlib import Path
bare = []
for folder in sys.argv[1:]:
    for file in sorted(Path(folder).rglob("*.kt")):
        if "internal" in file.parts:
            continue
        lines = file.read_text().splitlines()
        for number, line in enumerate(lines):
            # A bare companion has no name of its own.
            if not re.match(r"\s*(@\w+(\([^)]*\))? )*public (?!companion object|constructor\(secret)", line):
                continue
            above = number - 1
            while lines[above].lstrip().startswith("@") and not lines[above].lstrip().startswith("@file"):
                above -= 1
            if not lines[above].rstrip().endswith("*/"):
                bare.append(f"{file.name}:{number + 1}: {line.strip()}")
print("\n".join(bare), end="\n" if bare else "", file=sys.stderr)
sys.exit(bool(bare))
DOCS

# ---- the examples against each other ----
examples() {
  local folder service url told
  folder=$(mktemp -d)
  cargo build -q --release -p oscar
  "$(target)/release/oscar" keygen >"$folder/secret"
  "$(target)/release/oscar" audience-key --secret "$folder/secret" --audience api.example.com >"$folder/keys"
  chmod 700 "$folder"; chmod 600 "$folder"/*
  : >"$folder/out"
  "$ROOT/examples/kotlin/service" --listen 127.0.0.1:0 --audience api.example.com --key "$folder/keys" --memory "$folder/memory" --first-start >"$folder/out" 2>&1 &
  service=$!
  for _ in $(seq 200); do grep -q '^listening' "$folder/out" && break; sleep 0.1; done
  url=$(sed -n 's/^listening on //p' "$folder/out")
  told=$("$ROOT/examples/kotlin/client" --secret "$folder/secret" --audience api.example.com -d hello --count 2 --parallel 4 "$url/echo/a%2Fb?x" 2>&1) || { say "$told"; kill "$service"; return 1; }
  [ "$(grep -c '^verified: status 200, code 0' <<<"$told")" -eq 8 ] || { say "$told"; kill "$service"; return 1; }
  local code=0
  "$ROOT/examples/kotlin/client" --secret "$folder/secret" --audience other.example.com "$url/echo" >/dev/null 2>"$folder/refused" || code=$?
  kill "$service"
  wait "$service" && [ "$code" -eq 1 ] && grep -q '^error: missing: .*(may have run: yes)$' "$folder/refused" && rm -rf "$folder"
}
check "examples" examples

# ---- Android ----
if "$room/android/test.sh" >"$LOGS/kotlin-android.log" 2>&1; then :; else tail -n 40 "$LOGS/kotlin-android.log" >&2; fi
tally=$(tail -n 1 "$LOGS/kotlin-android.log")
say "Android: $tally"
if [[ $tally =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"; else count 0 1; fi

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
