# frozen_string_literal: true

require_relative "lib/oscartoki/version"

Gem::Specification.new do |gem|
  gem.name = "oscartoki"
  gem.version = Oscartoki::VERSION
  # The library is inside.
  gem.platform = Gem::Platform::CURRENT
  gem.summary = "Rolling, mutual, request-bound tokens"
  gem.description = "Every request proves who sent exactly it, now, once; every answer proves what was read and written. Rack, Faraday and Net::HTTP."
  gem.authors = ["The oscartoki authors"]
  gem.homepage = "https://github.com/oscartoki/oscartoki"
  gem.licenses = %w[MIT Apache-2.0]
  gem.required_ruby_version = ">= 3.1"
  gem.files = Dir["lib/**/*.rb", "lib/oscartoki/liboscartoki.*", "lib/oscartoki/*/fast.*", "sig/**/*.rbs", "README.md", "LICENSE-*"]
  # The calls into the library; Debian's ruby-ffi is 1.15.
  gem.add_dependency "ffi", "~> 1.15"
  # Frees a handle with its object; a default gem up to Ruby 3.4.
  gem.add_dependency "fiddle", "~> 1.1"
  gem.metadata["rubygems_mfa_required"] = "true"
end
