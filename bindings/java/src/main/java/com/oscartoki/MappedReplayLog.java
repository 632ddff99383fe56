package com.oscartoki;

import java.io.IOException;
import java.nio.file.Path;

/** A file that the processes of one machine share; it also carries a single process over its restart. */
public final class MappedReplayLog extends ReplayLog {
    private static final int PATH_MAX_LEN = 4096;
    private final Path path;

    /** The file at {@code path}, made with room for a million live requests when absent. Its folder must exist and be private to this user. */
    public MappedReplayLog(Path path) throws IOException {
        this(path, CAPACITY);
    }

    /** {@link #MappedReplayLog(Path)} with room for so many live requests. */
    public MappedReplayLog(Path path, long capacity) throws IOException {
        super(open(path, capacity));
        this.path = path;
    }

    /** A file of mode 0600 in this user's own folder, named after the ring's audience and kids. */
    public static Path defaultPath(Keyring keyring) throws IOException {
        Door.Room room = new Door.Room(PATH_MAX_LEN);
        stored(Door.call("replay_log_default_path", keyring.handle, room));
        return Path.of(room.text());
    }

    /** Where it lies. */
    public Path path() {
        return path;
    }

    private static Handle open(Path path, long capacity) throws IOException {
        if (capacity < 1) throw new IllegalArgumentException("a memory has room for 1 request or more");
        Door.Struct handle = new Door.Struct(8);
        stored(Door.call("replay_log_mapped", path.toString(), capacity, handle));
        return new Handle(handle.first(), "replay_log_free");
    }

    /** What is wrong with a file is an IOException like any other's. */
    static void stored(int status) throws IOException {
        if (status == Door.STORE) throw new IOException(Door.detail());
        if (status != Door.OK) throw OscarError.of(status, Door.detail());
    }
}
