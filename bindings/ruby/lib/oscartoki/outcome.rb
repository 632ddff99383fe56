# frozen_string_literal: true

require_relative "door"
require_relative "errors"
require_relative "hot"

module Oscartoki
  # One signed request, or the probe that must go before it (`probe?`): `toki` and `grant` are its headers. Its answer is accepted once.
  class SignedRequest < Kept
    GRANT_AT = Door::Signed.offset_of(:grant)
    PROBE_AT = Door::Signed.offset_of(:probe)
    FREE = Door.freer(:sign_context)
    private_constant :GRANT_AT, :PROBE_AT, :FREE

    # The header oscartoki.
    def toki = _raw.unpack1("Z59")

    # The header oscartokikey; nil outside of a session: it is not sent.
    def grant = in_session? ? _raw.unpack1("Z48", offset: GRANT_AT) : nil

    # What to send: oscartoki and, in a session, oscartokikey.
    def headers = in_session? ? { "oscartoki" => toki, "oscartokikey" => grant } : { "oscartoki" => toki }

    # Whether this signs a probe: send HEAD to the same target, without content; accept its answer; sign again.
    def probe? = _raw.getbyte(PROBE_AT) == 1

    # Whether it is signed in a session.
    def in_session? = _raw.getbyte(GRANT_AT) != 0

    def inspect = "#<Oscartoki::SignedRequest #{probe? ? 'probe' : 'request'}#{in_session? ? ' in session' : ''}>"

    private

    def free = FREE
  end

  # What became of a request, as far as the client can know.
  class Outcome
    OFFSET = %i[status grant_error code http_status offset_ms sid may_have_run authentic resend adopted has_offset content_authentic probe]
             .to_h { |field| [field, Door::Outcome.offset_of(field)] }.freeze
    SIZE = Door::Outcome.size
    private_constant :OFFSET, :SIZE

    # @api private
    def self._judged
      raw = Door::ZERO * SIZE
      status = yield raw
      new(raw, (Door.last_detail unless status.zero?))
    end

    # @api private
    def initialize(raw, detail = nil)
      @raw = raw
      @detail = detail
    end

    # The same, of an answer with a field that is too long.
    # @api private
    def _malformed
      self.class.new([Door.status_from_name("malformed")].pack("l") << @raw.byteslice(4..), "a field is too long")
    end

    # Why the answer is refused; nil: it is accepted.
    def error
      return if error_status.zero?

      OscarError._of(error_status, detail: @detail, may_have_run: may_have_run?, signed: signed?, http: status)
    end

    # The name of the error; nil: accepted.
    def name = error&.name

    # The code of an authentic answer, 0 to 7; nil without one.
    def code = positive(number(:code))

    # The HTTP status; nil when no answer came. Of an answer that is not authentic it is hearsay.
    def status = positive(number(:http_status))

    # How far the service's clock is ahead; nil when that is not known.
    def offset_ms = flag?(:has_offset) ? @raw.unpack1("q", offset: OFFSET[:offset_ms]) : nil

    # The session id of an adopted grant; nil without one.
    def adopted_sid = flag?(:adopted) ? @raw.byteslice(OFFSET[:sid], 8) : nil

    # "bad_grant" when the answer's grant was dropped.
    def grant_error = number(:grant_error).zero? ? nil : OscarError._of(number(:grant_error)).name

    # False only where it is certain that the request had no effect.
    def may_have_run? = flag?(:may_have_run)

    # Whether the answer is authentic.
    def signed? = flag?(:authentic)

    # Whether the request is to be signed and sent once more.
    def resend? = flag?(:resend)

    # Whether the content, or that there is none, is authentic.
    def content_authentic? = flag?(:content_authentic)

    # Whether this is the outcome of a probe.
    def probe? = flag?(:probe)

    # Raises what makes the answer refused.
    def raise_for_refusal
      refused = error
      raise refused if refused
    end

    def inspect
      "#<Oscartoki::Outcome #{name || 'accepted'}, code #{code.inspect}, status #{status.inspect}, may have run: #{may_have_run? ? 'yes' : 'no'}>"
    end

    private

    def error_status = number(:status)
    def number(field) = @raw.unpack1("l", offset: OFFSET[field])
    def flag?(field) = @raw.getbyte(OFFSET[field]) == 1
    def positive(number) = number.negative? ? nil : number
  end
end
