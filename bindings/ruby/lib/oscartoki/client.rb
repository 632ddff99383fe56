# frozen_string_literal: true

require_relative "call"
require_relative "carried"
require_relative "keys"

module Oscartoki
  # One client: it probes, keeps one clock and the newest grant for each audience, signs, and accepts each answer once. Thread-safe, and good
  # in a child after fork.
  #
  # `secret` is `os2.` text or a Secret; or `audience_key` (`oa2.`), or `session` (`oz2.`, a delegate). Without `audience`, each request's authority
  # is its audience. `answers: :none`: the service can't sign its answers, nothing then counts as authentic.
  class Client
    include Held

    REPEATABLE, TRUST_CLOCK, VERIFY_FIRST, RESEND, STREAM = 1, 2, 4, 8, 16
    SIGNED_SIZE = Door::Signed.size
    EXT_ROOM = 65_535
    private_constant :REPEATABLE, :TRUST_CLOCK, :VERIFY_FIRST, :RESEND, :STREAM, :SIGNED_SIZE, :EXT_ROOM

    # An answer with more bytes of content is `policy`.
    attr_reader :max_answer

    def initialize(secret: nil, audience: nil, audience_key: nil, session: nil, ext: [], answer_ext: [], roll: :auto, trust_clock: false,
                   answers: :signed, max_answer: 1 << 20, generation: 0, kid: nil, send_content_digest: true)
      raise ArgumentError, "a client has one of secret:, audience_key: and session:" unless [secret, audience_key, session].compact.size == 1
      raise ArgumentError, "roll: is :auto or :every" unless %w[auto every].include?(roll.to_s)
      raise ArgumentError, "answers: is :signed or :none" unless %w[signed none].include?(answers.to_s)

      keep = []
      settings = Door::ClientSettings.new
      Door.check(Door.client_settings_init(settings))
      settings[:ext], settings[:ext_len] = Door.texts(ext, keep)
      settings[:answer_ext], settings[:answer_ext_len] = Door.texts(answer_ext, keep)
      settings[:max_answer] = max_answer
      settings[:generation] = generation
      settings[:kid] = kid && FFI::MemoryPointer.new(1, 8).put_bytes(0, Door.eight(kid)).tap { |held| keep << held }
      settings[:roll_every] = roll.to_s == "every" ? 1 : 0
      settings[:trust_clock] = trust_clock ? 1 : 0
      settings[:unsigned_answers] = answers.to_s == "none" ? 1 : 0
      settings[:send_content_digest] = send_content_digest ? 1 : 0
      own(Door.handle { |out| make(secret, audience, audience_key, session, settings, out) }, :client)
      @covers = !ext.empty?
      @max_answer = max_answer
    end

    # The same client for one audience: configuration, clock and grants are shared with every object on it.
    def for_audience(audience)
      bound = self.class.allocate
      bound.send(:bind, Door.handle { |out| Door.client_for_audience(@handle, *Door.slice(audience), out) }, @covers, @max_answer)
      bound
    end

    # ---- the primitives ----

    # Signs a request, or the probe that must go before it. Every error means that nothing was sent.
    # `digest`: the SHA-256 of the content, in place of `body`. `ext`: of `request_ext`.
    def sign(method, authority, target, body = nil, ext: nil, digest: nil, repeatable: false, trust_clock: false, verify_first: false,
             resend: false, stream: false, now_ms: nil, mono_ms: nil)
      options = repeatable || trust_clock || verify_first || stream ? options_of(repeatable, trust_clock, verify_first, stream) : 0
      options |= RESEND if resend
      return sign_packed(method, authority, target, body, ext, digest, options, now_ms, mono_ms) if ext || digest

      signed = Hot.sign(@handle, method, authority, target, body, options, now_ms, mono_ms)
      return signed unless signed.is_a?(Integer)

      raise OscarError._of(signed, detail: Door.last_detail, may_have_run: false)
    rescue ArgumentError
      # A text with a zero byte in it.
      sign_packed(method, authority, target, body, ext, digest, options, now_ms, mono_ms)
    end

    # Judges the answer to a signed request, once; the next is `replayed` and changes nothing.
    def accept(signed, status, body = nil, toki:, grant: nil, ext: nil, digest: nil, received_ms: nil, mono_ms: nil)
      judge(-> { Pack.answer(status, ext, digest) << Pack.proofs(toki, grant) }) do |packed, raw|
        Door.client_accept_packed(@handle, signed._context, *packed, *Door.slice(body), received_ms || Clock.wall, mono_ms || Clock.mono, raw)
      end
    end

    # `accept` from the head of an HTTP answer: finds toki and grant and makes ext by the configured list.
    def accept_head(signed, status, headers, body = nil, received_ms: nil, mono_ms: nil)
      judge(-> { Pack.head(status, headers) }) do |packed, raw|
        Door.client_accept_head(@handle, signed._context, *packed, *Door.slice(body), received_ms || Clock.wall, mono_ms || Clock.mono, raw)
      end
    end

    # No answer came (`status` nil), or one whose content is over `max_answer`.
    def give_up(signed, status = nil)
      Outcome._judged do |raw|
        status ? Door.client_accept_too_large(@handle, signed._context, status, raw) : Door.client_accept_none(@handle, signed._context, raw)
      end
    end

    # The loop over `sign` and `accept` for one request; covered headers are taken from `headers`.
    def call(method, authority, target, body = nil, headers: [], repeatable: false, trust_clock: false, verify_first: false, stream: false)
      packed = Pack.request(method, authority, target, request_ext(headers), nil)
      Call.new(self, packed, body, options_of(repeatable, trust_clock, verify_first, stream))
    rescue Pack::Misfit
      raise OscarError::Unsignable.new("a field is too long", may_have_run: false)
    end

    # Ext of a request's headers by the configured list; nil when there is none.
    def request_ext(headers)
      return unless @covers

      packed = Pack.headers(headers)
      size = Door::ZERO * FFI.type_size(:size_t)
      out = Door.bytes(EXT_ROOM, may_have_run: false) { |room| Door.client_request_ext(@handle, *Door.slice(packed), room, EXT_ROOM, size) }
      out.byteslice(0, size.unpack1("J"))
    end

    # Whether a probe leaves the header of that name out.
    def drops_from_probe?(name) = Door.client_drops_from_probe(@handle, *Door.slice(name.to_s)) == 1

    # ---- the rest ----

    # The key id, 8 bytes. Missing, in a client by authority whose kid is not known yet.
    def kid = Door.bytes(8) { |out| Door.client_kid(@handle, out) }

    # How far the service's clock is ahead, as far as answers have told; nil before that.
    def offset_ms
      out = Door::ZERO * 8
      Door.client_offset(@handle, out).zero? ? out.unpack1("q") : nil
    end

    # A session for one browser or worker, to be used by nobody else: 1 to 600 seconds.
    def hand_out(ttl_s = 600, now_ms: nil)
      Session._written { |out, room| Door.client_hand_out(@handle, ttl_s, now_ms || Clock.wall, out, room) }
    end

    # Clock and newest grant of every audience, for another process of the same client. It holds no key.
    def export_state = Door.growing { |out| Door.client_export_state(@handle, out) }

    # Takes over what `export_state` wrote.
    def import_state(text)
      Door.check(Door.client_import_state(@handle, *Door.slice(text)))
      self
    end

    # Signs a message for a queue; its `toki` goes into the header oscartoki. `digest`: the SHA-256 of the body, in its place.
    def mint_message(destination, type, body = "", ttl_s: 3600, ext: nil, digest: nil, now_ms: nil)
      packed = Carried.packed(OscarError::Unsignable) { Pack.fields(destination, type, ext, digest) }
      toki = nil
      context = Door.handle do |out|
        toki = Door.text(SignedMessage::ROOM) do |text, room|
          Door.client_mint_message(@handle, *Door.slice(packed), *Door.slice(body), ttl_s, now_ms || Clock.wall, text, room, out)
        end
        0
      end
      SignedMessage.new(toki, context)
    end

    # Presigns a target; returns it with its parameter. Good until `exp_ms`, or for `life_s` from now; seven days at most.
    def sign_url(authority, target, exp_ms: nil, life_s: 3600, method: "GET", ext: nil)
      packed = Carried.packed(OscarError::Unsignable) { Pack.request(method, authority, target, ext, nil) }
      until_ms = exp_ms || (Clock.wall + (life_s * 1000))
      Door.text(target.bytesize + Carried::PARAMETER) { |out, room| Door.client_sign_url(@handle, *Door.slice(packed), until_ms, out, room) }
    end

    # The ticket that opens one websocket for a connection id, for the first frame; bound to the page's Origin when one is given.
    def mint_ticket(connection, origin: nil, now_ms: nil)
      Door.text(Carried::TICKET) do |out, room|
        Door.client_mint_ticket(@handle, *Door.slice(connection), *Door.slice(origin), now_ms || Clock.wall, out, room)
      end
    end

    # ---- adapters ----

    # Net::HTTP, signed: around a connection or the URL of one. Options as of `call`.
    def net_http(http, **options) = NetHTTP.new(self, http, **options)

    def inspect
      kid = Door::ZERO * 8
      Door.client_kid(@handle, kid).zero? ? "#<Oscartoki::Client kid #{kid.unpack1('H*')}>" : "#<Oscartoki::Client>"
    end

    private

    def make(secret, audience, audience_key, session, settings, out)
      if secret
        Door.client_new(*as(Secret, secret)._slice, *Door.slice(audience), settings, out)
      elsif audience_key
        Door.client_from_audience_key(*as(AudienceKey, audience_key)._slice, settings, out)
      else
        Door.client_from_session(*as(Session, session)._slice, settings, out)
      end
    end

    def sign_packed(method, authority, target, body, ext, digest, options, now_ms, mono_ms)
      request = Pack.request(method, authority, target, ext, digest)
      raw = Door::ZERO * SIGNED_SIZE
      context = Door.handle(may_have_run: false) do |out|
        Door.client_sign_packed(@handle, *Door.slice(request), *Door.slice(body), options, now_ms || Clock.wall, mono_ms || Clock.mono, raw, out)
      end
      SignedRequest.new(raw, context)
    rescue Pack::Misfit
      raise OscarError::Unsignable.new("a field is too long", may_have_run: false)
    end

    def as(kind, given) = given.is_a?(kind) ? given : kind.new(given)

    def bind(handle, covers, max_answer)
      own(handle, :client)
      @covers = covers
      @max_answer = max_answer
    end

    def options_of(repeatable, trust_clock, verify_first, stream)
      (repeatable ? REPEATABLE : 0) | (trust_clock ? TRUST_CLOCK : 0) | (verify_first ? VERIFY_FIRST : 0) | (stream ? STREAM : 0)
    end

    # What does not fit its field is sent empty: the call uses the context up and refuses.
    def judge(pack)
      Outcome._judged { |raw| yield Door.slice(pack.call), raw }
    rescue Pack::Misfit
      outcome = Outcome._judged { |raw| yield Door.slice(""), raw }
      outcome.name == "bad_packed" ? outcome._malformed : outcome
    end
  end
end
