#!/usr/bin/env bash
# vectors.sh FILE...: judges vector files through the built gem.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/build.sh" >/dev/null
exec env -u GEM_PATH GEM_HOME="$here/../../.oscar/ruby/gems" ruby "$here/vectors.rb" "$@"
