# frozen_string_literal: true

# Every request proves who sent exactly it, now, once; every answer proves what was read and written.
#
#   client = Oscartoki::Client.new(secret: ENV["OSCAR_SECRET"], audience: "api.example.com")
#   conn = Faraday.new("https://api.example.com") { |f| f.request :oscartoki, client }
#   use Oscartoki::Rack::Middleware, service: Oscartoki::Service.new(keys: [ENV["OSCAR_KEY"]], authorities: ["api.example.com"])
module Oscartoki
  autoload :NetHTTP, "oscartoki/net_http"
  autoload :Rack, "oscartoki/rack"
  autoload :Hazmat, "oscartoki/hazmat"
  autoload :V1, "oscartoki/v1"
  autoload :Tcx, "oscartoki/tcx"
  autoload :Socktopus, "oscartoki/socktopus"
end

require_relative "oscartoki/version"
require_relative "oscartoki/errors"
require_relative "oscartoki/keys"
require_relative "oscartoki/memory"
require_relative "oscartoki/client"
require_relative "oscartoki/service"

module Oscartoki
  Hot.begin(VerifiedRequest, SignedRequest)
  # Whether signing and verifying go by the extension of this Ruby; else by ffi, as everything else.
  EXTENSION = Hot.extension?
end

require_relative "oscartoki/faraday" if defined?(Faraday)
