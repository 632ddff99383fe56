#!/usr/bin/env bash
# vectors.sh FILE...: judges every case of every file through the built package (scripts/vectors php).
source "$(dirname "$0")/../../scripts/lib.sh"
cd "$OLDPWD"   # file names are the caller's
"$ROOT/bindings/php/build.sh" >/dev/null
exec php "$ROOT/bindings/php/vectors.php" "$STATE/php/app/vendor/autoload.php" "$@"
