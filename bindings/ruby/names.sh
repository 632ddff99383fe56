#!/usr/bin/env bash
# Prints the public names of the built gem, one a line, by reflection. For scripts/names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/build.sh" >/dev/null
exec env -u GEM_PATH GEM_HOME="$here/../../.oscar/ruby/gems" ruby "$here/names.rb"
