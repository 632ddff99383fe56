# frozen_string_literal: true

require "zlib"

module Oscartoki
  # The content of an answer, up to a limit. Private.
  module Content
    # It is longer than the client takes.
    class TooLarge < StandardError; end

    module_function

    # Adds what has arrived.
    def add(whole, chunk, most)
      whole << chunk
      raise TooLarge if whole.bytesize > most
    end

    # Without its content-coding, where the HTTP library left that on because the caller set Accept-Encoding. One that is not known here stays, and
    # is then not what was signed.
    def decoded(body, coding, most)
      raise TooLarge if body.bytesize > most
      return body unless %w[gzip x-gzip deflate].include?(coding.to_s.strip.downcase)

      whole = "".b
      zlib = Zlib::Inflate.new(Zlib::MAX_WBITS + 32)
      zlib.inflate(body) { |chunk| add(whole, chunk, most) }
      add(whole, zlib.finish, most)
      whole
    rescue Zlib::Error
      body
    ensure
      zlib&.close
    end
  end
  private_constant :Content
end
