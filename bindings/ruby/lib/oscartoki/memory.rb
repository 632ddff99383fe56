# frozen_string_literal: true

require_relative "carried"
require_relative "held"

module Oscartoki
  # Some replay memory: what was accepted is remembered until it can't be accepted again. Services that are given the same one remember together.
  class ReplayLog
    include Held

    CAPACITY = 1_000_000

    # A memory for the consumers of one queue, on this log. `first_start`: no earlier consumer could have seen a message.
    def for_messages(first_start: false, now_ms: nil)
      MessageMemory.new(Door.handle { |out| Door.message_memory_new(@handle, first_start ? 1 : 0, now_ms || Clock.wall, out) })
    end
  end

  # The memory of this one process; after a fork it refuses. `exact`: that capacity in one shard, without quotas, for tests.
  class MemoryReplayLog < ReplayLog
    def initialize(capacity = CAPACITY, exact: false)
      super()
      own(Door.handle { |out| exact ? Door.replay_log_exact(capacity, out) : Door.replay_log_memory(capacity, out) }, :replay_log)
    end
  end

  # A file that the processes of one machine share (the workers of puma); it also carries a single process over its restart.
  class MappedReplayLog < ReplayLog
    PATH = 4096
    private_constant :PATH

    # The file.
    attr_reader :path

    # A file of mode 0600 in this user's own folder, named after the ring's audience and keys.
    def self.default_path(keyring) = Door.text(PATH) { |out, room| Door.replay_log_default_path(keyring._handle, out, room) }

    def initialize(path, capacity = CAPACITY)
      super()
      @path = path.to_s.dup.freeze
      own(Door.handle { |out| Door.replay_log_mapped(*Door.slice(@path), capacity, out) }, :replay_log)
    end
  end

  # A Redis that the machines of a fleet share. It must not evict (`maxmemory-policy noeviction`); a request waits 50 ms for it at most.
  class RedisReplayLog < ReplayLog
    # Which memory of that Redis.
    attr_reader :name

    # Whether a text that names a memory names a Redis.
    # @api private
    def self._named_by?(memory) = memory.is_a?(String) && memory.start_with?("redis://", "redis+unix://")

    # The memory `name`, most often the audience, of the Redis at `url`: `redis://[USER:PASSWORD@]HOST[:PORT][/DB]` or `redis+unix:///PATH`.
    # Error: DoorError `store`, whose sentence holds no password.
    def initialize(url, name, capacity = CAPACITY)
      super()
      @name = name.dup.freeze
      own(Door.handle { |out| Door.replay_log_redis(*Door.slice(url), *Door.slice(name), capacity, out) }, :replay_log)
    end
  end

  # Remembers nothing and therefore refuses everything.
  class NoReplayLog < ReplayLog
    def initialize
      super
      own(Door.handle { |out| Door.replay_log_none(out) }, :replay_log)
    end
  end
end
