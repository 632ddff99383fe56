#!/usr/bin/env bash
# bench.sh [--json]: signing and verifying through the built package beside hash_hmac by hand and, where Composer's registry can be reached,
# firebase/php-jwt. See bench.php.
source "$(dirname "$0")/../../scripts/lib.sh"
"$ROOT/bindings/php/build.sh" >/dev/null
peers=$STATE/php/peers
if [ ! -e "$peers/vendor/autoload.php" ]; then
  mkdir -p "$peers"
  COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_HOME="$STATE/php/composer" timeout 20 composer require -q -n --no-progress -d "$peers" firebase/php-jwt >/dev/null 2>&1 ||
    say "  firebase/php-jwt can't be had from here: its rows are left out"
fi
with=()
[ -e "$peers/vendor/autoload.php" ] && with=(--peers "$peers/vendor/autoload.php")
exec php -d opcache.enable_cli=1 -d opcache.jit=off -d memory_limit=-1 "$ROOT/bindings/php/bench.php" "$STATE/php/app/vendor/autoload.php" "$@" "${with[@]}"
