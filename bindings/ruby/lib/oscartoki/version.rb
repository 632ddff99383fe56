# frozen_string_literal: true

module Oscartoki
  # The version of this gem and of the library inside it.
  VERSION = "0.1.0"

  # The version, as every language says it.
  def self.version = VERSION
end
