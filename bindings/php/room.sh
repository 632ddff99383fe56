# The PHP room as a user has it: the built package in a Composer project of its own, .oscar/php/app. Made anew when the package is another. Sourced.
php_room() {
  local package app=$STATE/php/app stamp
  package=$("$ROOT/bindings/php/build.sh") || return
  stamp=$(cd "$package" && find . -type f | sort | xargs sha256sum | sha256sum)
  [ "$(cat "$app/.stamp" 2>/dev/null)" = "$stamp" ] && return
  rm -rf "$app"
  composer_project "$app" "$package" || return
  printf '%s\n' "$stamp" >"$app/.stamp"
}

# An empty Composer project with the package installed; nothing is downloaded.
composer_project() { # FOLDER PACKAGE
  mkdir -p "$1"
  cat >"$1/composer.json" <<JSON
{
    "repositories": [
        { "type": "path", "url": "$2", "options": { "symlink": false } },
        { "packagist.org": false }
    ],
    "require": { "oscartoki/oscartoki": "*" }
}
JSON
  COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_DISABLE_NETWORK=1 COMPOSER_HOME="$STATE/php/composer" composer install -q -n --no-progress -d "$1"
}
