# frozen_string_literal: true

require "net/http"

require_relative "clock"
require_relative "held"
require_relative "keys"
require_relative "service"

module Oscartoki
  # OscarToki v1: a client and a service that take the place of the original ones.
  #
  # The protocol proves that both sides hold a key, not what was asked or answered: move to v2. A Service of v2 also takes v1 where a key's line says
  # so (`Keyring#add_v1`), until its date or the client's first v2 request.
  module V1
    TOKI = 97
    TOKIKEY = 96
    private_constant :TOKI, :TOKIKEY

    # The text of a v1 key, of any length.
    class Text < KeyText
      def initialize(key)
        super()
        raise TypeError, "a key is a String" unless key.is_a?(String)

        @size = key.bytesize
        keep(FFI::MemoryPointer.new(1, [@size, 1].max).put_bytes(0, key))
      end

      def inspect = "#<Oscartoki::V1::Text>"
      alias to_s inspect

      private

      attr_reader :size
    end
    private_constant :Text

    # A v1 key: mints and verifies tokis and tokikeys.
    class Key
      def initialize(key)
        @held = Text.new(key)
        # An empty key is refused here, not later.
        mint(now_ms: 1_795_300_000_000)
      end

      # The newest toki that every original accepts at this clock.
      def mint(now_ms: nil) = Door.text(TOKI) { |out, room| Door.v1_mint(*@held._slice, now_ms || Clock.wall, out, room) }

      # Verifies a toki; its time in milliseconds.
      def verify(toki, dialect: "any", now_ms: nil)
        Door.bytes(8) { |out| Door.v1_verify(*@held._slice, *Door.slice(toki), Keyring._dialect(dialect), now_ms || Clock.wall, out) }.unpack1("q")
      end

      # The tokikey that answers a toki.
      def mint_tokikey(toki, now_ms: nil)
        Door.text(TOKIKEY) { |out, room| Door.v1_tokikey_mint(*@held._slice, *Door.slice(toki), now_ms || Clock.wall, out, room) }
      end

      # Verifies the tokikey of a toki.
      def verify_tokikey(toki, tokikey, dialect: "any", now_ms: nil)
        Door.check(Door.v1_tokikey_verify(*@held._slice, *Door.slice(toki), *Door.slice(tokikey), Keyring._dialect(dialect), now_ms || Clock.wall))
      end

      def inspect = "#<Oscartoki::V1::Key>"

      # @api private
      def _slice = @held._slice
    end

    # The two steps of one request: a GET that fetches the tokikey, then the request itself.
    class Exchange
      include Held

      # @api private
      def initialize(toki, handle)
        @toki = toki
        own(handle, :v1_exchange)
      end

      # What the next step carries.
      def headers = { "oscartoki" => @toki, "oscartokikey" => @tokikey }.compact

      # Accepts the answer to the first step, once: the tokikey.
      def accept_first(body, toki, now_ms: nil)
        @tokikey = Door.text(TOKIKEY) do |out, room|
          Door.v1_exchange_accept_first(@handle, *Door.slice(body), *Door.slice(toki), now_ms || Clock.wall, out, room)
        end
      end

      # Accepts the answer to the second step, once. It proves that the service holds the key, not what it wrote.
      def accept_second(toki, now_ms: nil) = Door.check(Door.v1_exchange_accept_second(@handle, *Door.slice(toki), now_ms || Clock.wall))
    end

    # The client of OscarToki v1, in the place of the original.
    class Client
      include Held

      def initialize(key, dialect: "any")
        held = key.is_a?(Key) ? key : Key.new(key)
        own(Door.handle { |out| Door.v1_client_new(*held._slice, Keyring._dialect(dialect), out) }, :v1_client)
      end

      # Begins the two steps of one request, without a socket.
      def begin(now_ms: nil)
        toki = nil
        handle = Door.handle do |out|
          toki = Door.text(TOKI) { |text, room| Door.v1_client_begin(@handle, now_ms || Clock.wall, text, room, out) }
          0
        end
        Exchange.new(toki, handle)
      end

      # Does both steps with Net::HTTP: GET for the tokikey, then the request. `http`: a connection that is open; else one is made.
      def request(method, url, body = nil, headers: {}, http: nil)
        url = URI(url)
        return Net::HTTP.start(url.hostname, url.port, use_ssl: url.scheme == "https") { |opened| request(method, url, body, headers: headers, http: opened) } unless http

        # A step is sent once: the second time its toki is replayed.
        http.max_retries = 0
        exchange = self.begin
        first = http.request(Net::HTTP::Get.new(url.request_uri, headers.merge(exchange.headers)))
        exchange.accept_first(first.body.to_s, first["oscartoki"])
        headers = { "content-type" => "application/x-www-form-urlencoded" }.merge(headers) if body
        answer = http.send_request(method.to_s, url.request_uri, body, headers.merge(exchange.headers))
        exchange.accept_second(answer["oscartoki"])
        answer
      end
    end

    # A service for clients of v1, in the place of the original: `keys` by the kid (8 bytes) that each client has or will have. It goes into the same
    # Rack middleware, and takes v2 as soon as an `oa2.` key is added to its ring. Options as of Service.
    def self.service(keys, authorities, until_ms:, dialect: "any", memory: nil, first_start: false, **options)
      ring = Keyring.new(Oscartoki.normalise_authority(Array(authorities).first))
      keys.each { |kid, key| ring.add_v1(kid: kid, key: key, until_ms: until_ms, dialect: dialect) }
      Service.new(authorities: authorities, keyring: ring, memory: memory, first_start: first_start, **options)
    end
  end
end
