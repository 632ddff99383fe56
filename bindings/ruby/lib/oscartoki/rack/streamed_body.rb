# frozen_string_literal: true

require "digest"

module Oscartoki
  module Rack
    # The body of a request on a streaming route, `rack.input` as well: read it whole, then `finish`.
    class StreamedBody
      CHUNK = 1 << 16
      private_constant :CHUNK

      # @api private
      def initialize(pending, input)
        @pending = pending
        @input = input
        @hash = Digest::SHA256.new
        @size = 0
      end

      # Reads as an IO does.
      def read(length = nil, buffer = nil)
        chunk = length ? @input.read(length) : (@input.read || "")
        if chunk
          @hash << chunk
          @size += chunk.bytesize
        end
        return chunk unless buffer

        buffer.replace(chunk || "")
        chunk && buffer
      end

      # One line.
      def gets(*)
        line = @input.gets
        if line
          @hash << line
          @size += line.bytesize
        end
        line
      end

      # Line by line.
      def each
        while (line = gets)
          yield line
        end
      end

      # Reads what is left; what was verified. Raises BodyMismatch; the middleware then answers.
      def finish
        verdict = _settle
        verdict.raise_for_refusal
        verdict
      end

      # The verdict on all of it.
      # @api private
      def _settle
        @verdict ||= begin
          nil while read(CHUNK)
          @size.zero? ? @pending.finish(nil) : @pending.finish(digest: @hash.digest)
        end
      end

      def inspect = "#<Oscartoki::Rack::StreamedBody>"
    end
  end
end
