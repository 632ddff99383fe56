package com.oscartoki;

import com.oscartoki.http.SignedHttpClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * One client: it probes, keeps one clock and the newest grant for each audience, signs, and accepts each answer once. Thread-safe.
 *
 * <p>{@code new Client(secret, "api.example.com")}, or a {@link Builder} for another key or other options.
 */
public final class Client implements AutoCloseable {
    private static final int EXT_MAX_LEN = 65_535, URL_PARAMETER_MAX_LEN = 59, TICKET_MAX_LEN = 400, MESSAGE_TOKI_MAX_LEN = 64;

    final Handle handle;
    private final Kept kept;

    /** What of the options this side needs again; keys are not among it. */
    private record Kept(boolean covers, long maxAnswer, InstantSource clock) {}

    /** Of {@code os2.} text, for one audience. */
    public Client(String secret, String audience) throws OscarError {
        this(builder().secret(secret).audience(audience));
    }

    /** Of a secret, for one audience. */
    public Client(Secret secret, String audience) throws OscarError {
        this(builder().secret(secret).audience(audience));
    }

    private Client(Builder given) throws OscarError {
        this(new Kept(!given.ext.isEmpty(), given.maxAnswer, given.clock), given.make());
    }

    private Client(Kept kept, Handle handle) {
        this.kept = kept;
        this.handle = handle;
    }

    /** A client of another key, or with other options. */
    public static Builder builder() {
        return new Builder();
    }

    /** The same client for one audience: configuration, clock and grants are shared with every handle on it. */
    public Client forAudience(String audience) throws OscarError {
        return new Client(kept, Handle.made("client_free", "client_for_audience", handle, audience));
    }

    // ---- the primitives ----

    /** Signs a request, or the probe that must go before it. Every error means that nothing was sent. */
    public SignedRequest sign(Request request, CallOption... options) throws OscarError {
        return sign(request, now(), options);
    }

    /** {@link #sign(Request, CallOption...)} at a moment. */
    public SignedRequest sign(Request request, Moment now, CallOption... options) throws OscarError {
        byte[] signed = new byte[Layouts.Signed.SIZE];
        long[] context = new long[1];
        Packed packed = Packed.of(request, 0);
        int status = packed.failed()
                ? Door.UNSIGNABLE
                : Hot.sign(handle, packed, request.body(), CallOption.bits(options), now.wallMs(), now.monoMs(), signed, context);
        if (status != Door.OK) throw OscarError.of(status, packed.failed() ? null : Door.detail());
        return new SignedRequest(signed, context[0]);
    }

    /** Judges the answer to a signed request, once; the next is {@code replayed} and changes nothing. */
    public Outcome accept(SignedRequest signed, Answer answer) {
        return accept(signed, answer, now());
    }

    /** {@link #accept(SignedRequest, Answer)}; {@code received} is when the head of the answer came. */
    public Outcome accept(SignedRequest signed, Answer answer, Moment received) {
        long[] outcome = new long[Layouts.Outcome.SIZE / 8];
        Packed packed = Packed.of(answer).proofs(answer.toki(), answer.grant());
        int status = Hot.accept(handle, signed.context, packed, answer.body(), received.wallMs(), received.monoMs(), outcome);
        return outcome(status, packed, outcome, signed);
    }

    /** {@link #accept(SignedRequest, Answer)} from the head of an HTTP answer: finds toki and grant and makes ext by the configured list. */
    public Outcome acceptHead(SignedRequest signed, int status, Headers headers, byte[] body) {
        return acceptHead(signed, status, headers, body, now());
    }

    /** {@link #acceptHead(SignedRequest, int, Headers, byte[])}; {@code received} is when the head of the answer came. */
    public Outcome acceptHead(SignedRequest signed, int status, Headers headers, byte[] body, Moment received) {
        long[] outcome = new long[Layouts.Outcome.SIZE / 8];
        Packed packed = new Packed(512).be16(status).headers(headers);
        int judged = Hot.acceptHead(handle, signed.context, packed, body, received.wallMs(), received.monoMs(), outcome);
        return outcome(judged, packed, outcome, signed);
    }

