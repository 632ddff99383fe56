#!/usr/bin/env bash
# bench.sh [--json]: what signing and verifying cost beside the same by hand and ruby-jwt.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/build.sh" >/dev/null
exec env -u GEM_PATH GEM_HOME="$here/../../.oscar/ruby/gems" ruby "$here/bench.rb" "$@"
