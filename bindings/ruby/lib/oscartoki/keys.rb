# frozen_string_literal: true

require_relative "door"
require_relative "errors"
require_relative "held"

module Oscartoki
  # Key material as text. It stands outside of Ruby's heap, is wiped when its owner is collected, and nothing prints it: `to_text` is for key files.
  class KeyText
    class << self
      # Reads the text of a key.
      def parse(text) = new(text)

      # A key whose text a call writes.
      # @api private
      def _written(&) = allocate.tap { |made| made.send(:write, &) }
    end

    # The key itself, for a file of mode 0600.
    def to_text = @memory.read_bytes(size).force_encoding(Encoding::UTF_8)

    # Without the key.
    def inspect = "#<#{self.class.name} kid #{kid.unpack1('H*')}>"
    alias to_s inspect

    # Key material is not marshalled.
    def marshal_dump = raise(TypeError, "#{self.class.name} is key material and is not marshalled: hand its text over by a file of mode 0600")

    # Nor copied: every copy would have to be wiped.
    def initialize_copy(_) = raise(TypeError, "#{self.class.name} is key material and is not copied")

    # As pointer and length, for the C door.
    # @api private
    def _slice = [@memory, size]

    private

    # Every text of a kind has the same length.
    def size = self.class::ROOM - 1

    def write
      memory = FFI::MemoryPointer.new(1, self.class::ROOM)
      Door.check(yield(memory, self.class::ROOM))
      keep(memory)
    end

    def keep(memory)
      @memory = memory
      ObjectSpace.define_finalizer(self, Wipe.new(memory))
      freeze
    end

    # Wipes the memory of what is gone.
    Wipe = Struct.new(:memory) do
      def call(_) = memory.clear
    end
    private_constant :Wipe
  end
  private_constant :KeyText

  # What a client and the key registry hold: 32 random bytes, `os2.` as text.
  class Secret < KeyText
    ROOM = 48

    # A new random secret.
    def self.generate = _written { |out, room| Door.secret_generate(out, room) }

    # A secret from exactly 32 random bytes, else `weak_secret`.
    def self.from_bytes(data) = _written { |out, room| Door.secret_from_bytes(*Door.slice(data), out, room) }

    def initialize(text)
      super()
      write { |out, room| Door.secret_parse(*Door.slice(text), out, room) }
    end

    # The key id of a generation: public, 8 bytes.
    def kid(generation = 0) = Door.bytes(8) { |out| Door.secret_kid(*_slice, generation, out) }

    # What one service gets.
    def audience_key(audience, generation = 0)
      AudienceKey._written { |out, room| Door.secret_audience_key(*_slice, *Door.slice(audience), generation, out, room) }
    end
  end

  # What a service holds for one client, audience and generation; `oa2.` as text.
  class AudienceKey < KeyText
    ROOM = 59

    def initialize(text)
      super()
      write { |out, room| Door.audience_key_parse(*Door.slice(text), nil, out, room) }
    end

    # The same key under another, registered kid of 8 bytes.
    def with_kid(kid) = AudienceKey._written { |out, room| Door.audience_key_parse(*_slice, Door.eight(kid), out, room) }

    # The key id: public, 8 bytes.
    def kid = Door.bytes(8) { |out| Door.audience_key_read(*_slice, out, nil) }
  end

  # A handed-out session: one audience, its own sid, ten minutes at most; `oz2.` as text.
  class Session < KeyText
    ROOM = 91

    # The key id of the client that handed it out, 8 bytes; the session id, 8 bytes; its end in seconds of the epoch.
    attr_reader :kid, :sid, :exp_s

    def initialize(text)
      super()
      write { |out, room| Door.session_parse(*Door.slice(text), out, room, nil) }
    end

    # Without the key.
    def inspect = "#<Oscartoki::Session kid #{kid.unpack1('H*')}, sid #{sid.unpack1('H*')}, until #{exp_s}>"
    alias to_s inspect

    private

    def keep(memory)
      claims = Door.bytes(Door::GrantClaims.size) { |out| Door.session_parse(memory, size, memory, ROOM, out) }
      @kid, @sid, _, @exp_s = claims.unpack("a8a8qq")
      super
    end
  end

  # The keys of a service for one audience, who is revoked, and whose OscarToki v1 is still on.
  class Keyring
    include Held

    LINE = 64
    DIALECTS = { "any" => 0, "standard" => 1, "java" => 2 }.freeze
    private_constant :LINE, :DIALECTS

    # The one audience of its keys.
    attr_reader :audience

    def initialize(audience)
      @audience = audience.dup.freeze
      own(Door.handle { |out| Door.keyring_new(*Door.slice(audience), out) }, :keyring)
    end

    # Adds a key, or what one line of a key file says: `oa2.…`, `oa2.… kid=HEX`, `v1 until=… dialect=any key=HEX kid=HEX`.
    def add(key)
      Door.check(Door.keyring_add(_handle, *(key.is_a?(AudienceKey) ? key._slice : Door.slice(key.strip))))
      self
    end

    # Switches OscarToki v1 on for a client (`kid`, 8 bytes) until a time.
    def add_v1(kid:, key:, until_ms:, dialect: "any")
      Door.check(Door.keyring_add_v1(_handle, Door.eight(kid), *Door.slice(key), until_ms, self.class._dialect(dialect)))
      self
    end

    # Replaces all keys by those of a key file's text, at once or not at all.
    def load(text)
      Door.check(Door.keyring_load(_handle, *Door.slice(text)))
      self
    end

    # Replaces the revocations by those of a file's text, at once or not at all; marks never fall.
    def load_revocations(text)
      Door.check(Door.keyring_load_revocations(_handle, *Door.slice(text)))
      self
    end

    # What a key file's text would be refused for, with its line; nil: for nothing.
    def fault_in_keys(text)
      Keyring.new(audience).load(text).close
      nil
    rescue OscarError => e
      e.message
    end

    # Revokes a kid at once; the line that a file of revocations gets.
    def revoke_key(kid) = Door.text(LINE) { |out, room| Door.keyring_revoke_key(_handle, Door.eight(kid), out, room) }

    # Revokes one session at once; the line that a file of revocations gets.
    def revoke_session(kid, sid)
      Door.text(LINE) { |out, room| Door.keyring_revoke_session(_handle, Door.eight(kid), Door.eight(sid), out, room) }
    end

    # Revokes the sessions of a kid that were issued before a second of the epoch; the line that a file of revocations gets.
    def revoke_issued_before(kid, before_s)
      Door.text(LINE) { |out, room| Door.keyring_revoke_issued_before(_handle, Door.eight(kid), before_s, out, room) }
    end

    # All revocations in force, as the text of a file.
    def revocations_text = Door.growing { |out| Door.keyring_revocations(_handle, out) }

    # The key ids held.
    def kids = Door.growing { |out| Door.keyring_kids(_handle, out) }.split("\n").map { |kid| [kid].pack("H*") }

    # Whether a key stands under this kid.
    def holds?(kid) = Door.keyring_holds(_handle, Door.eight(kid)) == 1

    # Whether OscarToki v1 is on for some client.
    def v1? = Door.keyring_has_v1(_handle) == 1
    alias has_v1? v1?

    def inspect = "#<Oscartoki::Keyring #{audience}, #{kids.size} keys>"

    # The number of a dialect of v1: any, standard, java.
    # @api private
    def self._dialect(name)
      DIALECTS.fetch(name.to_s) { raise ArgumentError, "a dialect is any, standard or java" }
    end
  end

  # The key text in a file: its one line that is neither blank nor a comment.
  def self.secret_from(path)
    texts = File.readlines(path, chomp: true).map(&:strip).reject { |line| line.empty? || line.start_with?("#") }
    raise ArgumentError, "#{path}: one key text is needed, #{texts.size} were found" unless texts.size == 1

    texts.first
  end
end
