# Shared by the scripts: where we are, what is said, how a step is run. Sourced, not run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
STATE=$ROOT/.oscar          # everything that the scripts make: virtual environments, logs, wheels; ignored by git
LOGS=$STATE/logs
mkdir -p "$LOGS"
cd "$ROOT"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a step: its output goes to a log, its name and verdict to the terminal; the log's end is shown when it fails.
step() { # NAME COMMAND...
  local name=$1 log start code=0
  shift
  log=$LOGS/${name//[^A-Za-z0-9._-]/-}.log
  start=$SECONDS
  if [ -t 2 ]; then
    printf '  %-34s …' "$name" >&2
    "$@" >"$log" 2>&1 </dev/null &
    local job=$!
    while kill -0 "$job" 2>/dev/null; do
      printf '\r  %-34s … %4d s %s' "$name" $((SECONDS - start)) "$(last_word "$log")" >&2
      sleep 1
    done
    wait "$job" || code=$?
    printf '\r\033[K' >&2
  else
    "$@" >"$log" 2>&1 </dev/null || code=$?
  fi
  if [ "$code" -eq 0 ]; then
    STEPS_PASSED=$((${STEPS_PASSED:-0} + 1))
    printf '  %-34s ok   %4d s\n' "$name" $((SECONDS - start)) >&2
  else
    STEPS_FAILED=$((${STEPS_FAILED:-0} + 1))
    printf '  %-34s FAIL %4d s  (%s)\n' "$name" $((SECONDS - start)) "${log#"$ROOT"/}" >&2
    tail -n "${STEP_TAIL:-60}" "$log" | sed 's/^/    | /' >&2
  fi
  return 0
}

last_word() { tail -c 200 "$1" 2>/dev/null | tr '\r' '\n' | tail -n 1 | cut -c -60 | tr -d '\033'; }

# The tally of all steps so far; fails when one did.
tally() {
  printf '%d passed, %d failed\n' "${STEPS_PASSED:-0}" "${STEPS_FAILED:-0}"
  [ "${STEPS_FAILED:-0}" -eq 0 ]
}

# A python3 with venv, 3.10 or newer.
python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10; do
    [ -n "$candidate" ] && have "$candidate" || continue
    "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && { printf '%s\n' "$candidate"; return; }
  done
  return 1
}

target() { printf '%s\n' "${CARGO_TARGET_DIR:-$ROOT/target}"; }

# The Python room as a user has it: the built wheel in a virtual environment of its own, .oscar/venv. Made anew when the wheel is another.
python_room() {
  local wheel stamp packages=(httpx requests uvicorn gunicorn)
  wheel=$("$ROOT/bindings/python/build.sh") || return
  stamp="$(sha256sum <"$wheel") ${packages[*]}"
  if [ "$(cat "$STATE/venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$STATE/venv"
    "$(python)" -m venv "$STATE/venv"
    "$STATE/venv/bin/pip" install -q "$wheel" "${packages[@]}" || return
    printf '%s\n' "$stamp" >"$STATE/venv/.stamp"
  fi
}

# The language rooms: every folder of bindings/ that can be tested.
rooms() { local test; for test in "$ROOT"/bindings/*/test.sh; do basename "$(dirname "$test")"; done; }
is_room() { [ -x "$ROOT/bindings/$1/test.sh" ]; }
