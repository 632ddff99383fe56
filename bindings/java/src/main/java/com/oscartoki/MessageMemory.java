package com.oscartoki;

/** What the consumers of one queue remember together; of {@link ReplayLog#forMessages()}. */
public final class MessageMemory implements AutoCloseable {
    final Handle handle;

    MessageMemory(Handle handle) {
        this.handle = handle;
    }

    /** Gives it back. */
    @Override
    public void close() {
        handle.close();
    }
}
