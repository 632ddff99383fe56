# frozen_string_literal: true

module Oscartoki
  # The clocks, where the caller gives none: milliseconds since 1970, and monotonic ones. Private.
  module Clock
    module_function

    def wall = Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)
    def mono = Process.clock_gettime(Process::CLOCK_MONOTONIC, :millisecond)
  end
  private_constant :Clock
end