    /** No answer came. */
    public Outcome giveUp(SignedRequest signed) {
        Door.Struct outcome = new Door.Struct(Layouts.Outcome.SIZE);
        Door.call("client_accept_none", handle, signed.context, outcome);
        signed.context.used();
        return new Outcome(outcome.words(), 0, null);
    }

    /** An answer came whose content is over {@link #maxAnswer}. */
    public Outcome giveUp(SignedRequest signed, int status) {
        Door.Struct outcome = new Door.Struct(Layouts.Outcome.SIZE);
        Door.call("client_accept_too_large", handle, signed.context, (short) status, outcome);
        signed.context.used();
        return new Outcome(outcome.words(), 0, null);
    }

    private static Outcome outcome(int status, Packed packed, long[] outcome, SignedRequest signed) {
        signed.context.used();
        // What does not fit went out empty, and was refused for that.
        int told = packed.failed() && status == Door.BAD_PACKED ? Door.MALFORMED : status;
        if (told != status) outcome[0] = outcome[0] & ~0xFFFF_FFFFL | told;
        return new Outcome(outcome, 0, told == Door.OK || told != status ? null : Door.detail());
    }

    /** The loop over {@link #sign} and {@link #accept} for one request. */
    public Call call(Request request, CallOption... options) throws OscarError {
        return new Call(this, request, CallOption.bits(options));
    }

    /** ext of a request's headers by the configured list; empty without one. */
    public byte[] requestExt(Headers headers) throws OscarError {
        if (!kept.covers) return new byte[0];
        if (headers.packed().failed()) throw OscarError.of(Door.UNSIGNABLE, null);
        Door.Room room = new Door.Room(EXT_MAX_LEN);
        Door.Struct length = new Door.Struct(8);
        Door.must("client_request_ext", handle, headers.packed().bytes(), room, length);
        return Arrays.copyOf(room.bytes(), Math.toIntExact(length.first()));
    }

    /** Whether a probe leaves the header of that name out. */
    public boolean dropsFromProbe(String name) {
        return Door.call("client_drops_from_probe", handle, name) != 0;
    }

    // ---- the rest ----

    /** The key id: public, 8 bytes. Error: missing, in a client by authority that has signed nothing yet. */
    public byte[] kid() throws OscarError {
        Door.Struct kid = new Door.Struct(8);
        Door.must("client_kid", handle, kid);
        return Layouts.id(kid.words(), 0);
    }

    /** How far the service's clock is ahead, as far as answers have told. */
    public OptionalLong offsetMs() {
        Door.Struct offset = new Door.Struct(8);
        return Door.call("client_offset", handle, offset) == Door.OK ? OptionalLong.of(offset.first()) : OptionalLong.empty();
    }

    /** The most content of an answer. */
    public long maxAnswer() {
        return kept.maxAnswer;
    }

    /** A session for one browser or worker, to be used by nobody else: 1 to 600 seconds. */
    public Session handOut(long ttlS) throws OscarError {
        return Session.written(room -> Door.must("client_hand_out", handle, ttlS, now().wallMs(), room));
    }

    /** Clock and newest grant of every audience, for another process of the same client. It holds no key. */
    public String exportState() throws OscarError {
        Door.Struct text = new Door.Struct(8);
        Door.must("client_export_state", handle, text);
        return Door.take(text.first());
    }

    /** Takes over what {@link #exportState} wrote. */
    public void importState(String text) throws OscarError {
        Door.must("client_import_state", handle, text);
    }

    /** Signs a message for a queue; its toki goes into the header oscartoki. */
    public SignedMessage mintMessage(Message message, long ttlS) throws OscarError {
        Door.Room toki = new Door.Room(MESSAGE_TOKI_MAX_LEN);
        Door.Struct context = new Door.Struct(8);
        Door.must("client_mint_message", handle, message.packed(Door.UNSIGNABLE).bytes(), message.content(), ttlS, now().wallMs(), toki, context);
        return new SignedMessage(toki.text(), new Handle(context.first(), "message_free"));
    }

