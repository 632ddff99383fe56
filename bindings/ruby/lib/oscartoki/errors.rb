# frozen_string_literal: true

require_relative "door"

module Oscartoki
  # What this protocol refuses. Each stable name is a class in here (`OscarError::BadMac`), the same names in every language; docs/errors.md tells
  # cause and fix.
  class OscarError < StandardError
    NAME = "error"
    # A client's: false only where it is certain that the request had no effect; nil outside of a call.
    attr_reader :may_have_run
    # A client's: whether the answer was authentic.
    attr_reader :signed
    # The HTTP status: of the answer that a client got, or the one that a service refuses with.
    attr_reader :status

    def initialize(sentence = nil, may_have_run: nil, signed: false, status: nil)
      super(sentence.to_s.empty? ? name : "#{name}: #{sentence}")
      @may_have_run = may_have_run
      @signed = signed
      @status = status
    end

    # The stable name, such as "bad_mac".
    def name = self.class.const_get(:NAME)

    # Not in the one allowed form.
    class Malformed < self; NAME = "malformed"; end
    # No toki where one is needed.
    class Missing < self; NAME = "missing"; end
    # A field that cannot be signed.
    class Unsignable < self; NAME = "unsignable"; end
    # A name that is not this service's.
    class UnknownAuthority < self; NAME = "unknown_authority"; end
    # The key id is not held here.
    class UnknownKey < self; NAME = "unknown_key"; end
    # Not authentic.
    class BadMac < self; NAME = "bad_mac"; end
    # Outside the window, or at or below the floor.
    class Stale < self; NAME = "stale"; end
    # Seen before.
    class Replayed < self; NAME = "replayed"; end
    # The session is over.
    class GrantExpired < self; NAME = "grant_expired"; end
    # The key, the session or its issue time is revoked.
    class Revoked < self; NAME = "revoked"; end
    # The content is not what was signed.
    class BodyMismatch < self; NAME = "body_mismatch"; end
    # Authentic, but not allowed here.
    class Policy < self; NAME = "policy"; end
    # Could not be remembered: try later.
    class Busy < self; NAME = "busy"; end
    # A message or URL past its end.
    class Expired < self; NAME = "expired"; end
    # A message from more than 300 seconds ahead.
    class NotYet < self; NAME = "not_yet"; end
    # The framework does not show the raw request target; the sentence names the fix.
    class RawTargetHidden < self; NAME = "raw_target_hidden"; end
    # The answer stands, its grant is not ours.
    class BadGrant < self; NAME = "bad_grant"; end
    # A key text in another's place.
    class WrongKind < self; NAME = "wrong_kind"; end
    # Key material is too weak.
    class WeakSecret < self; NAME = "weak_secret"; end
    # Another key stands under this kid.
    class KidTaken < self; NAME = "kid_taken"; end
    # OscarToki v1: a core that this service minted came back as a request.
    class Reflected < self; NAME = "reflected"; end

    # Wrong use of the library itself, a memory's file that can't be used, or a fault inside: `name` says which.
    class DoorError < self
      NAME = "internal"

      def initialize(sentence = nil, name: NAME, **known)
        @door_name = name
        super(sentence, **known)
      end

      def name = @door_name
    end

    # Every stable name with its class.
    BY_NAME = constants.map { |constant| const_get(constant) }.grep(Class).reject { |kind| kind == DoorError }.to_h { |kind| [kind::NAME, kind] }.freeze

    class << self
      # The error of a status of the C door.
      def _of(status, detail: nil, may_have_run: nil, signed: false, http: nil)
        name = name_of(status)
        sentence = detail || Door.status_message(status)
        known = { may_have_run: may_have_run, signed: signed, status: http }
        kind = BY_NAME[name]
        kind ? kind.new(sentence, **known) : DoorError.new(sentence, name: name, **known)
      end

      # The name of a status of the C door.
      def name_of(status) = NAMES[status] || Door.error_name(status) || "internal"
    end

    NAMES = BY_NAME.keys.to_h { |name| [Door.status_from_name(name), name] }.freeze
    private_constant :NAMES
    private_class_method :name_of
  end
end
