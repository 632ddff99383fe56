# frozen_string_literal: true

require_relative "clock"
require_relative "held"
require_relative "errors"
require_relative "pack"

module Oscartoki
  # What travels outside of a request's headers: messages of a queue, presigned URLs, websocket tickets.
  module Carried
    # Room for what a presigned target gets, and for a ticket.
    PARAMETER = 60
    TICKET = 400

    # Packs; what does not fit is the error `kind`.
    def self.packed(kind)
      yield
    rescue Pack::Misfit
      raise kind, "a field is too long"
    end
  end
  private_constant :Carried

  # A message that was signed: `toki` is its header, `accept_reply` judges its one RPC reply.
  class SignedMessage
    include Held

    ROOM = 64

    # The header oscartoki of the message.
    attr_reader :toki

    # @api private
    def initialize(toki, context)
      @toki = toki
      own(context, :message)
    end

    # Accepts the reply, once; the consumer's time in milliseconds.
    def accept_reply(toki, body = "", ext: nil)
      packed = Carried.packed(OscarError::Malformed) { Pack.fields(*[ext || "", toki].compact) }
      Door.bytes(8) { |out| Door.message_accept_reply(@handle, *Door.slice(packed), *Door.slice(body), out) }.unpack1("q")
    end
  end

  # A message that was verified. `freshness` is :fresh, :duplicate or :unchecked.
  class VerifiedMessage
    include Held

    FRESHNESS = %i[fresh duplicate unchecked].freeze
    private_constant :FRESHNESS

    # The sender's key id, when it was minted, its life, its nonce, and whether a consumer has seen it.
    attr_reader :kid, :ts_ms, :ttl_s, :nonce, :freshness

    # @api private
    def initialize(raw)
      @ts_ms, @ttl_s, @kid, @nonce, context, freshness = raw.unpack("qqa8a8qL")
      @freshness = FRESHNESS.fetch(freshness)
      own(context, :message)
    end

    # The toki of the RPC reply.
    def reply(body = "", ext: nil, now_ms: nil)
      Door.text(59) { |out, room| Door.message_reply(@handle, *Door.slice(ext), *Door.slice(body), now_ms || Clock.wall, out, room) }
    end

    def inspect = "#<Oscartoki::VerifiedMessage kid #{kid.unpack1('H*')}, #{freshness}>"
  end

  # What the consumers of one queue remember together.
  class MessageMemory
    include Held

    # @api private
    def initialize(handle) = own(handle, :message_memory)
  end

  # A presigned URL that was verified; `target` is what was signed, without the parameter.
  class VerifiedUrl
    # The signer's key id, 8 bytes; the last good millisecond; what was signed.
    attr_reader :kid, :exp_ms, :target

    # @api private
    def initialize(kid, exp_ms, target)
      @kid = kid
      @exp_ms = exp_ms
      @target = target
    end

    def inspect = "#<Oscartoki::VerifiedUrl kid #{kid.unpack1('H*')}, #{target}>"
  end

  # A ticket that was verified, and is spent.
  class VerifiedTicket
    # The client's key id, 8 bytes; the connection id; when it was minted.
    attr_reader :kid, :connection, :ts_ms

    # @api private
    def initialize(raw)
      @ts_ms, @kid, @bound, size, connection = raw.unpack("qa8CCa255")
      @connection = connection.byteslice(0, size)
    end

    # Whether it was bound to the Origin.
    def origin_bound? = @bound == 1

    def inspect = "#<Oscartoki::VerifiedTicket kid #{kid.unpack1('H*')}>"
  end
end
