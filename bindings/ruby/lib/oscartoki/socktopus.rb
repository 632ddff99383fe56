# frozen_string_literal: true

require "json"

require_relative "clock"
require_relative "errors"
require_relative "held"

module Oscartoki
  # Websocket hubs, Socktopus and `oscar serve`: tokens, frames, pings, and a hub as an app and its connections meet it.
  #
  #   hub = Oscartoki::Socktopus::Hub.new("https://hub.example.com", app: "shop", secret: ENV["SHOP_SOCKTOPUS_SECRET"])
  #   hub.send([{ recipient: "alice", content: "hello" }])
  module Socktopus
    autoload :Hub, "oscartoki/socktopus/hub"
    autoload :Listener, "oscartoki/socktopus/listener"

    # What opens one websocket at a hub, within 5 s: an app (`shop` for `SHOP_SOCKTOPUS_SECRET`) and the connection's id.
    class Token
      ROOM = 1114
      RAW = 536
      # So many newest times are kept before those that can't come again are dropped.
      KEPT = 1000
      private_constant :ROOM, :RAW, :KEPT

      # The app; the connection's id; when it was minted.
      attr_reader :app, :connection, :ts_ms

      @newest = {}
      @lock = Mutex.new

      class << self
        # Mints a token; without `ts_ms` now, and never one text twice in this process. Errors: weak_secret (an empty one), unsignable.
        def mint(secret, app, connection, ts_ms: nil)
          texts = [secret, app, connection].flat_map { |text| Door.slice(text) }
          ts_ms ||= fresh([app, connection])
          Door.text(ROOM) { |out, room| Door.socktopus_mint(*texts, ts_ms, out, room) }
        end

        # Verifies a token, without memory: `replayed` and kicked are the hub's to know. `secrets` by app; an empty one is none.
        # Errors, in this order: malformed, unknown_key, bad_mac, stale.
        def verify(secrets, token, now_ms: nil)
          held = Door.handle { |out| Door.socktopus_secrets_new(out) }
          begin
            secrets.each { |app, secret| Door.check(Door.socktopus_secrets_add(held, *Door.slice(app.to_s), *Door.slice(secret))) unless secret.empty? }
            new(Door.bytes(RAW) { |out| Door.socktopus_verify(held, *Door.slice(token), now_ms || Clock.wall, out) })
          ensure
            Door.socktopus_secrets_free(held)
          end
        end

        private

        def fresh(whose)
          @lock.synchronize do
            now = Clock.wall
            @newest.select! { |_, ts| ts >= now } if @newest.size >= KEPT
            @newest[whose] = [now, (@newest[whose] || 0) + 1].max
          end
        end
      end

      # @api private
      def initialize(raw)
        @ts_ms, app, connection = raw.unpack("qJJ")
        @app = raw.byteslice(24, app).force_encoding(Encoding::UTF_8)
        @connection = raw.byteslice(280, connection).force_encoding(Encoding::UTF_8)
      end

      def inspect = "#<Oscartoki::Socktopus::Token #{app} #{connection}>"
    end

    # A text that a hub sent over a websocket.
    class Frame
      # What a client sends at least every 20 s (Pings says when), and what one sends that leaves.
      PING = "PING"
      CLOSE = "CLOSE"
      KINDS = %i[other data pong close].freeze
      private_constant :KINDS

      # :data, a message; :pong, the answer to a ping; :close, the hub ends the connection; :other, which a client ignores. Then the message, or nil.
      attr_reader :kind, :content

      # Reads a hub's text.
      def self.parse(text)
        kind = Door::ZERO * 4
        at = Door.bytes(8) { |out| Door.socktopus_frame(*Door.slice(text), kind, out) }.unpack1("J")
        kind = KINDS.fetch(kind.unpack1("L"))
        new(kind, kind == :data ? text.byteslice(at..) : nil)
      end

      # @api private
      def initialize(kind, content)
        @kind = kind
        @content = content
      end

      def inspect = "#<Oscartoki::Socktopus::Frame #{kind}>"
    end

    # What a client does now: `:send`, send Frame::PING and ask again; `:later`, ask again at `at_ms`; `:dead`, no PONG came for 20 s, connect anew.
    class Ping
      KINDS = %i[send later dead].freeze
      private_constant :KINDS

      # :send, :later or :dead; when, on the clock that was given to Pings.
      attr_reader :kind, :at_ms

      # @api private
      def initialize(kind, at_ms)
        @kind = KINDS.fetch(kind)
        @at_ms = at_ms
      end

      def inspect = "#<Oscartoki::Socktopus::Ping #{kind}>"
    end

    # When a websocket's client pings, and whether the hub still answers. The first ping goes at once: its PONG proves the join.
    class Pings
      include Held

      # The schedule of a connection that opened now; `now_ms` of any monotonic clock, Ruby's where none is given.
      def initialize(now_ms: nil) = own(Door.handle { |out| Door.socktopus_pings_new(now_ms || Clock.mono, out) }, :socktopus_pings)

      # What to do now. After `:send` the ping counts as sent.
      def next(now_ms: nil)
        kind = Door::ZERO * 4
        at_ms = Door.bytes(8) { |out| Door.socktopus_pings_next(@handle, now_ms || Clock.mono, kind, out) }.unpack1("q")
        Ping.new(kind.unpack1("L"), at_ms)
      end

      # A PONG came.
      def pong = Door.check(Door.socktopus_pings_pong(@handle))
    end

    # What became of the messages of one `send`, each in its order.
    class Sent
      # Handed to a connection's queue; to nobody: `{ recipient:, content: }` of each.
      attr_reader :succeeded, :failed

      # Reads the body of a hub's answer. Error: malformed.
      def self.parse(body)
        Door.bytes(8) { |out| Door.socktopus_sent(*Door.slice(body), Door::ZERO * 8, out) }
        told = JSON.parse(body, symbolize_names: true)
        new(*told.values_at(:succeeded, :failed).map { |messages| messages.map { |message| message.slice(:recipient, :content) } })
      end

      # @api private
      def initialize(succeeded, failed)
        @succeeded = succeeded
        @failed = failed
      end

      def inspect = "#<Oscartoki::Socktopus::Sent #{succeeded.size} succeeded, #{failed.size} failed>"
    end

    # A hub refused; `status` is its HTTP status.
    class Refused < StandardError
      attr_reader :status

      # @api private
      def self._of(status, body)
        told = begin
          JSON.parse(body)
        rescue JSON::ParserError
          nil
        end
        told = told.is_a?(Hash) ? told["message"] : nil
        new(status, told.is_a?(String) ? told : "this is no answer of a hub")
      end

      # @api private
      def initialize(status, sentence)
        super("#{status}: #{sentence}")
        @status = status
      end
    end
  end
end
