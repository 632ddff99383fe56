# frozen_string_literal: true

require "logger"

require_relative "held"
require_relative "pack"

module Oscartoki
  class << self
    # Where the library says what an operator should know: a file that is wrong, an answer whose content is not covered. Standard error by default.
    attr_writer :logger

    def logger = @logger ||= Logger.new($stderr, progname: "oscartoki", level: Logger::WARN)
  end

  # A ring that follows its files. Private.
  class RingFiles
    include Held

    # `fixed`: keys that stand in no file, as texts.
    def initialize(keyring, key_files, fixed, revocations)
      packed = Pack.fields(*key_files.map(&:to_s))
      own(Door.handle do |out|
        Door.ring_files_open(keyring._handle, *Door.slice(packed), *Door.slice(fixed.join("\n")), *Door.slice(revocations&.to_s), out)
      end, :ring_files)
    end

    # Takes over what has changed: called before each verification. What is wrong is told once; what was good stays in force.
    def refresh
      return if Door.ring_files_refresh(@handle).zero?

      Oscartoki.logger.error(Door.last_detail)
    end

    # Writes a revocation, for every process that follows the file.
    def append(line) = Door.check(Door.ring_files_append(@handle, *Door.slice(line)))
  end
  private_constant :RingFiles
end
