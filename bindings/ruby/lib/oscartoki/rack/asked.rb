# frozen_string_literal: true

require "stringio"

require_relative "../errors"

module Oscartoki
  module Rack
    # A request as Rack gives it: its raw head, and its body. Private.
    class Asked
      # Header names by their names in env; bounded, because senders choose them.
      NAMES = 500
      @names = {}

      class << self
        def header(name)
          known = @names[name]
          return known if known

          made = name.delete_prefix("HTTP_").tr("_", "-").downcase.freeze
          @names = @names.merge(name => made).freeze if @names.size < NAMES
          made
        end
      end

      # Rack's env; method, raw target and headers.
      attr_reader :env, :head

      def initialize(env)
        @env = env
        @head = [verb, target, headers].freeze
      end

      def head? = verb == "HEAD"

      def preflight?
        verb == "OPTIONS" && env.key?("HTTP_ORIGIN") && env.key?("HTTP_ACCESS_CONTROL_REQUEST_METHOD") && !env.key?("HTTP_OSCARTOKI")
      end

      # Whether the app has taken the connection over.
      def hijacked? = !env["rack.hijack_io"].nil?

      def input = env["rack.input"] || StringIO.new

      # The body, at most `most` bytes and one more. What somebody outside has read is read again, where the server can do that.
      def read(most)
        source = input
        source.rewind if source.respond_to?(:rewind)
        whole = "".b
        while whole.bytesize <= most && (chunk = source.read(most + 1 - whole.bytesize))
          break if chunk.empty?

          whole << chunk
        end
        whole
      end

      # Gives the body that was read to the app.
      def give(body)
        env["rack.input"] = StringIO.new(body)
        env["CONTENT_LENGTH"] = body.bytesize.to_s if env.key?("CONTENT_LENGTH") || !body.empty?
      end

      # The app broke: its error goes where Rack's errors go.
      def report(error)
        env["rack.exception"] = error
        (env["rack.errors"] || $stderr).puts(error.full_message(highlight: false))
      end

      private

      # As it was sent: Rack::MethodOverride may stand outside.
      def verb = env["rack.methodoverride.original_method"] || env["REQUEST_METHOD"]

      def target
        raw = env["REQUEST_URI"]
        server = env["SERVER_SOFTWARE"] || "this Rack server"
        # WEBrick's is a URL that it has put together.
        return raw unless raw.nil? || raw.empty? || (server.start_with?("WEBrick") && !raw.start_with?("/", "*"))

        raise OscarError::RawTargetHidden, "#{server} does not give the request target as it was sent in REQUEST_URI: serve with puma, Falcon, Unicorn " \
                                           "or Passenger, or set env[\"REQUEST_URI\"] before this middleware"
      end

      def headers
        found = []
        env.each do |name, value|
          if name.start_with?("HTTP_") ? name != "HTTP_VERSION" : ((name == "CONTENT_TYPE" || name == "CONTENT_LENGTH") && !value.to_s.empty?)
            found << [self.class.header(name), value.to_s]
          end
        end
        found
      end
    end
    private_constant :Asked
  end
end
