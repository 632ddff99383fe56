package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.oscartoki.http.SignedHandler;
import com.oscartoki.http.SignedResponse;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The JDK's own server behind our handler. */
class JdkServerTest {
    private final Secret secret = Secret.generate();
    private final HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    private final String authority = "127.0.0.1:" + server.getAddress().getPort();
    private final Service service = Service.builder().key(secret.audienceKey(World.NAME)).audience(World.NAME).authorities(authority).memory(new MemoryReplayLog(1 << 12)).firstStart(true).build();
    private final Client client = new Client(secret, World.NAME);

    JdkServerTest() throws IOException {
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", new SignedHandler(service, JdkServerTest::app));
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private static void app(HttpExchange exchange) throws IOException {
        VerifiedRequest verified = assertInstanceOf(VerifiedRequest.class, exchange.getAttribute(SignedHandler.VERIFIED));
        switch (exchange.getRequestURI().getPath()) {
            case "/big", "/half" -> {
                exchange.sendResponseHeaders(200, 0);
                for (int i = 0; i < 20; i++) exchange.getResponseBody().write(new byte[1 << 16]);
                if (exchange.getRequestURI().getPath().equals("/half")) throw new IOException("broke on purpose");
                exchange.close();
            }
            case "/broken" -> throw new IllegalStateException("broke on purpose");
            case "/empty" -> exchange.sendResponseHeaders(204, -1);
            default -> {
                byte[] body = exchange.getRequestBody().readAllBytes();
                exchange.getResponseHeaders().set("oscartoki", "never");
                exchange.sendResponseHeaders(201, 0);
                exchange.getResponseBody().write((exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + new String(body) + " " + verified.version()).getBytes());
                exchange.getResponseBody().close();
            }
        }
    }

    private HttpRequest.Builder to(String target) {
        return HttpRequest.newBuilder(URI.create("http://" + authority + target));
    }

    @Test
    void bothWays() throws Exception {
        HttpClient http = client.httpClient();
        HttpResponse<String> answer = http.send(to("/a%2Fb?x=1").POST(BodyPublishers.ofString("text")).build(), BodyHandlers.ofString());
        assertEquals("POST /a%2Fb?x=1 text 2", answer.body());
        assertTrue(((SignedResponse<?>) answer).step().probed() && answer.statusCode() == 201);
        assertEquals(204, http.send(to("/empty").build(), BodyHandlers.discarding()).statusCode());
        assertEquals(500, http.send(to("/broken").build(), BodyHandlers.discarding()).statusCode());
        assertEquals(201, http.send(to("/").method("HEAD", BodyPublishers.noBody()).build(), BodyHandlers.discarding()).statusCode());
        assertThrows(OscarError.Policy.class, () -> http.send(to("/big").build(), BodyHandlers.discarding()));
        HttpClient large = Client.builder().secret(secret).audience(World.NAME).maxAnswer(1 << 22).build().httpClient(CallOption.STREAM);
        HttpResponse<byte[]> stream = large.send(to("/big").build(), BodyHandlers.ofByteArray());
        assertEquals(20 << 16, stream.body().length);
        assertFalse(((SignedResponse<?>) stream).outcome().contentAuthentic());
        assertInstanceOf(IOException.class, assertThrows(OscarError.Missing.class, () -> large.send(to("/half").build(), BodyHandlers.discarding())).getCause());
    }

    @Test
    void refusals() throws Exception {
        HttpClient plain = HttpClient.newHttpClient();
        HttpResponse<String> missing = plain.send(to("/").POST(BodyPublishers.ofString("x".repeat(100_000))).build(), BodyHandlers.ofString());
        assertEquals(401, missing.statusCode());
        assertEquals("missing", missing.headers().firstValue("oscartoki-error").orElseThrow());
        assertEquals("oscartoki", missing.headers().firstValue("www-authenticate").orElseThrow());
        SignedRequest signed = client.sign(new Request("GET", authority, "/"));
        HttpRequest.Builder get = to("/");
        signed.headers().forEach(get::header);
        assertEquals(201, plain.send(get.build(), BodyHandlers.ofString()).statusCode());
        HttpResponse<String> replayed = plain.send(get.build(), BodyHandlers.ofString());
        assertTrue(replayed.statusCode() == 409 && replayed.headers().firstValue("oscartoki").isPresent() && replayed.headers().firstValue("oscartoki-error").isEmpty());
        assertEquals("malformed", plain.send(get.header("X-Method-Override", "PUT").build(), BodyHandlers.ofString()).headers().firstValue("oscartoki-error").orElseThrow());
        HttpResponse<String> old = plain.send(to("/").header("oscartoki", "old").build(), BodyHandlers.ofString());
        assertEquals(400, old.statusCode());
        assertThrows(OscarError.Policy.class, () -> client.httpClient().send(to("/").PUT(BodyPublishers.ofByteArray(new byte[(1 << 20) + 1])).build(), BodyHandlers.ofString()));
    }
}
