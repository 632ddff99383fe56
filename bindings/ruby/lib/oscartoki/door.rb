# frozen_string_literal: true

require "ffi"
require "fiddle"

require_relative "version"

module Oscartoki
  # The C door (oscartoki.h): its functions, its structs, and how a handle is freed. Private.
  #
  # What a call writes goes into a String of that call alone, and is read from there when it is asked for: nothing is shared between threads.
  module Door
    extend FFI::Library

    LIBRARY = File.expand_path("#{FFI::Platform::LIBPREFIX}oscartoki.#{FFI::Platform::LIBSUFFIX}", __dir__)
    ABI_VERSION = 1
    ffi_lib LIBRARY
    # Never closed: at exit Ruby frees what is held after ffi has closed its own.
    OPEN = Fiddle::Handle.new(LIBRARY, Fiddle::Handle::RTLD_LAZY)

    # What a letter of a signature stands for: handle, time or count, slice (pointer and length), text buffer, pointer to bytes or a struct,
    # zero-terminated text; numbers.
    LETTERS = {
      "h" => [:int64], "t" => [:int64], "s" => %i[buffer_in size_t], "o" => %i[buffer_out size_t], "p" => [:buffer_inout], "z" => [:string],
      "u" => [:uint32], "i" => [:int32], "w" => [:uint16], "b" => [:uint8], "n" => [:size_t]
    }.freeze

    # Every function that answers with a number, without its `oscar_`. A test compares this with the header.
    SIGNATURES = {
      abi_version: "", answer_toki_parse: "sp", audience_key_parse: "spo", audience_key_read: "spp", authority_normalise: "so",
      call_failed: "h", call_free: "h", call_new: "hssup", call_next: "http", call_received: "hsstt", call_too_large: "hw",
      client_accept_head: "hhssttp", client_accept_none: "hhp", client_accept_packed: "hhssttp", client_accept_too_large: "hhwp",
      client_drops_from_probe: "hs", client_export_state: "hp", client_for_audience: "hsp", client_free: "h",
      client_from_audience_key: "spp", client_from_session: "spp", client_hand_out: "htto", client_import_state: "hs", client_kid: "hp",
      client_mint_message: "hssttop", client_mint_ticket: "hssto", client_new: "sspp", client_offset: "hp", client_request_ext: "hsop",
      client_settings_init: "p", client_sign_packed: "hssuttpp", client_sign_texts: "hzzzsuttpp",
      client_sign_url: "hsto", content_digest_format: "po",
      content_digest_parse: "sp", explain: "sssp", grant_parse: "sp", hazmat_accept: "sssssp", hazmat_client_sign: "hssuttppp",
      hazmat_mint_answer: "sssitsso", hazmat_mint_grant: "ssptto", hazmat_mint_message: "ssstpto", hazmat_mint_request: "sssstpbo",
      hazmat_mint_ticket: "ssstpo", hazmat_mint_url: "ssto", keyring_add: "hs", keyring_add_v1: "hpstu", keyring_free: "h",
      keyring_has_v1: "h", keyring_holds: "hp", keyring_kids: "hp", keyring_load: "hs", keyring_load_revocations: "hs", keyring_new: "sp",
      keyring_revocations: "hp", keyring_revoke_issued_before: "hpto", keyring_revoke_key: "hpo", keyring_revoke_session: "hppo",
      message_accept_reply: "hssp", message_free: "h", message_memory_free: "h", message_memory_new: "hbtp", message_reply: "hssto",
      replay_log_default_path: "ho", replay_log_exact: "np", replay_log_free: "h", replay_log_mapped: "snp", replay_log_memory: "np",
      replay_log_none: "p", replay_log_redis: "ssnp", ring_files_append: "hs", ring_files_free: "h", ring_files_open: "hsssp", ring_files_refresh: "h",
      secret_audience_key: "ssto", secret_from_bytes: "so", secret_generate: "o", secret_kid: "stp",
      secret_parse: "so", service_answer_head: "hhsstp", service_answer_packed: "hhsstp", service_counters: "hp", service_finish: "hspp",
      service_floor: "hp", service_free: "h", service_handshake: "hoo", service_new: "phhtp", service_ready_at: "hp",
      service_settings_init: "p", service_too_large: "hp", service_verify_head: "hsstp", service_verify_message: "hsshttp",
      service_verify_packed: "hsstp", service_verify_texts: "hzzzzzstp",
      service_verify_ticket: "hssbtp", service_verify_url: "hstp", service_verify_url_head: "hstp",
      service_wants_body: "hs", session_parse: "sop", sha256: "sp", sign_context_free: "h", status_from_name: "z", text_copy: "ho",
      socktopus_frame: "spp", socktopus_kick_body: "sssp", socktopus_mint: "sssto", socktopus_pings_free: "h", socktopus_pings_new: "tp",
      socktopus_pings_next: "htpp", socktopus_pings_pong: "h", socktopus_secrets_add: "hss", socktopus_secrets_free: "h",
      socktopus_secrets_new: "p", socktopus_send_body: "sssp", socktopus_sent: "spp", socktopus_verify: "hstp", tcx_client_access: "htp",
      tcx_client_failed: "ht", tcx_client_free: "h", tcx_client_headers: "hsssp", tcx_client_new: "ssssuuup", tcx_client_pass: "hsso",
      tcx_client_received: "htstp", tcx_datetime: "to", tcx_headers: "usssp", tcx_pass_mint: "ussssuo", tcx_pass_verify: "usssstup",
      tcx_verdict_of: "suup", text_free: "h", text_len: "hp", toki_parse: "sp", v1_client_begin: "htop", v1_client_free: "h", v1_client_new: "sup",
      v1_exchange_accept_first: "hssto", v1_exchange_accept_second: "hst", v1_exchange_free: "h", v1_mint: "sto",
      v1_tokikey_mint: "ssto", v1_tokikey_verify: "sssut", v1_verify: "ssutp", verdict_free: "h"
    }.freeze
    # And those that answer with a text.
    TEXTS = { error_name: "i", last_detail: "", status_message: "i", version: "" }.freeze

    SIGNATURES.each { |name, letters| attach_function(name, :"oscar_#{name}", letters.each_char.flat_map { |letter| LETTERS.fetch(letter) }, :int32) }
    TEXTS.each { |name, letters| attach_function(name, :"oscar_#{name}", letters.each_char.flat_map { |letter| LETTERS.fetch(letter) }, :string) }

    unless version == VERSION
      raise LoadError, "oscartoki #{VERSION} needs its own library, but found liboscartoki #{version} at #{LIBRARY}: reinstall the gem"
    end
    unless abi_version == ABI_VERSION
      raise LoadError, "oscartoki #{VERSION} was built for ABI #{ABI_VERSION}, but #{LIBRARY} has ABI #{abi_version}: reinstall the gem"
    end

    # `ZERO * size` is what a call writes into: a String that shares its bytes with no other.
    ZERO = "\0".b.freeze

    # ---- structs: their layout; the hot ones are read out of a String ----

    # Headers of a signed request.
    class Signed < FFI::Struct
      layout :toki, [:char, 59], :grant, [:char, 48], :probe, :uint8
    end

    # What became of a request.
    class Outcome < FFI::Struct
      layout :status, :int32, :grant_error, :int32, :code, :int32, :http_status, :int32, :offset_ms, :int64, :sid, [:uint8, 8],
             :may_have_run, :uint8, :authentic, :uint8, :resend, :uint8, :adopted, :uint8, :has_offset, :uint8, :content_authentic, :uint8,
             :probe, :uint8
    end

    # What a call's owner does next.
    class Step < FFI::Struct
      layout :kind, :uint32, :method, [:char, 33], :content_digest, [:char, 56], :headers, Signed, :outcome, Outcome, :requests, :uint32,
             :probed, :uint8, :resent, :uint8, :in_session, :uint8
    end

    # What a service says to a request.
    class Verdict < FFI::Struct
      layout :status, :int32, :code, :int32, :http_status, :int32, :www_authenticate, :uint8, :in_session, :uint8, :want, :uint8,
             :version, :uint8, :context, :int64, :ts_ms, :int64, :kid, [:uint8, 8], :sid, [:uint8, 8], :nonce, [:uint8, 8],
             :authority, [:char, 256]
    end

    # Headers of an answer.
    class Answered < FFI::Struct
      layout :toki, [:char, 97], :grant, [:char, 48]
    end

    # A message that was verified.
    class Message < FFI::Struct
      layout :ts_ms, :int64, :ttl_s, :int64, :kid, [:uint8, 8], :nonce, [:uint8, 8], :context, :int64, :freshness, :uint32
    end

    # A URL that was verified.
    class Url < FFI::Struct
      layout :exp_ms, :int64, :kid, [:uint8, 8], :target_len, :size_t
    end

    # A ticket that was verified.
    class Ticket < FFI::Struct
      layout :ts_ms, :int64, :kid, [:uint8, 8], :origin_bound, :uint8, :connection_len, :uint8, :connection, [:uint8, 255]
    end

    # What a grant says.
    class GrantClaims < FFI::Struct
      layout :kid, [:uint8, 8], :sid, [:uint8, 8], :iat_s, :int64, :exp_s, :int64, :ttl_s, :int64
    end

    # What a service counted.
    class Counters < FFI::Struct
      layout :accepted, :int64, :unremembered, :int64, :v1_accepted, :int64, :refused, [:int64, 22]
    end

    # How a client behaves.
    class ClientSettings < FFI::Struct
      layout :ext, :pointer, :ext_len, :size_t, :answer_ext, :pointer, :answer_ext_len, :size_t, :max_answer, :int64, :generation, :int64,
             :kid, :pointer, :roll_every, :uint8, :trust_clock, :uint8, :unsigned_answers, :uint8, :send_content_digest, :uint8
    end

    # How a service is configured.
    class ServiceSettings < FFI::Struct
      layout :authorities, :pointer, :authorities_len, :size_t, :fixed_authority, :pointer, :ext, :pointer, :ext_len, :size_t,
             :answer_ext, :pointer, :answer_ext_len, :size_t, :window_ms, :int64, :max_ttl_s, :int64, :grant_ttl_s, :int64,
             :max_body, :int64, :max_answer, :int64, :first_start, :uint8, :empty_query_hidden, :uint8
    end

    module_function

    # ---- handles ----

    # Owns a handle: freed when this is collected, or by `call_free`. A handle fits a pointer on every platform of this gem, and freeing one that
    # was used up is harmless; a Ruby finalizer for each request would cost three times as much.
    def hold(handle, free) = Fiddle::Pointer.new(handle, 0, free)

    # The function that frees handles of a type.
    def freer(name) = OPEN["oscar_#{name}_free"]

    # A new handle, by a call that writes it.
    def handle(**known)
      out = ZERO * 8
      check(yield(out), **known)
      out.unpack1("q")
    end

    # ---- texts and bytes ----

    # The zero-terminated text that a call writes into `room` bytes.
    def text(room)
      out = ZERO * room
      check(yield(out, room))
      out.unpack1("Z*").force_encoding(Encoding::UTF_8)
    end

    # The bytes that a call writes.
    def bytes(room, **known)
      out = ZERO * room
      check(yield(out), **known)
      out
    end

    # The growing text that a call writes a handle of.
    def growing(&) = grown(handle(&))

    # The text behind a handle, which is then freed.
    def grown(made)
      size = bytes(FFI.type_size(:size_t)) { |out| text_len(made, out) }.unpack1("J")
      return "" if size.zero?

      bytes(size) { |out| text_copy(made, out, size) }.force_encoding(Encoding::UTF_8)
    ensure
      text_free(made)
    end

    # A text or bytes as pointer and length; nil is null with 0.
    def slice(given)
      return [nil, 0] if given.nil?
      raise TypeError, "a text or bytes are wanted, not #{given.class}" unless given.is_a?(String)

      [given, given.bytesize]
    end

    # An id or nonce of eight bytes.
    def eight(given)
      raise ArgumentError, "a kid, sid or nonce is a String of 8 bytes" unless given.is_a?(String) && given.bytesize == 8

      given
    end

    # Texts as an array of pointers to zero-terminated ones, for a struct; `keep` holds them alive.
    def texts(names, keep)
      return [nil, 0] if names.empty?

      pointers = names.map { |name| FFI::MemoryPointer.from_string(whole(name)) }
      array = FFI::MemoryPointer.new(:pointer, pointers.size).write_array_of_pointer(pointers)
      keep.push(array, *pointers)
      [array, pointers.size]
    end

    # A text without a zero byte, which would end it early.
    def whole(name)
      name = String(name)
      raise OscarError::Malformed, "a name with a zero byte" if name.include?("\0")

      name
    end

    # Raises what a call refused, with what else is known.
    def check(status, **known)
      raise OscarError._of(status, detail: last_detail, **known) unless status.zero?
    end
  end
  private_constant :Door
end
