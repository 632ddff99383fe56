# frozen_string_literal: true

require_relative "carried"
require_relative "keys"
require_relative "memory"
require_relative "ring_files"
require_relative "verdict"

module Oscartoki
  # One service: its names (`authorities`), its keys, its replay memory. Thread-safe, and good in the workers of a server that forks; the processes
  # of one machine share a mapped memory.
  #
  # `keys` are `oa2.` texts or lines of a key file; `keys_file` and `revocations_file` are reread within two seconds of a change, in every process.
  # `memory` is a ReplayLog, the path of a mapped file, or a Redis (`redis://…`, its memory named after the audience); without it, a mapped file of
  # this user is used (MappedReplayLog.default_path). `first_start`: no earlier process accepted these keys;
  # for tests and snippets. Without `audience`, the first name is it.
  class Service
    include Held

    ANSWERED = Door::Answered.size
    GRANT_AT = Door::Answered.offset_of(:grant)
    VERDICT = Verdict::SIZE
    private_constant :ANSWERED, :GRANT_AT, :VERDICT

    # Its keys; its replay memory; the longest body that it takes, and the longest answer that is covered, in bytes.
    attr_reader :keyring, :memory, :max_body, :max_answer

    def initialize(keys: [], authorities: [], audience: nil, keyring: nil, keys_file: nil, revocations_file: nil, memory: nil, first_start: false,
                   fixed_authority: nil, window_ms: 30_000, max_ttl_s: 600, grant_ttl_s: 600, ext: [], answer_ext: [], max_body: 1 << 20,
                   max_answer: 1 << 20, empty_query_hidden: false, now_ms: nil)
      names = Array(authorities)
      @keyring = keyring || Keyring.new(audience || Oscartoki.normalise_authority(names.first || fixed_authority || ""))
      @max_body = max_body
      @max_answer = max_answer
      Array(keys).each { |key| @keyring.add(key) }
      @files = files(Array(keys), Array(keys_file), revocations_file)
      @memory = memory_of(memory)
      keep = []
      settings = Door::ServiceSettings.new
      Door.check(Door.service_settings_init(settings))
      settings[:authorities], settings[:authorities_len] = Door.texts(names, keep)
      settings[:fixed_authority] = fixed_authority && FFI::MemoryPointer.from_string(Door.whole(fixed_authority)).tap { |held| keep << held }
      settings[:ext], settings[:ext_len] = Door.texts(ext, keep)
      settings[:answer_ext], settings[:answer_ext_len] = Door.texts(answer_ext, keep)
      { window_ms: window_ms, max_ttl_s: max_ttl_s, grant_ttl_s: grant_ttl_s, max_body: max_body, max_answer: max_answer }
        .each { |name, number| settings[name] = number }
      settings[:first_start] = first_start ? 1 : 0
      settings[:empty_query_hidden] = empty_query_hidden ? 1 : 0
      own(Door.handle { |out| Door.service_new(settings, @keyring._handle, @memory._handle, now_ms || Clock.wall, out) }, :service)
    end

    # ---- the primitives ----

    # Judges one request by its fields. A `digest` stands for Content-Digest and makes the verdict pending. `toki` nil: it has none.
    def verify(method, authority, target, toki, grant = nil, body = nil, ext: nil, digest: nil, now_ms: nil)
      @files&.refresh
      return verify_packed(method, authority, target, toki, grant, body, ext, digest, now_ms) if ext || digest

      Hot.verify(@handle, method, authority, target, toki, grant, body, now_ms)
    rescue ArgumentError
      # A text with a zero byte in it.
      verify_packed(method, authority, target, toki, grant, body, ext, digest, now_ms)
    end

    # Judges one request by its raw head: what layers call. `headers`: names and values in order, Host among them; `authority` is HTTP/2's, where
    # there is one. What `wants_body?` asked for is `body`.
    def verify_head(method, target, headers, body = nil, authority: nil, now_ms: nil)
      @files&.refresh
      head = Pack.fields(method, authority, target) << Pack.headers(headers)
      raw = Door::ZERO * VERDICT
      Verdict._of(Door.service_verify_head(@handle, head, head.bytesize, body, body ? body.bytesize : 0, now_ms || Clock.wall, raw), raw)
    rescue Pack::Misfit
      misfit { |out| Door.service_verify_head(@handle, nil, 0, nil, 0, 0, out) }
    end

    # Whether the body is to be read, at most `max_body` bytes and one more, before `verify_head`.
    def wants_body?(method, target, headers, authority: nil)
      head = Pack.fields(method, authority, target) << Pack.headers(headers)
      Door.service_wants_body(@handle, head, head.bytesize) == 1
    rescue Pack::Misfit
      false
    end

    # Mints the headers oscartoki and oscartokikey (nil: not sent) of the answer, once; the second time is `replayed`.
    # `digest`: the SHA-256 of the content, in place of `body`. Neither: a stream, which is then not covered.
    def answer(verdict, status, body = nil, ext: nil, digest: nil, now_ms: nil)
      head = Carried.packed(OscarError::Unsignable) { Pack.answer(status, ext, digest) }
      answered { |raw| Door.service_answer_packed(@handle, verdict._context, *Door.slice(head), *Door.slice(body), now_ms || Clock.wall, raw) }
    end

    # `answer` from the answer's head, whose configured headers are covered.
    def answer_head(verdict, status, headers, body = nil, now_ms: nil)
      head = Carried.packed(OscarError::Unsignable) { Pack.head(status, headers) }
      answered { |raw| Door.service_answer_head(@handle, verdict._context, *Door.slice(head), *Door.slice(body), now_ms || Clock.wall, raw) }
    end

    # ---- what travels elsewhere ----

    # Verifies a message of a queue; `digest` stands for the body. `memory`: of ReplayLog#for_messages.
    def verify_message(destination, type, body, toki, ext: nil, digest: nil, memory: nil, max_ttl_s: 86_400, now_ms: nil)
      @files&.refresh
      packed = Carried.packed(OscarError::Malformed) { Pack.fields(destination, type, ext, digest) << Pack.proofs(toki, nil) }
      raw = Door.bytes(Door::Message.size) do |out|
        Door.service_verify_message(@handle, *Door.slice(packed), *Door.slice(body), memory ? memory._handle : 0, max_ttl_s, now_ms || Clock.wall, out)
      end
      VerifiedMessage.new(raw)
    end

    # Verifies a presigned target, given with its parameter. `toki`: the header oscartoki, which must not stand beside it.
    def verify_url(method, authority, target, ext: nil, toki: nil, now_ms: nil)
      @files&.refresh
      packed = Carried.packed(OscarError::Malformed) { Pack.asked(method, authority, target, ext, nil, toki, nil) }
      raw = Door.bytes(Door::Url.size) { |out| Door.service_verify_url(@handle, *Door.slice(packed), now_ms || Clock.wall, out) }
      verified_url(raw, target)
    end

    # `verify_url` from a raw head, as `verify_head` takes it.
    def verify_url_head(method, target, headers, authority: nil, now_ms: nil)
      @files&.refresh
      packed = Carried.packed(OscarError::Malformed) { Pack.fields(method, authority, target) << Pack.headers(headers) }
      raw = Door.bytes(Door::Url.size) { |out| Door.service_verify_url_head(@handle, *Door.slice(packed), now_ms || Clock.wall, out) }
      verified_url(raw, target)
    end

    # Verifies a websocket ticket and spends it. `origin`: the header Origin; `require_origin` demands that one is bound.
    def verify_ticket(ticket, origin: nil, require_origin: false, now_ms: nil)
      @files&.refresh
      raw = Door.bytes(Door::Ticket.size) do |out|
        Door.service_verify_ticket(@handle, *Door.slice(ticket), *Door.slice(origin), require_origin ? 1 : 0, now_ms || Clock.wall, out)
      end
      VerifiedTicket.new(raw)
    end

    # ---- revoking ----

    # Revokes a kid: in this process at once and, through the revocations file, in every other within two seconds.
    def revoke_key(kid) = write(@keyring.revoke_key(kid))

    # Revokes one session of a kid.
    def revoke_session(kid, sid) = write(@keyring.revoke_session(kid, sid))

    # Revokes the sessions of a kid that were issued before a second of the epoch.
    def revoke_issued_before(kid, before_s) = write(@keyring.revoke_issued_before(kid, before_s))

    # ---- its state ----

    # When it is ready, milliseconds since 1970; before that, everything is refused as stale.
    def ready_at_ms = Door.bytes(8) { |out| Door.service_ready_at(@handle, out) }.unpack1("q")

    # Waits until it is ready: a memory that begins empty needs some seconds.
    def wait_until_ready
      left = ready_at_ms - Clock.wall
      sleep(left / 1000.0) if left.positive?
      self
    end

    # At and below this time nothing is accepted.
    def floor_ms = Door.bytes(8) { |out| Door.service_floor(@handle, out) }.unpack1("q")

    # What happened so far: accepted, unremembered, v1_accepted, and refusals by name.
    def counters
      accepted, unremembered, v1_accepted, *refused = Door.bytes(Door::Counters.size) { |out| Door.service_counters(@handle, out) }.unpack("q*")
      named = refused.each_with_index.drop(1).to_h { |count, status| [:"refused_#{Door.error_name(status)}", count] }
      { accepted: accepted, unremembered: unremembered, v1_accepted: v1_accepted }.merge(named.reject { |_, count| count.zero? })
    end

    def inspect = "#<Oscartoki::Service #{@keyring.audience}, #{@keyring.kids.size} keys>"

    private

    def files(keys, key_files, revocations)
      return if key_files.empty? && revocations.nil?

      fixed = key_files.empty? ? [] : keys.map { |key| key.is_a?(AudienceKey) ? key.to_text : key }
      RingFiles.new(@keyring, key_files, fixed, revocations)
    end

    def write(line)
      @files&.append(line)
      nil
    end

    def memory_of(given)
      case given
      when nil then MappedReplayLog.new(MappedReplayLog.default_path(@keyring))
      when ReplayLog then given
      when RedisReplayLog.method(:_named_by?) then RedisReplayLog.new(given, @keyring.audience)
      else MappedReplayLog.new(given)
      end
    end

    def verify_packed(method, authority, target, toki, grant, body, ext, digest, now_ms)
      request = Pack.asked(method, authority, target, ext, digest, toki, grant)
      raw = Door::ZERO * VERDICT
      Verdict._of(Door.service_verify_packed(@handle, request, request.bytesize, *Door.slice(body), now_ms || Clock.wall, raw), raw)
    rescue Pack::Misfit
      misfit { |out| Door.service_verify_packed(@handle, nil, 0, nil, 0, 0, out) }
    end

    # What does not fit its field is refused as the library refuses it.
    def misfit
      raw = Door::ZERO * VERDICT
      yield raw
      raw[0, 12] = [1, -1, 400].pack("l3")
      Refusal.new(raw, "a field is too long")
    end

    def answered
      raw = Door.bytes(ANSWERED) { |out| yield out }
      grant = raw.getbyte(GRANT_AT).zero? ? nil : raw.unpack1("Z48", offset: GRANT_AT)
      [raw.unpack1("Z97"), grant]
    end

    def verified_url(raw, target)
      exp_ms, kid, size = raw.unpack("qa8J")
      VerifiedUrl.new(kid, exp_ms, target.byteslice(0, size))
    end
  end

  # A to Z folded, one trailing `:80` or `:443` removed.
  def self.normalise_authority(name)
    Door.text(256) { |out, room| Door.authority_normalise(*Door.slice(name), out, room) }
  end

  # For development: what altered a request whose MAC does not fit, or nil. `keys`: AudienceKeys by a label each, the service's own first.
  def self.explain(keys, method, authority, target, toki, grant = nil, body = nil, ext: nil)
    request = Carried.packed(OscarError::Malformed) { Pack.asked(method, authority, target, ext, nil, toki, grant) }
    held = keys.map { |label, key| Pack.fields(label.to_s, key.to_text) }.join
    found = Door::ZERO * 8
    Door.check(Door.explain(*Door.slice(held), *Door.slice(request), *Door.slice(body), found))
    found == Door::ZERO * 8 ? nil : Door.growing { |out| out.replace(found) && 0 }
  end
end
