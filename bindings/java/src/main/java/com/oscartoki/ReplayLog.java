package com.oscartoki;

/** Some replay memory: what has been accepted is remembered until it can't be accepted again. Services that are given the same one remember together. */
public abstract sealed class ReplayLog implements AutoCloseable permits MemoryReplayLog, MappedReplayLog, RedisReplayLog, NoReplayLog {
    /** Room for so many live requests unless told otherwise. */
    public static final int CAPACITY = 1_000_000;

    final Handle handle;

    ReplayLog(Handle handle) {
        this.handle = handle;
    }

    /** A memory for the consumers of one queue, on this log. */
    public MessageMemory forMessages() throws OscarError {
        return forMessages(false, System.currentTimeMillis());
    }

    /** {@link #forMessages()}; {@code firstStart}: no earlier consumer could have seen a message. */
    public MessageMemory forMessages(boolean firstStart, long nowMs) throws OscarError {
        return new MessageMemory(Handle.made("message_memory_free", "message_memory_new", handle, (byte) (firstStart ? 1 : 0), nowMs));
    }

    /** Gives it back; a service that was made with it keeps its own hold. */
    @Override
    public void close() {
        handle.close();
    }
}
