# frozen_string_literal: true

module Oscartoki
  module Rack
    # What the app answers: which of it is covered, and how it goes out. Private.
    class Answer
      OURS = %w[oscartoki oscartokikey cache-control].freeze
      NO_STORE = "no-store, no-transform"
      # The server sends a file in place of the body.
      SENDFILE = %w[x-sendfile x-accel-redirect x-lighttpd-send-file].freeze

      attr_reader :status, :content

      def initialize(status, headers, body)
        @status = status.to_i
        @headers = headers
        @body = body
      end

      # In place of what a broken app would have answered.
      def self.broken = new(500, {}, [])

      # No answer that can be signed: the app will answer by itself.
      def elsewhere? = status < 200

      # The answer to HEAD, and 204 and 304, have no content.
      def bodiless?(asked) = asked.head? || status == 204 || status == 304

      # Reads the content, when it can be covered: `content` then is all of it.
      def read(most, asked)
        return discard if bodiless?(asked)
        return unless coverable? && fits?(most)

        parts = parts_up_to(most)
        return if parts.nil?

        @content = parts
        @body.close if @body.respond_to?(:close)
        @body = @content.empty? ? [] : [@content]
      end

      # The headers, but for ours, and what is said of the content.
      def prepare(asked)
        @headers = @headers.reject { |name, _| OURS.include?(name.downcase) || (@content && name.casecmp?("content-length")) }.to_h
        @headers["cache-control"] = NO_STORE
        @headers["content-length"] = @content.bytesize.to_s if @content && !bodiless?(asked)
      end

      # Names and values, for what is covered of them: several values are lines in Rack 2, an Array in Rack 3.
      def pairs
        @headers.reject { |name, _| name.start_with?("rack.") }
                .map { |name, value| [name.downcase, value.is_a?(String) ? value.split("\n", -1) : Array(value).map(&:to_s)] }
      end

      # The answer with our headers.
      def with(toki, grant)
        @headers["oscartoki"] = toki
        @headers["oscartokikey"] = grant if grant
        to_a
      end

      def to_a = [status, @headers, @body]

      # Nothing of it goes out.
      def discard
        @body.close if @body.respond_to?(:close)
        @body = []
      end

      private

      def header(wanted) = @headers.find { |name, _| name.casecmp?(wanted) }&.last

      def coverable?
        return false unless @body.respond_to?(:to_ary) || @body.respond_to?(:each)

        encoding = header("content-encoding").to_s.strip.downcase
        return false unless ["", "identity"].include?(encoding)
        return false if header("content-type").to_s.partition(";").first.strip.casecmp?("text/event-stream")

        @headers.none? { |name, _| name == "rack.hijack" || SENDFILE.include?(name.downcase) }
      end

      def fits?(most) = header("content-length").to_s.to_i <= most

      # All of the body, or nil when it is longer; what was read of it then goes out first.
      def parts_up_to(most)
        if @body.respond_to?(:to_ary)
          whole = join(@body.to_ary)
          return whole if whole.bytesize <= most

          @body.close if @body.respond_to?(:close)
          @body = [whole]
          return
        end
        chunks = @body.to_enum(:each)
        whole = "".b
        while whole.bytesize <= most
          begin
            whole << chunks.next.b
          rescue StopIteration
            return whole
          end
        end
        @body = Rest.new(whole, chunks, @body)
        nil
      end

      def join(parts) = parts.each_with_object("".b) { |part, whole| whole << part.b }
    end
    private_constant :Answer

    # A body whose beginning was read already. Private.
    class Rest
      def initialize(first, chunks, body)
        @first = first
        @chunks = chunks
        @body = body
      end

      def each
        yield @first
        loop { yield @chunks.next }
      end

      def close
        @body.close if @body.respond_to?(:close)
      end
    end
    private_constant :Rest
  end
end
