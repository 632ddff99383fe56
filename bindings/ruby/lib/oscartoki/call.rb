# frozen_string_literal: true

require_relative "clock"
require_relative "held"
require_relative "outcome"
require_relative "pack"

module Oscartoki
  # One request on its way, without a socket: probe, request, resend.
  #
  #   call = client.call("POST", "api.example.com", "/v1/transfer", body)
  #   while (step = call.next).send?
  #     …send step.method with step.headers, then call.received(status, headers, body)
  #   end
  #   step.outcome.raise_for_refusal
  class Call
    include Held

    # The client whose request it is.
    attr_reader :client

    # @api private
    def initialize(client, packed, body, options)
      @client = client
      made = Door.handle(may_have_run: false) { |out| Door.call_new(client._handle, *Door.slice(packed), *Door.slice(body), options, out) }
      own(made, :call)
    end

    # The next step. Asked again before an answer was given, it is the same; after the end, the same end.
    def next(now_ms: nil, mono_ms: nil)
      raw = Door::ZERO * Step::SIZE
      Door.check(Door.call_next(@handle, now_ms || Clock.wall, mono_ms || Clock.mono, raw))
      Step.new(raw)
    end

    # The answer came. `headers`: names and values in order (a Hash or pairs); `body`: the content after removing content-coding; the clocks are
    # those when the head arrived.
    def received(status, headers, body = nil, received_ms: nil, mono_ms: nil)
      begin
        head = Pack.head(status, headers)
      rescue Pack::Misfit
        head = ""
      end
      Door.call_received(@handle, *Door.slice(head), *Door.slice(body), received_ms || Clock.wall, mono_ms || Clock.mono)
      nil
    end

    # An answer came whose content is over the client's `max_answer`.
    def too_large(status)
      Door.call_too_large(@handle, status)
      nil
    end

    # No answer came: a network failure.
    def failed
      Door.call_failed(@handle)
      nil
    end
  end

  # What the owner of a call does next: send (`send?`), or it ended, `kind` :done or :failed, with `outcome`.
  class Step
    AT = %i[kind method content_digest headers outcome requests probed resent in_session].to_h { |field| [field, Door::Step.offset_of(field)] }.freeze
    SIZE = Door::Step.size
    KINDS = %i[send done failed].freeze
    private_constant :AT, :KINDS

    # :send, :done or :failed.
    attr_reader :kind
    # To send: the method, HEAD for a probe; and our headers. A probe goes without content and without the headers that `Client#drops_from_probe?` names.
    attr_reader :method, :headers
    # What became of it; of a request that is still to be sent it says nothing.
    attr_reader :outcome
    # How many requests went out, the probe included.
    attr_reader :requests

    # @api private
    def initialize(raw)
      @kind = KINDS.fetch(raw.unpack1("L"))
      @method = raw.unpack1("Z33", offset: AT[:method])
      toki, grant, @probe = raw.unpack("Z59Z48C", offset: AT[:headers])
      named = { "oscartoki" => toki, "oscartokikey" => grant, "content-digest" => raw.unpack1("Z56", offset: AT[:content_digest]) }
      @headers = send? ? named.reject { |_, field| field.empty? } : {}
      @outcome = Outcome.new(raw.byteslice(AT[:outcome], Door::Outcome.size))
      @requests, @probed, @resent, @in_session = raw.unpack("LCCC", offset: AT[:requests])
    end

    # Whether a request is to be sent.
    def send? = @kind == :send

    # Whether that is a probe.
    def probe? = @probe == 1

    # Whether a probe went out.
    def probed? = @probed == 1

    # Whether the request was resent.
    def resent? = @resent == 1

    # Whether the last request that went out was signed in a session.
    def in_session? = @in_session == 1

    def inspect = "#<Oscartoki::Step #{kind}, requests #{requests}>"
  end
end
