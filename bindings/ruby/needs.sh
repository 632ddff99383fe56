# What the Ruby room needs (read by scripts/setup).
want "Ruby >= 3.1 with ffi" "ruby ruby-ffi" ruby -e 'exit RUBY_VERSION >= "3.1" && require("ffi")'
want "Ruby's headers (its extension)" "ruby-dev" ruby -rrbconfig -e 'exit File.exist?(RbConfig::CONFIG["rubyhdrdir"] + "/ruby.h")'
want "minitest (Ruby tests)" "ruby-minitest" ruby -e 'require "minitest"'
want "Rack, puma, Faraday (Ruby service and client)" "ruby-rack puma ruby-faraday" ruby -e 'require "rack"; require "puma"; require "faraday"'
want "ruby-jwt (a peer of the Ruby bench)" "ruby-jwt" ruby -e 'require "jwt"'
want "websocket-driver (a hub's listener in Ruby)" "ruby-websocket-driver" ruby -e 'require "websocket/driver"'
want "Redis (tests of the fleet's memory)" "redis-server" have redis-server
