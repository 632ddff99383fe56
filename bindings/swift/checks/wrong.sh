#!/usr/bin/env bash
# wrong.sh RUNNER: what the vector runner must not let through.
set -euo pipefail
run=$(cd "$(dirname "$0")/.." && pwd)/run.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

judged() { # EXIT LAST-LINE CASE...
  local code=0 wanted=$1 last=$2
  shift 2
  printf '{"schema": 1, "cases": [%s]}' "$*" >f.json
  "$run" "$runner" f.json >out 2>err || code=$?
  [ "$code" -eq "$wanted" ] && [ "$(tail -n 1 out)" = "$last" ] || { echo "exit $code for $*"; cat out err; exit 1; }
  [ "$wanted" -eq 0 ] || grep -q '^FAIL f.json: n: got .*, want ' out
}
runner=$1
good='{"name": "n", "op": "v1.mint", "in": {"key": "k", "now_ms": 1795300000000}, "expect": {"ok": {}}}'
judged 0 "1 passed, 0 failed" "$good"
judged 1 "0 passed, 1 failed" "${good/'"k"'/'""'}"
judged 1 "0 passed, 1 failed" "${good/'"ok": {}'/'"error": "stale"'}"
judged 1 "0 passed, 1 failed" "${good/'"ok": {}'/'"ok": {"toki": "else"}'}"
judged 1 "0 passed, 1 failed" "${good/'"key"'/'"else": 1, "key"'}"
judged 1 "0 passed, 1 failed" "${good/v1.mint/no.such.op}"
no_name=${good/'"k"'/'""'}
judged 1 "0 passed, 1 failed" "${no_name/'"ok": {}'/'"error": "no_such_name"'}"
judged 1 "0 passed, 1 failed" '{"name": "n", "op": "service", "in": {"keys": [], "authorities": [], "steps": [{"do": "dance", "in": {}, "expect": {"ok": {}}}]}, "expect": {"ok": {}}}'
echo "no json" >f.json
code=0
"$run" "$runner" f.json >out 2>err || code=$?
[ "$code" -eq 2 ] || { echo "an unreadable file ended with $code"; exit 1; }
