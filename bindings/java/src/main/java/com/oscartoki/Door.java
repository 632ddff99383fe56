package com.oscartoki;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The C door by the foreign-function interface. Setting up goes through {@link #call}, where the C type of each argument follows from its
 * class; what is done for each request has a handle of its own in {@link Hot}.
 */
final class Door {
    static final int OK = 0, MALFORMED = 1, UNSIGNABLE = 3, BUSY = 13, PENDING = 64, BAD_PACKED = 68, STORE = 70, HANDSHAKE = 72;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup SYMBOLS = Library.open();
    private static final Map<String, MethodHandle> CALLS = new ConcurrentHashMap<>(), FREES = new ConcurrentHashMap<>();

    private Door() {}

    static MethodHandle link(String name, FunctionDescriptor type, Linker.Option... options) {
        return LINKER.downcallHandle(SYMBOLS.find("oscar_" + name).orElseThrow(() -> new UnsatisfiedLinkError("liboscartoki has no oscar_" + name)), type, options);
    }

    // ---- arguments ----

    /** An argument that stands for one or two of C's. */
    sealed interface Arg permits Slice, Fixed, Room, Struct, Settings, Handle, KeyText, KeyText.Room {
        MemoryLayout[] layouts();

        void pass(Arena arena, List<Object> into);

        /** Takes over what C wrote. */
        default void back() {}
    }

    static final MemoryLayout[] POINTER = {ADDRESS}, SIZED = {ADDRESS, JAVA_LONG};

    /** Bytes that are read: a pointer and a length; of null both are 0. */
    record Slice(byte[] bytes) implements Arg {
        static Slice text(String text) {
            return new Slice(text == null ? null : text.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public MemoryLayout[] layouts() {
            return SIZED;
        }

        @Override
        public void pass(Arena arena, List<Object> into) {
            into.add(bytes == null ? MemorySegment.NULL : arena.allocateFrom(JAVA_BYTE, bytes));
            into.add(bytes == null ? 0L : (long) bytes.length);
        }
    }

    /** Bytes of a length that both sides know, such as a kid: read and written in place. */
    record Fixed(byte[] bytes) implements Arg {
        /** Of 8 bytes, a kid, sid or nonce; null stays null. */
        static Fixed id(byte[] id) {
            if (id != null && id.length != 8) throw new IllegalArgumentException("a kid, sid or nonce has 8 bytes");
            return new Fixed(id);
        }

        static Fixed digest(byte[] digest) {
            if (digest != null && digest.length != 32) throw new IllegalArgumentException("a SHA-256 has 32 bytes");
            return new Fixed(digest);
        }

        @Override
        public MemoryLayout[] layouts() {
            return POINTER;
        }

        @Override
        public void pass(Arena arena, List<Object> into) {
            into.add(bytes == null ? MemorySegment.NULL : arena.allocateFrom(JAVA_BYTE, bytes));
        }
    }

    /** A buffer that C writes: a pointer and a capacity. */
    static final class Room implements Arg {
        private final byte[] bytes;
        private MemorySegment place;

        Room(int capacity) {
            bytes = new byte[capacity];
        }

        @Override
        public MemoryLayout[] layouts() {
            return SIZED;
        }

        @Override
        public void pass(Arena arena, List<Object> into) {
            place = arena.allocate(bytes.length);
            into.add(place);
            into.add((long) bytes.length);
        }

        @Override
        public void back() {
            MemorySegment.copy(place, JAVA_BYTE, 0, bytes, 0, bytes.length);
        }

        /** The zero-terminated text in it. */
        String text() {
            return Layouts.text(bytes, 0);
        }

        byte[] bytes() {
            return bytes;
        }
    }

    /** A struct, or one number, that C writes: a pointer. */
    static final class Struct implements Arg {
        private final long[] words;
        private final MemorySegment view;
        private MemorySegment place;

        Struct(int size) {
            this(new long[(size + 7) / 8]);
        }

        Struct(long[] words) {
            this.words = words;
            view = MemorySegment.ofArray(words);
        }

        /** One of texts, whose bytes are all that is wanted. */
        Struct(byte[] bytes) {
            words = null;
            view = MemorySegment.ofArray(bytes);
        }

        @Override
        public MemoryLayout[] layouts() {
            return POINTER;
        }

        @Override
        public void pass(Arena arena, List<Object> into) {
            place = arena.allocate(view.byteSize(), 8);
            into.add(place.copyFrom(view));
        }

        @Override
        public void back() {
            view.copyFrom(place);
        }

        long[] words() {
            return words;
        }

        long first() {
            return words[0];
        }
    }

    /** A struct of settings, filled in by its init call and then by {@code fill}; it lives as long as the call. */
    record Settings(int size, String init, Filling fill) implements Arg {
        interface Filling {
            void in(MemorySegment struct, Arena arena);
        }

        @Override
        public MemoryLayout[] layouts() {
            return POINTER;
        }

        @Override
        public void pass(Arena arena, List<Object> into) {
            MemorySegment struct = arena.allocate(size, 8);
            call(init, struct);
            fill.in(struct, arena);
            into.add(struct);
        }

        /** A list of texts: its pointer and its length, side by side in the struct. */
        static void texts(MemorySegment struct, int at, List<String> texts, Arena arena) {
            MemorySegment list = arena.allocate(ADDRESS, Math.max(1, texts.size()));
            for (int i = 0; i < texts.size(); i++) list.setAtIndex(ADDRESS, i, arena.allocateFrom(texts.get(i)));
            struct.set(ADDRESS, at, texts.isEmpty() ? MemorySegment.NULL : list);
            struct.set(JAVA_LONG, at + 8, texts.size());
        }

        static void flag(MemorySegment struct, int at, boolean flag) {
            struct.set(JAVA_BYTE, at, (byte) (flag ? 1 : 0));
        }
    }

    // ---- calls ----

    /**
     * Calls {@code oscar_NAME}. Long, Integer, Short and Byte are C's integers of that size, a MemorySegment is a pointer, a String or byte[] a
     * slice; see {@link Arg} for the rest.
     */
    static int call(String name, Object... given) {
        try (Arena arena = Arena.ofConfined()) {
            List<Object> passed = new ArrayList<>(given.length * 2);
            for (Object one : given) {
                switch (one) {
                    case Arg arg -> arg.pass(arena, passed);
                    case String text -> Slice.text(text).pass(arena, passed);
                    case byte[] bytes -> new Slice(bytes).pass(arena, passed);
                    default -> passed.add(one);
                }
            }
            int status = (int) handle(name, given).invokeExact(passed.toArray());
            for (Object one : given) if (one instanceof Arg arg) arg.back();
            return status;
        } catch (Throwable fault) {
            throw failed(fault);
        } finally {
            // Handles and key texts are not cleaned while C works on them.
            Reference.reachabilityFence(given);
        }
    }

    private static MethodHandle handle(String name, Object[] given) {
        MethodHandle found = CALLS.get(name);
        if (found != null) return found;
        List<MemoryLayout> layouts = new ArrayList<>();
        for (Object one : given) {
            switch (one) {
                case Arg arg -> layouts.addAll(List.of(arg.layouts()));
                case String _, byte[] _ -> layouts.addAll(List.of(SIZED));
                case Long _ -> layouts.add(JAVA_LONG);
                case Integer _ -> layouts.add(JAVA_INT);
                case Short _ -> layouts.add(JAVA_SHORT);
                case Byte _ -> layouts.add(JAVA_BYTE);
                case MemorySegment _ -> layouts.add(ADDRESS);
                default -> throw new IllegalArgumentException("C has no " + one.getClass());
            }
        }
        MethodHandle linked = link(name, FunctionDescriptor.of(JAVA_INT, layouts.toArray(MemoryLayout[]::new)));
        MethodHandle spread = linked.asSpreader(Object[].class, layouts.size()).asType(MethodType.methodType(int.class, Object[].class));
        CALLS.putIfAbsent(name, spread);
        return spread;
    }

    /** The call that takes a handle back. */
    static MethodHandle free(String name) {
        MethodHandle found = FREES.get(name);
        return found != null ? found : FREES.computeIfAbsent(name, _ -> link(name, FunctionDescriptor.of(JAVA_INT, JAVA_LONG)));
    }

    /** {@link #call} for what answers with a status: anything but OK is thrown. */
    static void must(String name, Object... given) throws OscarError {
        int status = call(name, given);
        if (status != OK) throw OscarError.of(status, detail());
    }

    /** Copies a text out of its handle, and frees that. */
    static String take(long text) throws OscarError {
        try {
            Struct length = new Struct(8);
            must("text_len", text, length);
            Room room = new Room(Math.toIntExact(length.first()));
            must("text_copy", text, room);
            return new String(room.bytes(), StandardCharsets.UTF_8);
        } finally {
            call("text_free", text);
        }
    }

    /** Which rule the last refused call of this thread broke. */
    static String detail() {
        try {
            return text((MemorySegment) Texts.DETAIL.invokeExact());
        } catch (Throwable fault) {
            throw failed(fault);
        }
    }

    static String errorName(int status) {
        try {
            String name = text((MemorySegment) Texts.NAME.invokeExact(status));
            return name == null ? "internal" : name;
        } catch (Throwable fault) {
            throw failed(fault);
        }
    }

    static String sentence(int status) {
        try {
            return text((MemorySegment) Texts.SENTENCE.invokeExact(status));
        } catch (Throwable fault) {
            throw failed(fault);
        }
    }

    private static final class Texts {
        private static final AddressLayout TEXT = ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(Long.MAX_VALUE, JAVA_BYTE));
        static final MethodHandle DETAIL = link("last_detail", FunctionDescriptor.of(TEXT));
        static final MethodHandle NAME = link("error_name", FunctionDescriptor.of(TEXT, JAVA_INT));
        static final MethodHandle SENTENCE = link("status_message", FunctionDescriptor.of(TEXT, JAVA_INT));
    }

    private static String text(MemorySegment text) {
        return text.equals(MemorySegment.NULL) ? null : text.getString(0);
    }

    /** C's calls throw nothing; what comes out of a handle is a fault of this layer. */
    static RuntimeException failed(Throwable fault) {
        if (fault instanceof Error error) throw error;
        if (fault instanceof RuntimeException unchecked) return unchecked;
        return new IllegalStateException(fault);
    }
}
