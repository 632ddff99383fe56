# frozen_string_literal: true

require_relative "client"

module Oscartoki
  # Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools; a nonce that is used twice
  # breaks the protocol. Required by its name: `require "oscartoki/hazmat"`.
  module Hazmat
    TOKI, GRANT, MESSAGE, TICKET, PARAMETER = 59, 48, 64, 400, 60
    private_constant :TOKI, :GRANT, :MESSAGE, :TICKET, :PARAMETER

    # What an answer says to who holds the key: an Outcome, and the service's time `ts_ms`.
    class Judged < Outcome
      # The service's clock, as the answer says it.
      attr_reader :ts_ms

      # @api private
      def initialize(raw, ts_ms)
        super(raw)
        @ts_ms = ts_ms
      end
    end

    module_function

    # The toki of a request, in the session of `grant` when there is one.
    def mint_request(key, method, authority, target, body = nil, ts_ms:, nonce:, want: false, grant: nil, ext: nil, digest: nil)
      request = packed { Pack.request(method, authority, target, ext, digest) }
      text(TOKI) do |out, room|
        Door.hazmat_mint_request(*key._slice, *Door.slice(grant), *Door.slice(request), *Door.slice(body), int64(ts_ms), Door.eight(nonce),
                                 want ? 1 : 0, out, room)
      end
    end

    # The grant that answers a request's toki.
    def mint_grant(key, request_toki, sid:, exp_s:, ttl_s:)
      text(GRANT) { |out, room| Door.hazmat_mint_grant(*key._slice, *Door.slice(request_toki), Door.eight(sid), int64(exp_s), int64(ttl_s), out, room) }
    end

    # The toki of an answer.
    def mint_answer(key, request_toki, status, body = nil, code:, ts_ms:, session_grant: nil, grant: nil, ext: nil, digest: nil)
      raise OscarError::Unsignable, "a code is 0 to 7" unless code.between?(0, 255)

      answer = packed { Pack.answer(status, ext, digest) << Pack.proofs(grant, nil) }
      text(TOKI) do |out, room|
        Door.hazmat_mint_answer(*key._slice, *Door.slice(session_grant), *Door.slice(request_toki), code, int64(ts_ms), *Door.slice(answer),
                                *Door.slice(body), out, room)
      end
    end

    # Judges an answer to a request that some other client of the key signed; raises what makes it not authentic.
    def accept(key, request_toki, status, body = nil, toki:, grant: nil, session_grant: nil, ext: nil, digest: nil)
      answer = packed(OscarError::Malformed) { Pack.answer(status, ext, digest) << Pack.proofs(toki, grant) }
      raw = Door::ZERO * Door::Outcome.size
      got = Door.hazmat_accept(*key._slice, *Door.slice(session_grant), *Door.slice(request_toki), *Door.slice(answer), *Door.slice(body), raw)
      Door.check(got) unless raw.getbyte(Door::Outcome.offset_of(:authentic)) == 1
      claims = Door.bytes(16) { |out| Door.answer_toki_parse(*Door.slice(toki), out) }
      Judged.new(raw, claims.unpack1("q"))
    end

    # The toki of a message.
    def mint_message(key, destination, type, body = "", ts_ms:, nonce:, ttl_s:, ext: nil, digest: nil)
      message = packed { Pack.fields(destination, type, ext, digest) }
      text(MESSAGE) do |out, room|
        Door.hazmat_mint_message(*key._slice, *Door.slice(message), *Door.slice(body), int64(ts_ms), Door.eight(nonce), int64(ttl_s), out, room)
      end
    end

    # A presigned target.
    def mint_url(key, method, authority, target, exp_ms:, ext: nil)
      request = packed { Pack.request(method, authority, target, ext, nil) }
      text(target.bytesize + PARAMETER) { |out, room| Door.hazmat_mint_url(*key._slice, *Door.slice(request), int64(exp_ms), out, room) }
    end

    # A websocket ticket.
    def mint_ticket(key, connection, ts_ms:, nonce:, origin: nil)
      text(TICKET) do |out, room|
        Door.hazmat_mint_ticket(*key._slice, *Door.slice(connection), *Door.slice(origin), int64(ts_ms), Door.eight(nonce), out, room)
      end
    end

    # `Client#sign` with a nonce that the caller gives. Its answer is judged by `Client#accept`.
    def sign(client, method, authority, target, body = nil, nonce:, now_ms:, mono_ms: 0, ext: nil, digest: nil, repeatable: false, trust_clock: false,
             resend: false)
      request = packed { Pack.request(method, authority, target, ext, digest) }
      options = (repeatable ? 1 : 0) | (trust_clock ? 2 : 0) | (resend ? 8 : 0)
      raw = Door::ZERO * Door::Signed.size
      context = Door.handle(may_have_run: false) do |out|
        Door.hazmat_client_sign(client._handle, *Door.slice(request), *Door.slice(body), options, int64(now_ms), int64(mono_ms), Door.eight(nonce), raw, out)
      end
      SignedRequest.new(raw, context)
    end

    # Key material: the 32 bytes of an audience key.
    def expose(key) = Door.bytes(32) { |raw| Door.audience_key_read(*key._slice, Door::ZERO * 8, raw) }

    # A number that fits 64 bits.
    def int64(number)
      raise OscarError::Unsignable, "a number that fits no field" unless number.is_a?(Integer) && number.bit_length < 64

      number
    end

    def text(room, &) = Door.text(room, &)

    def packed(kind = OscarError::Unsignable, &) = Carried.packed(kind, &)
    private_class_method :int64, :text, :packed
  end
end
