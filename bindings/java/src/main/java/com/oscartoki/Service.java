package com.oscartoki;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One service: its names, its keys, its replay memory. Thread-safe; the processes of one machine share a mapped memory.
 * {@snippet :
 * Service service = Service.builder().key(System.getenv("OSCAR_KEY")).authorities("api.example.com").build();
 * }
 */
public final class Service implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("oscartoki");
    private static final int NAMES = 22;

    final Handle handle;
    private final Keyring keyring;
    private final ReplayLog memory;
    private final Handle files;
    private final boolean waits;
    private final long maxBody, maxAnswer;
    private final InstantSource clock;

    private Service(Builder given) throws IOException {
        keyring = given.ring();
        files = given.files(keyring);
        for (String line : files == null ? given.keys : List.<String>of()) keyring.add(line);
        memory = given.memory != null ? given.memory : new MappedReplayLog(given.memoryFile != null ? given.memoryFile : MappedReplayLog.defaultPath(keyring));
        waits = memory instanceof RedisReplayLog;
        maxBody = given.maxBody;
        maxAnswer = given.maxAnswer;
        clock = given.clock;
        var settings = new Door.Settings(Layouts.ServiceSettings.SIZE, "service_settings_init", given::fill);
        handle = Handle.made("service_free", "service_new", settings, keyring.handle, memory.handle, clock.millis());
    }

    /** A service by its options. */
    public static Builder builder() {
        return new Builder();
    }

    // ---- the primitives ----

    /** Judges one request by its fields. A digest stands for Content-Digest and makes the verdict pending. */
    public Verdict verify(Request request, String toki, String grant) {
        return verify(request, toki, grant, clock.millis());
    }

    /** {@link #verify(Request, String, String)} at a time. */
    public Verdict verify(Request request, String toki, String grant, long nowMs) {
        refresh();
        long[] verdict = Judged.room();
        Packed packed = Packed.of(request, 128).proofs(toki, grant);
        if (packed.failed()) return Judged.malformed(verdict);
        Hot.verify(handle, packed, request.body(), nowMs, verdict, waits);
        return Judged.of(verdict);
    }

    /** Judges one request by its raw head: what layers call. Host is among the headers. */
    public Verdict verifyHead(String method, String target, Headers headers, byte[] body) {
        return verifyHead(method, null, target, headers, body);
    }

    /** {@link #verifyHead(String, String, Headers, byte[])} with the {@code :authority} of HTTP/2, null where there is none. */
    public Verdict verifyHead(String method, String authority, String target, Headers headers, byte[] body) {
        refresh();
        long[] verdict = Judged.room();
        Packed packed = head(method, authority, target, headers);
        if (packed.failed()) return Judged.malformed(verdict);
        Hot.verifyHead(handle, packed, body, clock.millis(), verdict, waits);
        return Judged.of(verdict);
    }

    /** Whether the body is to be read, at most {@link #maxBody} bytes and one more, before {@code verifyHead}. */
    public boolean wantsBody(String method, String target, Headers headers) {
        return wantsBody(method, null, target, headers);
    }

    /** {@link #wantsBody(String, String, Headers)} with the {@code :authority} of HTTP/2. */
    public boolean wantsBody(String method, String authority, String target, Headers headers) {
        Packed packed = head(method, authority, target, headers);
        return !packed.failed() && Hot.wantsBody(handle, packed);
    }

    private static Packed head(String method, String authority, String target, Headers headers) {
        return new Packed(1024).field(method).field(authority).field(target).headers(headers);
    }

    /** Mints the headers of the answer to what was verified or refused signed, once; the second time is {@code replayed}. */
    public SignedAnswer answer(Verdict verdict, Answer answer) throws OscarError {
        return answer(verdict, answer, clock.millis());
    }

    /** {@link #answer(Verdict, Answer)} at a time. */
    public SignedAnswer answer(Verdict verdict, Answer answer, long nowMs) throws OscarError {
        byte[] signed = new byte[Layouts.Answered.SIZE];
        Packed packed = Packed.of(answer);
        Handle context = contextOf(verdict);
        int status = packed.failed() ? Door.UNSIGNABLE : Hot.answer(handle, context, packed, answer.body(), nowMs, signed, waits);
        return answered(status, packed, context, signed);
    }

    /** {@link #answer} from the answer's head, whose configured headers are covered. No body: a stream, which is then not covered. */
    public SignedAnswer answerHead(Verdict verdict, int status, Headers headers, byte[] body) throws OscarError {
        byte[] signed = new byte[Layouts.Answered.SIZE];
        Packed packed = new Packed(512).be16(status).headers(headers);
        Handle context = contextOf(verdict);
        int got = packed.failed() ? Door.UNSIGNABLE : Hot.answerHead(handle, context, packed, body, clock.millis(), signed, waits);
        return answered(got, packed, context, signed);
    }

    private static SignedAnswer answered(int status, Packed packed, Handle context, byte[] signed) throws OscarError {
        if (status != Door.OK) throw OscarError.of(status, packed.failed() ? null : Door.detail());
        context.used();
        return new SignedAnswer(signed);
    }

    private static Handle contextOf(Verdict verdict) {
        Handle context = switch (verdict) {
            case VerifiedRequest verified -> verified.judged.context;
            case Refusal refusal -> refusal.judged.context;
            case PendingBody _ -> throw new IllegalStateException("a pending body is finished before it is answered");
            case Handshake _ -> throw new IllegalStateException("a handshake makes its own reply");
        };
        if (context == null) throw new IllegalStateException("an unsigned refusal gets no toki; it names itself in the header oscartoki-error");
        return context;
    }

    // ---- what travels elsewhere ----

    /** Verifies a message of a queue without a memory: it is {@code UNCHECKED}. {@code toki} is null when it has none. */
    public VerifiedMessage verifyMessage(Message message, String toki) throws OscarError {
        return verifyMessage(message, toki, null, 86_400, clock.millis());
    }

    /** Verifies a message of a queue; {@code memory} is null for none, {@code maxTtlS} the longest life that this consumer takes. */
    public VerifiedMessage verifyMessage(Message message, String toki, MessageMemory memory, long maxTtlS, long nowMs) throws OscarError {
        refresh();
        Packed packed = message.packed(Door.MALFORMED);
        if (toki != null) packed.field(toki);
        if (packed.failed()) throw OscarError.of(Door.MALFORMED, null);
        Door.Struct verified = new Door.Struct(Layouts.VerifiedMessage.SIZE);
        Object held = memory == null ? (Object) 0L : memory.handle;
        Door.must("service_verify_message", handle, packed.bytes(), message.content(), held, maxTtlS, nowMs, verified);
        return new VerifiedMessage(verified.words());
    }

    /** Verifies a presigned target, given with its parameter; HEAD is good where GET was signed. */
    public VerifiedUrl verifyUrl(Request request) throws OscarError {
        return verifyUrl(request, null, clock.millis());
    }

    /** {@link #verifyUrl(Request)} at a time; {@code toki}: the request has a header oscartoki too, which is malformed. */
    public VerifiedUrl verifyUrl(Request request, String toki, long nowMs) throws OscarError {
        refresh();
        Packed packed = Packed.of(request, 64).proofs(toki, null);
        if (packed.failed()) throw OscarError.of(Door.MALFORMED, null);
        Door.Struct verified = new Door.Struct(Layouts.VerifiedUrl.SIZE);
        Door.must("service_verify_url", handle, packed.bytes(), nowMs, verified);
        return url(verified.words(), request.target());
    }

    /** Verifies a presigned request by its raw head: Host, the covered headers and a toki beside the URL are looked for. */
    public VerifiedUrl verifyUrlHead(String method, String target, Headers headers) throws OscarError {
        refresh();
        Packed packed = head(method, null, target, headers);
        if (packed.failed()) throw OscarError.of(Door.MALFORMED, null);
        Door.Struct verified = new Door.Struct(Layouts.VerifiedUrl.SIZE);
        Door.must("service_verify_url_head", handle, packed.bytes(), clock.millis(), verified);
        return url(verified.words(), target);
    }

    private static VerifiedUrl url(long[] struct, String target) {
        // A target that was verified is ASCII: bytes are characters.
        String signed = target.substring(0, Math.toIntExact(Layouts.int64(struct, Layouts.VerifiedUrl.TARGET_LEN)));
        return new VerifiedUrl(Layouts.id(struct, Layouts.VerifiedUrl.KID), Layouts.int64(struct, Layouts.VerifiedUrl.EXP_MS), signed);
    }

    /** Verifies a websocket ticket and spends it. {@code ticket} is null when there is none, {@code origin} when the request has no Origin. */
    public VerifiedTicket verifyTicket(String ticket, String origin) throws OscarError {
        return verifyTicket(ticket, origin, false, clock.millis());
    }

    /** {@link #verifyTicket(String, String)} at a time; {@code requireOrigin} demands that an Origin is bound. */
    public VerifiedTicket verifyTicket(String ticket, String origin, boolean requireOrigin, long nowMs) throws OscarError {
        refresh();
        Door.Struct verified = new Door.Struct(Layouts.VerifiedTicket.SIZE);
        Door.must("service_verify_ticket", handle, Door.Slice.text(ticket), Door.Slice.text(origin), (byte) (requireOrigin ? 1 : 0), nowMs, verified);
        long[] struct = verified.words();
        byte[] connection = Layouts.bytes(struct, Layouts.VerifiedTicket.CONNECTION, Byte.toUnsignedInt(Layouts.int8(struct, Layouts.VerifiedTicket.CONNECTION_LEN)));
        return new VerifiedTicket(Layouts.id(struct, Layouts.VerifiedTicket.KID), connection, Layouts.int64(struct, Layouts.VerifiedTicket.TS_MS),
                Layouts.flag(struct, Layouts.VerifiedTicket.ORIGIN_BOUND));
    }

    // ---- revoking ----

    /** Revokes a kid: in this process at once and, through the revocations file, in every other within two seconds. */
    public void revokeKey(byte[] kid) throws IOException {
        file(keyring.revokeKey(kid));
    }

    /** Revokes one session of a kid. */
    public void revokeSession(byte[] kid, byte[] sid) throws IOException {
        file(keyring.revokeSession(kid, sid));
    }

    /** Revokes the sessions of a kid that were issued before a second of the epoch. */
    public void revokeIssuedBefore(byte[] kid, long beforeS) throws IOException {
        file(keyring.revokeIssuedBefore(kid, beforeS));
    }

    private void file(String line) throws IOException {
        if (files != null) MappedReplayLog.stored(Door.call("ring_files_append", files, line));
    }

    /** Takes over what has changed in the files; what is wrong there is told once, and what was good stays in force. */
    private void refresh() {
        if (files != null && Hot.refresh(files) != Door.OK) LOG.log(System.Logger.Level.ERROR, "not taken over: {0}", Door.detail());
    }

    // ---- its state ----

    /** When it is ready, milliseconds since the epoch; before that, everything is refused as stale. */
    public long readyAtMs() throws OscarError {
        return number("service_ready_at");
    }

    /** At and below this time nothing is accepted. */
    public long floorMs() throws OscarError {
        return number("service_floor");
    }

    private long number(String call) throws OscarError {
        Door.Struct number = new Door.Struct(8);
        Door.must(call, handle, number);
        return number.first();
    }

    /** What happened so far: accepted, unremembered, v1_accepted, and refusals by name. */
    public Map<String, Long> counters() throws OscarError {
        Door.Struct read = new Door.Struct(Layouts.Counters.SIZE);
        Door.must("service_counters", handle, read);
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put("accepted", Layouts.int64(read.words(), Layouts.Counters.ACCEPTED));
        counters.put("unremembered", Layouts.int64(read.words(), Layouts.Counters.UNREMEMBERED));
        counters.put("v1_accepted", Layouts.int64(read.words(), Layouts.Counters.V1_ACCEPTED));
        for (int status = 1; status < NAMES; status++) {
            counters.put("refused_" + Door.errorName(status), Layouts.int64(read.words(), Layouts.Counters.REFUSED + 8 * status));
        }
        return counters;
    }

    /** Its keys. */
    public Keyring keyring() {
        return keyring;
    }

    /** Its replay memory. */
    public ReplayLog memory() {
        return memory;
    }

    /** The longest body of a request. */
    public long maxBody() {
        return maxBody;
    }

    /** The longest answer that is buffered and covered. */
    public long maxAnswer() {
        return maxAnswer;
    }

    /** Gives it back, and stops following its files; calls that are inside finish first. */
    @Override
    public void close() {
        handle.close();
        if (files != null) files.close();
    }

    @Override
    public String toString() {
        return "Service(" + keyring + ")";
    }

    /** The options of a service. */
    public static final class Builder {
        private final List<String> keys = new ArrayList<>();
        private final List<Path> keysFiles = new ArrayList<>();
        private List<String> authorities = List.of(), ext = List.of(), answerExt = List.of();
        private String audience, fixedAuthority;
        private Keyring keyring;
        private Path revocationsFile, memoryFile;
        private ReplayLog memory;
        private boolean firstStart, emptyQueryHidden = true;
        private long windowMs = 30_000, maxTtlS = 600, grantTtlS = 600, maxBody = 1 << 20, maxAnswer = 1 << 20;
        private InstantSource clock = InstantSource.system();

        private Builder() {}

        /** Keys: {@code oa2.} texts, or lines of a key file. */
        public Builder keys(String... lines) {
            keys.addAll(Arrays.asList(lines));
            return this;
        }

        /** A key. */
        public Builder key(AudienceKey key) {
            keys.add(key.toText());
            return this;
        }

        /** A key: {@code oa2.} text, or a line of a key file. */
        public Builder key(String line) {
            keys.add(line);
            return this;
        }

        /** The names that a request may be sent to. */
        public Builder authorities(String... names) {
            authorities = List.of(names);
            return this;
        }

        /** Whose keys these are; the first name unless told. */
        public Builder audience(String audience) {
            this.audience = audience;
            return this;
        }

        /** Your own ring, in place of an audience and keys. */
        public Builder keyring(Keyring keyring) {
            this.keyring = keyring;
            return this;
        }

        /** Key files, whose lines are taken together, and reread within two seconds of a change. */
        public Builder keysFile(Path... paths) {
            keysFiles.addAll(Arrays.asList(paths));
            return this;
        }

        /** The file of revocations, reread within two seconds of a change, and appended to by the service's own; it may be absent. */
        public Builder revocationsFile(Path path) {
            revocationsFile = path;
            return this;
        }

        /** The replay memory; without one, a mapped file of this user at {@link MappedReplayLog#defaultPath}. */
        public Builder memory(ReplayLog memory) {
            this.memory = memory;
            return this;
        }

        /** A mapped memory in this file. */
        public Builder memory(Path file) {
            memoryFile = file;
            return this;
        }

        /** No earlier process accepted these keys, it is ready at once: for a first start, tests and snippets. */
        public Builder firstStart(boolean first) {
            firstStart = first;
            return this;
        }

        /** The one name that stands for Host, which is then ignored. */
        public Builder fixedAuthority(String name) {
            fixedAuthority = name;
            return this;
        }

        /** How old a request may be, 1,000 to 30,000 ms; equal on all nodes. */
        public Builder windowMs(long ms) {
            windowMs = ms;
            return this;
        }

        /** The longest life that a grant may have. */
        public Builder maxTtlS(long seconds) {
            maxTtlS = seconds;
            return this;
        }

        /** The life of the grants that are made here. */
        public Builder grantTtlS(long seconds) {
            grantTtlS = seconds;
            return this;
        }

        /** The covered headers of requests, in the clients' order. */
        public Builder ext(String... names) {
            ext = List.of(names);
            return this;
        }

        /** The covered headers of answers, in the clients' order. */
        public Builder answerExt(String... names) {
            answerExt = List.of(names);
            return this;
        }

        /** The longest body of a request; 1 MiB unless told. */
        public Builder maxBody(long bytes) {
            maxBody = bytes;
            return this;
        }

        /** The longest answer that is buffered and covered; 1 MiB unless told. */
        public Builder maxAnswer(long bytes) {
            maxAnswer = bytes;
            return this;
        }

        /** Whether the server hides an empty {@code ?} of the target; it is taken to unless told. */
        public Builder emptyQueryHidden(boolean hidden) {
            emptyQueryHidden = hidden;
            return this;
        }

        /** Another clock than this machine's: for tests and demonstrations. */
        public Builder clock(InstantSource clock) {
            this.clock = clock;
            return this;
        }

        /** Makes it. An IOException that is no OscarError tells what is wrong with a file. */
        public Service build() throws IOException {
            return new Service(this);
        }

        private Keyring ring() throws OscarError {
            if (keyring != null) return keyring;
            if (audience != null) return new Keyring(audience);
            String first = authorities.isEmpty() ? fixedAuthority : authorities.getFirst();
            if (first == null) throw new IllegalStateException("a service has authorities, a fixedAuthority, an audience or a keyring");
            return new Keyring(Oscartoki.normaliseAuthority(first));
        }

        private Handle files(Keyring ring) throws IOException {
            if (keysFiles.isEmpty() && revocationsFile == null) return null;
            Packed paths = new Packed(256);
            for (Path path : keysFiles) paths.field(path.toString());
            if (paths.failed()) throw new IllegalArgumentException("a path is longer than 65,535 bytes");
            String fixed = String.join("\n", keys), revocations = revocationsFile == null ? "" : revocationsFile.toString();
            Door.Struct files = new Door.Struct(8);
            MappedReplayLog.stored(Door.call("ring_files_open", ring.handle, paths.bytes(), fixed, revocations, files));
            return new Handle(files.first(), "ring_files_free");
        }

        private void fill(MemorySegment struct, Arena arena) {
            Door.Settings.texts(struct, Layouts.ServiceSettings.AUTHORITIES, authorities, arena);
            Door.Settings.texts(struct, Layouts.ServiceSettings.EXT, ext, arena);
            Door.Settings.texts(struct, Layouts.ServiceSettings.ANSWER_EXT, answerExt, arena);
            struct.set(ADDRESS, Layouts.ServiceSettings.FIXED_AUTHORITY, fixedAuthority == null ? MemorySegment.NULL : arena.allocateFrom(fixedAuthority));
            struct.set(JAVA_LONG, Layouts.ServiceSettings.WINDOW_MS, windowMs);
            struct.set(JAVA_LONG, Layouts.ServiceSettings.MAX_TTL_S, maxTtlS);
            struct.set(JAVA_LONG, Layouts.ServiceSettings.GRANT_TTL_S, grantTtlS);
            struct.set(JAVA_LONG, Layouts.ServiceSettings.MAX_BODY, maxBody);
            struct.set(JAVA_LONG, Layouts.ServiceSettings.MAX_ANSWER, maxAnswer);
            Door.Settings.flag(struct, Layouts.ServiceSettings.FIRST_START, firstStart);
            Door.Settings.flag(struct, Layouts.ServiceSettings.EMPTY_QUERY_HIDDEN, emptyQueryHidden);
        }
    }
}
