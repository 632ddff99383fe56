#!/usr/bin/env bash
# Tests the built gem from a GEM_HOME of its own: minitest with warnings on, the signatures (rbs) by themselves and against what runs, the
# README, TCX and the hub against `oscar serve`, Redis, every vector file. The last line is the tally.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
./build.sh >/dev/null
cargo build -q --release -p oscar   # what the live tests of TCX and the hub meet
unset GEM_PATH RUBYOPT RUBYLIB OSCARTOKI_NO_EXTENSION
export GEM_HOME=$root/.oscar/ruby/gems
work=$root/.oscar/ruby/test
mkdir -p "$work"
passed=0 failed=0

# Runs minitest files in one process; what they counted goes into the tally.
minitest() { # NAME RUBY-OPTION... -- FILE...
  local log=$work/$1.log options=() tally
  shift
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  ruby "${options[@]}" -e 'ARGV.each { |file| require File.expand_path(file) }; ARGV.clear' "$@" >"$log" 2>&1 || true
  tally=$(grep -E '^[0-9]+ runs, ' "$log" | tail -n 1 || true)
  if [[ $tally =~ ^([0-9]+)\ runs,\ [0-9]+\ assertions,\ ([0-9]+)\ failures,\ ([0-9]+)\ errors,\ ([0-9]+)\ skips ]] && [ "${BASH_REMATCH[1]}" -gt 0 ]; then
    local bad=$((BASH_REMATCH[2] + BASH_REMATCH[3] + BASH_REMATCH[4]))
    passed=$((passed + BASH_REMATCH[1] - bad)) failed=$((failed + bad))
    [ "$bad" -eq 0 ] || head -n 150 "$log"
  else
    failed=$((failed + 1))
    tail -n 60 "$log"
  fi
  echo "$(basename "$log" .log): ${tally:-ended early}"
}

# One check, by its exit code.
check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@"; then passed=$((passed + 1)); echo "$name: ok"; else failed=$((failed + 1)); echo "$name: FAILED"; fi
}

minitest warnings -w -- test/*_test.rb
# The same by ffi alone, as on a Ruby that the gem has no extension for.
OSCARTOKI_NO_EXTENSION=1 minitest ffi -w -- test/{exchange,keys,lives,rack,v1,tcx,socktopus}_test.rb
# Ruby's own libraries warn too; only ours must not.
check "no warnings" sh -c '! grep -E "^[^ ]*/(oscartoki-|bindings/ruby/).*: warning: " "$@"' sh "$work/warnings.log" "$work/ffi.log"

rbs=$(ruby -e 'puts Gem::Specification.find_by_name("rbs").bin_file("rbs")' 2>/dev/null || true)
if [ -z "$rbs" ]; then
  echo "rbs is missing, which comes with Ruby: apt-get install ruby, or gem install rbs"
  failed=$((failed + 1))
else
  libraries="-r monitor -r logger -r uri -r net-http"
  check "rbs validate" ruby "$rbs" $libraries -I sig validate --silent
  RBS_TEST_RAISE=true RBS_TEST_LOGLEVEL=error RBS_TEST_TARGET='Oscartoki::*' RBS_TEST_OPT="$libraries -I $PWD/sig" \
    minitest signatures -r rbs/test/setup -- test/{exchange,keys,rack,clients,v1,tcx,socktopus,redis}_test.rb
fi

for by in extension ffi; do
  vectors=$([ "$by" = extension ] || export OSCARTOKI_NO_EXTENSION=1; ruby vectors.rb "$root"/core/vectors/*.json "$root"/core/vectors/neighbours/*.json) || true
  echo "$vectors"
  [[ $vectors =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] || { echo "the vectors ended early"; exit 1; }
  passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
