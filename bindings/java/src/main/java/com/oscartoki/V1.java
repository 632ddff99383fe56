package com.oscartoki;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * OscarToki v1: a client and a service that take the place of the original ones. The protocol proves that both sides hold a key, not what was
 * asked or answered: move to v2. A {@link Service} of v2 also takes v1 where a key's line says so ({@link Keyring#addV1}), until its date or the
 * client's first v2 request.
 */
public final class V1 {
    private static final int TOKI_MAX_LEN = 97, TOKIKEY_MAX_LEN = 96;

    private V1() {}

    /** A v1 key: mints and verifies tokis and tokikeys. */
    public static final class Key {
        private final byte[] key;

        /** Of its bytes. */
        public Key(byte[] key) {
            this.key = key.clone();
        }

        /** Of its text. */
        public Key(String key) {
            this(key.getBytes(StandardCharsets.UTF_8));
        }

        /** The newest toki that every original accepts at this clock. */
        public String mint(long nowMs) throws OscarError {
            Door.Room toki = new Door.Room(TOKI_MAX_LEN);
            Door.must("v1_mint", key, nowMs, toki);
            return toki.text();
        }

        /** Verifies a toki; its time in milliseconds. */
        public long verify(String toki, Dialect dialect, long nowMs) throws OscarError {
            Door.Struct tsMs = new Door.Struct(8);
            Door.must("v1_verify", key, toki, dialect.number(), nowMs, tsMs);
            return tsMs.first();
        }

        /** The tokikey that answers a toki. */
        public String mintTokikey(String toki, long nowMs) throws OscarError {
            Door.Room tokikey = new Door.Room(TOKIKEY_MAX_LEN);
            Door.must("v1_tokikey_mint", key, toki, nowMs, tokikey);
            return tokikey.text();
        }

        /** Verifies the tokikey of a toki. */
        public void verifyTokikey(String toki, String tokikey, Dialect dialect, long nowMs) throws OscarError {
            Door.must("v1_tokikey_verify", key, toki, tokikey, dialect.number(), nowMs);
        }

        @Override
        public String toString() {
            return "V1.Key(..)";
        }
    }

    /** The two steps of one request: a GET that fetches the tokikey, then the request itself. */
    public static final class Exchange implements AutoCloseable {
        private final Handle handle;
        private final String toki;
        private String tokikey;

        private Exchange(Handle handle, String toki) {
            this.handle = handle;
            this.toki = toki;
        }

        /** What the next step carries. */
        public Map<String, String> headers() {
            return SignedRequest.headersOf(toki, tokikey);
        }

        /** Accepts the answer to the first step, its JSON body and its header oscartoki (null when absent), once: the tokikey. */
        public String acceptFirst(byte[] body, String toki) throws OscarError {
            return acceptFirst(body, toki, System.currentTimeMillis());
        }

        /** {@link #acceptFirst(byte[], String)} at a time. */
        public String acceptFirst(byte[] body, String toki, long nowMs) throws OscarError {
            Door.Room room = new Door.Room(TOKIKEY_MAX_LEN);
            Door.must("v1_exchange_accept_first", handle, body, Door.Slice.text(toki), nowMs, room);
            tokikey = room.text();
            return tokikey;
        }

        /** Accepts the answer to the second step by its header oscartoki, once. It proves that the service holds the key, not what it wrote. */
        public void acceptSecond(String toki) throws OscarError {
            acceptSecond(toki, System.currentTimeMillis());
        }

        /** {@link #acceptSecond(String)} at a time. */
        public void acceptSecond(String toki, long nowMs) throws OscarError {
            Door.must("v1_exchange_accept_second", handle, Door.Slice.text(toki), nowMs);
        }

        @Override
        public void close() {
            handle.close();
        }
    }

    /** The client of OscarToki v1, in the place of the original. */
    public static final class Client implements AutoCloseable {
        private final Handle handle;

        /** Of a key's text, for services of any dialect. */
        public Client(String key) throws OscarError {
            this(key.getBytes(StandardCharsets.UTF_8), Dialect.ANY);
        }

        /** Of a key. */
        public Client(byte[] key, Dialect dialect) throws OscarError {
            handle = Handle.made("v1_client_free", "v1_client_new", key, dialect.number());
        }

        /** Begins the two steps of one request, without a socket. */
        public Exchange begin() throws OscarError {
            return begin(System.currentTimeMillis());
        }

        /** {@link #begin()} at a time. */
        public Exchange begin(long nowMs) throws OscarError {
            Door.Room toki = new Door.Room(TOKI_MAX_LEN);
            Handle exchange = Handle.made("v1_exchange_free", "v1_client_begin", handle, nowMs, toki);
            return new Exchange(exchange, toki.text());
        }

        /** Does both steps: GET for the tokikey, then the request. */
        public <T> HttpResponse<T> request(HttpClient http, HttpRequest request, HttpResponse.BodyHandler<T> handler) throws IOException, InterruptedException {
            try (Exchange exchange = begin()) {
                HttpRequest first = signed(request, exchange).GET().build();
                HttpResponse<byte[]> got = http.send(first, HttpResponse.BodyHandlers.ofByteArray());
                exchange.acceptFirst(got.body(), got.headers().firstValue("oscartoki").orElse(null));
                HttpResponse<T> answer = http.send(signed(request, exchange).build(), handler);
                exchange.acceptSecond(answer.headers().firstValue("oscartoki").orElse(null));
                return answer;
            }
        }

        private static HttpRequest.Builder signed(HttpRequest request, Exchange exchange) {
            HttpRequest.Builder builder = HttpRequest.newBuilder(request, (_, _) -> true);
            exchange.headers().forEach(builder::setHeader);
            return builder;
        }

        @Override
        public void close() {
            handle.close();
        }

        @Override
        public String toString() {
            return "V1.Client(..)";
        }
    }

    /**
     * A client of v1, as a service knows it.
     *
     * @param kid 8 bytes: the kid that it has or will have in v2
     * @param key its v1 key
     */
    public record Known(byte[] kid, byte[] key) {
        /** With a key's text. */
        public Known(byte[] kid, String key) {
            this(kid, key.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String toString() {
            return "V1.Known(..)";
        }
    }

    /**
     * A service for clients of v1, in the place of the original; build it after further options. It goes into the same filters, and takes v2 as soon as an
     * {@code oa2.} key is added to its ring.
     */
    public static Service.Builder service(Collection<Known> clients, List<String> authorities, long untilMs, Dialect dialect) throws OscarError {
        Keyring ring = new Keyring(authorities.getFirst());
        for (Known known : clients) ring.addV1(known.kid, known.key, untilMs, dialect);
        return Service.builder().keyring(ring).authorities(authorities.toArray(String[]::new));
    }
}
