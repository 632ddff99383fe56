package com.oscartoki;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The text of a key, outside of the heap: wiped when it is closed, at the latest when nobody can reach it any more. */
final class KeyText implements Door.Arg, AutoCloseable {
    private final MemorySegment place;
    private final Cleaner.Cleanable cleanable;

    private KeyText(int capacity) {
        Arena arena = Arena.ofShared();
        MemorySegment made = arena.allocate(capacity);
        place = made;
        cleanable = Handle.CLEANER.register(this, () -> {
            made.fill((byte) 0);
            arena.close();
        });
    }

    /** Has a text written by C. */
    static KeyText written(int capacity, Writing call) throws OscarError {
        KeyText text = new KeyText(capacity);
        try {
            call.into(new Room(text));
        } catch (Throwable error) {
            text.close();
            throw error;
        }
        return text;
    }

    interface Writing {
        void into(Room room) throws OscarError;
    }

    /** The buffer that the text is written into: a pointer and a capacity. */
    record Room(KeyText text) implements Door.Arg {
        @Override
        public MemoryLayout[] layouts() {
            return Door.SIZED;
        }

        @Override
        public void pass(Arena arena, List<Object> into) {
            into.add(text.place);
            into.add(text.place.byteSize());
        }
    }

    @Override
    public MemoryLayout[] layouts() {
        return Door.SIZED;
    }

    @Override
    public void pass(Arena arena, List<Object> into) {
        into.add(alive());
        into.add(length());
    }

    /** A copy on the heap, for who asks for the key itself. */
    String reveal() {
        byte[] bytes = alive().asSlice(0, length()).toArray(JAVA_BYTE);
        try {
            return new String(bytes, StandardCharsets.US_ASCII);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private long length() {
        long end = 0;
        while (place.get(JAVA_BYTE, end) != 0) end++;
        return end;
    }

    private MemorySegment alive() {
        if (!place.scope().isAlive()) throw new IllegalStateException("this key was closed");
        return place;
    }

    @Override
    public void close() {
        cleanable.clean();
    }
}
