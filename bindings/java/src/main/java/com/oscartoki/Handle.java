package com.oscartoki;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Cleaner;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** An object of the library: given back when it is closed, at the latest when nobody can reach it any more. As an argument it is its number. */
final class Handle implements Door.Arg, AutoCloseable {
    static final Cleaner CLEANER = Cleaner.create();

    private final long handle;
    private final State state;
    private final Cleaner.Cleanable cleanable;

    /** {@code free}: the call that takes it back, without {@code oscar_}. */
    Handle(long handle, String free) {
        this.handle = handle;
        state = new State(handle, Door.free(free));
        cleanable = CLEANER.register(this, state);
    }

    /** What {@code make} writes: oscar_NAME_new and the like, their last argument. */
    static Handle made(String free, String make, Object... given) throws OscarError {
        Door.Struct handle = new Door.Struct(8);
        Object[] all = Arrays.copyOf(given, given.length + 1);
        all[given.length] = handle;
        Door.must(make, all);
        return new Handle(handle.first(), free);
    }

    /** Stays what it was when it is closed or used up: the library then says so. */
    long get() {
        return handle;
    }

    @Override
    public MemoryLayout[] layouts() {
        return new MemoryLayout[] {ValueLayout.JAVA_LONG};
    }

    @Override
    public void pass(Arena arena, List<Object> into) {
        into.add(handle);
    }

    /** The library has taken it; there is nothing to give back. */
    void used() {
        state.set(0);
        cleanable.clean();
    }

    @Override
    public void close() {
        cleanable.clean();
    }

    private static final class State extends AtomicLong implements Runnable {
        private static final long serialVersionUID = 1;
        private final transient MethodHandle free;

        State(long handle, MethodHandle free) {
            super(handle);
            this.free = free;
        }

        @Override
        public void run() {
            long held = getAndSet(0);
            if (held == 0) return;
            try {
                // What the library says of a handle that it has taken itself is no news.
                int _ = (int) free.invokeExact(held);
            } catch (Throwable fault) {
                throw Door.failed(fault);
            }
        }
    }
}