    /** Presigns a target for GET, good for so many seconds, seven days at most; returns it with its parameter. */
    public String signUrl(String authority, String target, long lifeS) throws OscarError {
        return signUrlUntil(new Request("GET", authority, target), now().wallMs() + lifeS * 1000);
    }

    /** Presigns a request's target, good until {@code expMs}; content is not covered. */
    public String signUrlUntil(Request request, long expMs) throws OscarError {
        Packed packed = Packed.of(request, 0);
        if (packed.failed()) throw OscarError.of(Door.UNSIGNABLE, null);
        Door.Room url = new Door.Room(request.target().getBytes(StandardCharsets.UTF_8).length + URL_PARAMETER_MAX_LEN);
        Door.must("client_sign_url", handle, packed.bytes(), expMs, url);
        return url.text();
    }

    /** The ticket that opens one websocket for a connection id, for the first frame. */
    public String mintTicket(byte[] connection) throws OscarError {
        return mintTicket(connection, null);
    }

    /** {@link #mintTicket(byte[])}, bound to the page's Origin. */
    public String mintTicket(byte[] connection, String origin) throws OscarError {
        Door.Room ticket = new Door.Room(TICKET_MAX_LEN);
        Door.must("client_mint_ticket", handle, connection, Door.Slice.text(origin), now().wallMs(), ticket);
        return ticket.text();
    }

    /** The client's clocks, now. */
    public Moment now() {
        return kept.clock == null ? Moment.now() : new Moment(kept.clock.millis(), 0);
    }

    /** A java.net.http client that probes, signs, accepts and resends, sync and async. */
    public HttpClient httpClient(CallOption... options) {
        return httpClient(HttpClient.newHttpClient(), options);
    }

    /** {@link #httpClient(CallOption...)} over your own, which must not follow redirects: they would go out under the toki of another request. */
    public HttpClient httpClient(HttpClient inner, CallOption... options) {
        return new SignedHttpClient(this, inner, options);
    }

    /** Gives it back; calls that are inside finish first. */
    @Override
    public void close() {
        handle.close();
    }

    @Override
    public String toString() {
        try {
            return "Client(kid " + HexFormat.of().formatHex(kid()) + ")";
        } catch (OscarError _) {
            return "Client()";
        }
    }

    /** When to ask for the next grant. */
    public enum Rolling {
        /** Once half of the session's life is over. */
        AUTO,
        /** On every request. */
        EVERY
    }

    /** Whether the service can sign its answers. */
    public enum Answers {
        /** It does, and an answer without a toki is not accepted. */
        SIGNED,
        /** It can't: nothing then counts as authentic, and an unsafe request needs a trusted clock. */
        NONE
    }

    /** The options of a client; one of secret, audienceKey and session is needed. */
    public static final class Builder {
        private Secret secret;
        private AudienceKey audienceKey;
        private Session session;
        private String secretText, audienceKeyText, sessionText, audience;
        private List<String> ext = List.of(), answerExt = List.of();
        private Rolling roll = Rolling.AUTO;
        private Answers answers = Answers.SIGNED;
        private boolean trustClock, sendContentDigest = true;
        private long maxAnswer = 1 << 20, generation;
        private byte[] kid;
        private InstantSource clock;

        private Builder() {}

        /** {@code os2.} text. */
        public Builder secret(String text) {
            secretText = text;
            return this;
        }

        /** A root secret. */
        public Builder secret(Secret secret) {
            this.secret = secret;
            return this;
        }

        /** {@code oa2.} text: a client of one audience and generation. */
        public Builder audienceKey(String text) {
            audienceKeyText = text;
            return this;
        }

        /** An audience key. */
        public Builder audienceKey(AudienceKey key) {
            audienceKey = key;
            return this;
        }

        /** {@code oz2.} text: a delegate. */
        public Builder session(String text) {
            sessionText = text;
            return this;
        }

        /** A handed-out session. */
        public Builder session(Session session) {
            this.session = session;
            return this;
        }

