package com.oscartoki;

/** The memory of this one process; after a fork it refuses. */
public final class MemoryReplayLog extends ReplayLog {
    /** With room for a million live requests. */
    public MemoryReplayLog() throws OscarError {
        this(CAPACITY);
    }

    /** With room for so many live requests. */
    public MemoryReplayLog(long capacity) throws OscarError {
        super(Handle.made("replay_log_free", "replay_log_memory", capacity));
    }

    private MemoryReplayLog(Handle handle) {
        super(handle);
    }

    /** With exactly that room, in one shard and without quotas: for tests. */
    public static MemoryReplayLog exact(long capacity) throws OscarError {
        return new MemoryReplayLog(Handle.made("replay_log_free", "replay_log_exact", capacity));
    }
}
