# frozen_string_literal: true

require_relative "door"
require_relative "errors"
require_relative "hot"

module Oscartoki
  # What a service says to a request: VerifiedRequest, PendingBody, Refusal or, of OscarToki v1, Handshake.
  class Verdict < Kept
    SIZE = Door::Verdict.size
    AT = %i[status code http_status www_authenticate in_session want version context ts_ms kid sid nonce authority]
         .to_h { |field| [field, Door::Verdict.offset_of(field)] }.freeze
    CONTEXT_AT = AT[:context]
    FREE = Door.freer(:verdict)
    private_constant :AT, :CONTEXT_AT, :FREE

    # The verdict that a call wrote into `raw` and answered with `status`.
    # @api private
    def self._of(status, raw)
      kind = case status
             when 0 then VerifiedRequest
             when 64 then PendingBody
             when 72 then Handshake
             else return Refusal.new(raw, Door.last_detail)
             end
      kind.new(raw)
    end

    # @api private
    def initialize(raw) = super(raw, raw.unpack1("q", offset: CONTEXT_AT))

    # Whether it may run.
    def accepted? = false

    # Why it is refused; nil: it is not.
    def error = nil

    # Raises what makes it refused.
    def raise_for_refusal
      refused = error
      raise refused if refused
    end

    # 2, or 1 for OscarToki v1.
    def version = _raw.getbyte(AT[:version])

    private

    def free = FREE
    def eight(field) = _raw.byteslice(AT[field], 8)
    def flag?(field) = _raw.getbyte(AT[field]) == 1
  end

  # Authentic, fresh and allowed: it may run.
  class VerifiedRequest < Verdict
    # It may run.
    def accepted? = true

    # The key id of the client, 8 bytes; public.
    def kid = eight(:kid)

    # The session id, 8 bytes; nil outside of a session.
    def sid = flag?(:in_session) ? eight(:sid) : nil

    # The name that it was sent to, normalised.
    def authority = _raw.unpack1("Z*", offset: AT[:authority]).force_encoding(Encoding::UTF_8)

    # When it was signed, by the client's corrected clock.
    def ts_ms = _raw.unpack1("q", offset: AT[:ts_ms])

    # The nonce, 8 bytes.
    def nonce = eight(:nonce)

    # Whether it asks for a grant.
    def want? = flag?(:want)

    def inspect = "#<Oscartoki::VerifiedRequest kid #{kid.unpack1('H*')}#{", sid #{sid.unpack1('H*')}" if sid}, #{authority}>"
  end

  # As good, but for its content, which Content-Digest named: read it, then `finish`.
  class PendingBody < Verdict
    # The key id of the client, 8 bytes.
    def kid = eight(:kid)

    # The session id, 8 bytes; nil outside of a session.
    def sid = flag?(:in_session) ? eight(:sid) : nil

    # Compares what arrived, or its SHA-256, with what was signed: a VerifiedRequest or a Refusal.
    def finish(body = nil, digest: nil)
      raise ArgumentError, "a digest is a String of 32 bytes" unless digest.nil? || digest.bytesize == 32

      raw = Door::ZERO * SIZE
      Verdict._of(Door.service_finish(_context, *Door.slice(body), digest, raw), raw)
    end

    # The body is over the limit: a Refusal.
    def too_large
      raw = Door::ZERO * SIZE
      Verdict._of(Door.service_too_large(_context, raw), raw)
    end

    def inspect = "#<Oscartoki::PendingBody kid #{kid.unpack1('H*')}>"
  end

  # The first step of OscarToki v1: nothing runs, `reply` is its answer.
  class Handshake < Verdict
    TOKI = 97
    BODY = 192
    private_constant :TOKI, :BODY

    # The header oscartoki and the JSON body, once.
    def reply
      body = nil
      toki = Door.text(TOKI) do |out, room|
        text = Door::ZERO * BODY
        status = Door.service_handshake(_context, out, room, text, BODY)
        body = text.unpack1("Z*")
        status
      end
      [toki, body]
    end

    def inspect = "#<Oscartoki::Handshake>"
  end

  # It must not run. Signed (`code`) where its MAC was good, else it names itself in the header oscartoki-error.
  class Refusal < Verdict
    # @api private
    def initialize(raw, detail)
      super(raw)
      @detail = detail
    end

    # The stable name of the reason.
    def name = error.name

    # Why.
    def error = OscarError._of(_raw.unpack1("l"), detail: @detail, http: status, signed: signed?)

    # The HTTP status to answer with.
    def status = _raw.unpack1("l", offset: AT[:http_status])

    # The code of the answer's toki, 1 to 7; nil: unsigned.
    def code = signed? ? _raw.unpack1("l", offset: AT[:code]) : nil

    # Whether its answer gets a toki.
    def signed? = _raw.unpack1("l", offset: AT[:code]) >= 0

    # Whether the answer carries `WWW-Authenticate: oscartoki`.
    def www_authenticate? = flag?(:www_authenticate)

    def inspect = "#<Oscartoki::Refusal #{name}, status #{status}, #{signed? ? 'signed' : 'unsigned'}>"
  end
end
