#!/usr/bin/env bash
# Builds the platform gem into .oscar/dist/ruby and installs it into .oscar/ruby/gems, a GEM_HOME of its own. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
work=$root/.oscar/ruby
dist=$root/.oscar/dist/ruby
command -v ruby >/dev/null && ruby -e 'require "ffi"' 2>/dev/null ||
  { echo "error: ruby >= 3.1 with ffi is needed: apt-get install ruby ruby-ffi, or scripts/setup ruby" >&2; exit 1; }

# The C door alone: what the other doors export stays behind.
"$root/bindings/c/install.sh" "$root/target/c/prefix" >&2
case $(uname -s) in Darwin) library=liboscartoki.dylib ;; *) library=liboscartoki.so ;; esac
built=$root/target/c/prefix/lib/$library

# Beside it an extension for this Ruby, where its headers are; every other Ruby goes by ffi.
headers=$(ruby -rrbconfig -e 'c = RbConfig::CONFIG; puts "-I#{c["rubyhdrdir"]} -I#{c["rubyarchhdrdir"]}" if File.exist?("#{c["rubyhdrdir"]}/ruby.h")')

state=$(cat "$built" oscartoki.gemspec README.md build.sh ext/fast.c <(echo "$headers") $(find lib sig -name '*.rb' -o -name '*.rbs' | sort) <(ruby -v) | sha256sum)
if [ "$(cat "$work/.stamp" 2>/dev/null)" != "$state" ]; then
  rm -rf "$work" "$dist"
  mkdir -p "$work/stage" "$dist"
  cp -R lib sig README.md oscartoki.gemspec "$root"/LICENSE-* "$work/stage/"
  rm -f "$work/stage/lib/oscartoki"/liboscartoki.*
  cp -L "$built" "$work/stage/lib/oscartoki/"
  if [ -n "$headers" ]; then
    fast=$work/stage/lib/oscartoki/$(ruby -e 'print RUBY_VERSION[/\A\d+\.\d+/]')/fast.$(ruby -rrbconfig -e 'print RbConfig::CONFIG["DLEXT"]')
    mkdir -p "$(dirname "$fast")"
    case $(uname -s) in Darwin) shared="-bundle -undefined dynamic_lookup" ;; *) shared="-shared -fPIC" ;; esac
    # shellcheck disable=SC2086
    ${CC:-cc} -O2 -Wall -Wextra -Wno-unused-parameter $shared $headers -I"$root/include" ext/fast.c -o "$fast"
    strip -x "$fast"
  fi
  (cd "$work/stage" && gem build -q oscartoki.gemspec -o "$work/oscartoki.gem" >/dev/null)
  name=$(ruby -rrubygems/package -e 'puts Gem::Package.new(ARGV[0]).spec.file_name' "$work/oscartoki.gem")
  mv "$work/oscartoki.gem" "$dist/$name"
  env -u GEM_PATH GEM_HOME="$work/gems" gem install --local --no-document --quiet "$dist/$name" >/dev/null
  echo "$state" >"$work/.stamp"
fi
ls "$dist"/oscartoki-*.gem
