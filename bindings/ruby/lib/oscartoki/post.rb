# frozen_string_literal: true

require "net/http"
require "uri"

require_relative "errors"

module Oscartoki
  # One POST of JSON with Net::HTTP, as TCX and Socktopus have it: nothing is resent, no redirect is followed. Private.
  module Post
    # An answer's content is at most so long.
    MOST = 2 << 20
    TIMES = { open_timeout: 10, read_timeout: 30, write_timeout: 30 }.freeze

    module_function

    # The answer, with its whole body.
    def json(url, path, body, options)
      place = URI(url.to_s.chomp("/") + path)
      answer = nil
      Net::HTTP.start(place.hostname, place.port, use_ssl: place.scheme == "https", **TIMES, **options) do |http|
        request = Net::HTTP::Post.new(place.request_uri, "content-type" => "application/json")
        request.body = body
        http.request(request) { |head| (answer = head).body = content(head) }
      end
      answer
    end

    def content(head)
      whole = "".b
      head.read_body do |chunk|
        raise OscarError::Malformed.new("the answer is too long", may_have_run: true) if whole.bytesize + chunk.bytesize > MOST

        whole << chunk
      end
      whole.force_encoding(Encoding::UTF_8)
    end
  end
  private_constant :Post
end
