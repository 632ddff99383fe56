#!/usr/bin/env bash
# Tests the built package: PHPUnit (keys, exchanges, memory, adapters, FPM behind nginx, the built-in server, ffi.enable, TCX and
# the hub against `oscar serve`, Redis), the README's quickstart in
# an empty Composer project, every vector file. Ends with the tally.
source "$(dirname "$0")/../../scripts/lib.sh"
source "$ROOT/bindings/php/room.sh"
have phpunit || die "phpunit is missing: scripts/setup php installs it (Debian: phpunit)"
package=$("$ROOT/bindings/php/build.sh")
cargo build -q --release -p oscar   # what the live tests of TCX and the hub meet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
count() { passed=$((passed + $1)) failed=$((failed + $2)); }

say "PHPUnit"
OSCAR_APP="$STATE/php/app" OSCAR="$(target)/release/oscar" phpunit -c "$ROOT/bindings/php/phpunit.xml" --log-junit "$work/junit.xml" || true
tally=$(php -r '$all = simplexml_load_file($argv[1])->testsuite; $bad = $all["errors"] + $all["failures"] + $all["skipped"]; echo $all["tests"] - $bad, " ", $bad;' "$work/junit.xml") || tally="0 1"
# shellcheck disable=SC2086
count $tally

say "README quickstart"
composer_project "$work/app" "$package"
awk '/^```php quickstart$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$ROOT/bindings/php/README.md" >"$work/app/quickstart.php"
said=$(cd "$work/app" && php quickstart.php 2>&1) || true
if [[ $said =~ ^"verified: hello "[0-9a-f]{16}$'\n'200$'\n'409$ ]]; then count 1 0; else say "FAIL quickstart: got $said"; count 0 1; fi

say "$(du -sk "$package" | cut -f 1) KB the package, $(stat -c %s "$(find "$package/lib" -type f)") bytes its library"

say "vectors"
judged=$("$ROOT/bindings/php/vectors.sh" "$ROOT"/core/vectors/*.json "$ROOT"/core/vectors/neighbours/*.json) || true
say "$judged"
judged=$(tail -n 1 <<<"$judged")
if [[ $judged =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"; else count 0 1; fi

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
