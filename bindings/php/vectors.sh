#!/usr/bin/env bash
# vectors.sh FILE...: judges every case of every file through the built package (scripts/vectors php).
source "$(dirname "$0")/../../scripts/lib.sh"
source "$ROOT/bindings/php/room.sh"
cd "$OLDPWD"   # file names are the caller's
php_room >&2
exec php "$ROOT/bindings/php/vectors.php" "$STATE/php/app/vendor/autoload.php" "$@"
