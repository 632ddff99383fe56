package com.oscartoki;

import java.io.IOException;

/** A Redis that the machines of a fleet share. It must not evict ({@code maxmemory-policy noeviction}); a request waits 50 ms for it at most. */
public final class RedisReplayLog extends ReplayLog {
    /** The memory {@code name}, most often the audience, at {@code redis://[USER:PASSWORD@]HOST[:PORT][/DB]} or {@code redis+unix:///PATH}. */
    public RedisReplayLog(String url, String name) throws IOException {
        this(url, name, CAPACITY);
    }

    /** {@link #RedisReplayLog(String, String)} where so many live requests are expected. */
    public RedisReplayLog(String url, String name, long capacity) throws IOException {
        super(open(url, name, capacity));
    }

    private static Handle open(String url, String name, long capacity) throws IOException {
        if (capacity < 1) throw new IllegalArgumentException("a memory has room for 1 request or more");
        Door.Struct handle = new Door.Struct(8);
        MappedReplayLog.stored(Door.call("replay_log_redis", url, name, capacity, handle));
        return new Handle(handle.first(), "replay_log_free");
    }
}
