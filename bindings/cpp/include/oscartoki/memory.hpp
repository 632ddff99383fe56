// Replay memories: what has been accepted is remembered until it can't be accepted again.
#ifndef OSCARTOKI_MEMORY_HPP
#define OSCARTOKI_MEMORY_HPP

#include <memory>
#include <oscartoki/keys.hpp>

namespace oscartoki {

/// What the consumers of one queue remember together.
class MessageMemory {
  public:
    /// The handle, for the C API; the memory keeps it.
    oscar_handle get() const noexcept { return memory_.get(); }

  private:
    friend class ReplayLog;
    MessageMemory() = default;

    detail::Owned<oscar_message_memory_free> memory_;
};

/// Some replay memory; services that are given the same one remember together.
class ReplayLog {
  public:
    virtual ~ReplayLog() = default;

    /// A memory for the consumers of one queue, on this log. `first_start`: no earlier consumer could have seen a message.
    MessageMemory for_messages(bool first_start = false, Time now_ms = std::nullopt) const {
        MessageMemory made;
        detail::check(oscar_message_memory_new(get(), first_start, wall_clock_ms(now_ms), made.memory_.put()));
        return made;
    }

    /// The handle, for the C API; the log keeps it.
    oscar_handle get() const noexcept { return log_.get(); }

  protected:
    ReplayLog() { detail::check_library(); }
    ReplayLog(ReplayLog &&) = default;
    ReplayLog &operator=(ReplayLog &&) = default;

    detail::Owned<oscar_replay_log_free> log_;
};

/// The memory of this one process; after a fork it refuses.
class MemoryReplayLog : public ReplayLog {
  public:
    /// Room for so many requests.
    explicit MemoryReplayLog(std::size_t capacity = 1'000'000) { detail::check(oscar_replay_log_memory(capacity, log_.put())); }
    /// Room for exactly so many, in one shard and without quotas: for tests.
    static MemoryReplayLog exact(std::size_t capacity) {
        MemoryReplayLog made(0);
        made.log_ = detail::Owned<oscar_replay_log_free>();
        detail::check(oscar_replay_log_exact(capacity, made.log_.put()));
        return made;
    }
};

/// A file that the processes of one machine share; it also carries a single process over its restart.
class MappedReplayLog : public ReplayLog {
  public:
    /// Opens it, or makes it with room for so many requests. Its folder is private to this user.
    explicit MappedReplayLog(std::string path, std::size_t capacity = 1'000'000) : path_(std::move(path)) {
        detail::check(oscar_replay_log_mapped(path_.data(), path_.size(), capacity, log_.put()));
    }

    const std::string &path() const noexcept { return path_; }
    /// A file of mode 0600 in this user's own folder, named after the audience and kids of a ring.
    static std::string default_path(const Keyring &ring) {
        std::string path(OSCAR_PATH_MAX_LEN, '\0');
        detail::check(oscar_replay_log_default_path(ring.get(), path.data(), path.size()));
        path.resize(path.find('\0'));
        return path;
    }

  private:
    std::string path_;
};

/// A Redis that the machines of a fleet share: the memory `name`, most often the audience. It must not evict (`maxmemory-policy noeviction`).
class RedisReplayLog : public ReplayLog {
  public:
    /// `redis://[USER:PASSWORD@]HOST[:PORT][/DB]` or `redis+unix:///PATH`. `capacity`: how many live requests are expected.
    explicit RedisReplayLog(std::string_view url, std::string_view name, std::size_t capacity = 1'000'000) {
        detail::check(oscar_replay_log_redis(url.data(), url.size(), name.data(), name.size(), capacity, log_.put()));
    }
};

/// Remembers nothing and therefore refuses everything.
class NoReplayLog : public ReplayLog {
  public:
    NoReplayLog() { detail::check(oscar_replay_log_none(log_.put())); }
};

} // namespace oscartoki

#endif
