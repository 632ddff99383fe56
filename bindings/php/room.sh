# Composer projects without a network, for build.sh and test.sh. Sourced after scripts/lib.sh.

# The room as a user has it, in .oscar/php/app; made anew when the package is another.
install_room() { # PACKAGE
  local app=$STATE/php/app stamp
  stamp=$(cd "$1" && find . -type f | sort | xargs sha256sum | sha256sum)
  [ "$(cat "$app/.stamp" 2>/dev/null)" = "$stamp" ] && return
  rm -rf "$app"
  composer_project "$app" "$1" || return
  printf '%s\n' "$stamp" >"$app/.stamp"
}

# An empty project with the package installed.
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