        /** Used byte for byte. Without one, each request's authority is its audience. */
        public Builder audience(String audience) {
            this.audience = audience;
            return this;
        }

        /** The covered headers of requests, in the service's order. */
        public Builder ext(String... names) {
            ext = List.of(names);
            return this;
        }

        /** The covered headers of answers, in the service's order. */
        public Builder answerExt(String... names) {
            answerExt = List.of(names);
            return this;
        }

        /** When to ask for the next grant. */
        public Builder roll(Rolling roll) {
            this.roll = roll;
            return this;
        }

        /** The machine's clock is known to be right: unsafe requests need no probe. */
        public Builder trustClock(boolean trust) {
            trustClock = trust;
            return this;
        }

        /** Whether the service can sign its answers. */
        public Builder answers(Answers answers) {
            this.answers = answers;
            return this;
        }

        /** An answer with more bytes of content is policy; 1 MiB unless told. */
        public Builder maxAnswer(long bytes) {
            maxAnswer = bytes;
            return this;
        }

        /** The generation of the audience key, 0 at first. */
        public Builder generation(long generation) {
            this.generation = generation;
            return this;
        }

        /** The 8-byte kid that the application registered for this generation. */
        public Builder kid(byte[] kid) {
            this.kid = kid.clone();
            return this;
        }

        /** Whether Content-Digest goes out with any content; it does unless told. */
        public Builder sendContentDigest(boolean send) {
            sendContentDigest = send;
            return this;
        }

        /** Another wall clock than this machine's; there is no monotonic one then. For tests and demonstrations. */
        public Builder clock(InstantSource clock) {
            this.clock = clock;
            return this;
        }

        /** Makes it. */
        public Client build() throws OscarError {
            return new Client(this);
        }

        private Handle make() throws OscarError {
            Object[] held = {secret, audienceKey, session, secretText, audienceKeyText, sessionText};
            if (Arrays.stream(held).filter(Objects::nonNull).count() != 1) {
                throw new IllegalStateException("a client has one of secret, audienceKey and session");
            }
            var settings = new Door.Settings(Layouts.ClientSettings.SIZE, "client_settings_init", this::fill);
            if (secret != null || secretText != null) {
                // Without one C's client takes each request's authority; an empty one is a mistake.
                if (audience != null && audience.isEmpty()) throw OscarError.of(Door.UNSIGNABLE, "an audience has 1 to 255 bytes");
                return Handle.made("client_free", "client_new", secret != null ? secret.text : secretText, Door.Slice.text(audience), settings);
            }
            if (audienceKey != null || audienceKeyText != null) {
                return Handle.made("client_free", "client_from_audience_key", audienceKey != null ? audienceKey.text : audienceKeyText, settings);
            }
            return Handle.made("client_free", "client_from_session", session != null ? session.text : sessionText, settings);
        }

        private void fill(MemorySegment struct, Arena arena) {
            Door.Settings.texts(struct, Layouts.ClientSettings.EXT, ext, arena);
            Door.Settings.texts(struct, Layouts.ClientSettings.ANSWER_EXT, answerExt, arena);
            struct.set(ValueLayout.JAVA_LONG, Layouts.ClientSettings.MAX_ANSWER, maxAnswer);
            struct.set(ValueLayout.JAVA_LONG, Layouts.ClientSettings.GENERATION, generation);
            if (kid != null) {
                struct.set(ValueLayout.ADDRESS, Layouts.ClientSettings.KID, arena.allocateFrom(ValueLayout.JAVA_BYTE, Door.Fixed.id(kid).bytes()));
            }
            Door.Settings.flag(struct, Layouts.ClientSettings.ROLL_EVERY, roll == Rolling.EVERY);
            Door.Settings.flag(struct, Layouts.ClientSettings.TRUST_CLOCK, trustClock);
            Door.Settings.flag(struct, Layouts.ClientSettings.UNSIGNED_ANSWERS, answers == Answers.NONE);
            Door.Settings.flag(struct, Layouts.ClientSettings.SEND_CONTENT_DIGEST, sendContentDigest);
        }
    }
}
