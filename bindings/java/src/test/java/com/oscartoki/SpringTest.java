package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.oscartoki.servlet.OscartokiFilter;
import com.oscartoki.spring.OscartokiInterceptor;
import com.oscartoki.spring.OscartokiRequestFilter;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestTemplate;

class SpringTest {
    private static RestClient rest(Live live, CallOption... options) {
        return RestClient.builder().requestFactory(new JdkClientHttpRequestFactory()).requestInterceptor(new OscartokiInterceptor(live.client, options)).baseUrl("http://" + live.authority)
                .defaultStatusHandler(HttpStatusCode::isError, (_, _) -> {}).build();
    }

    @Test
    void aRestClient() throws Exception {
        try (Live live = new Live()) {
            String kid = HexFormat.of().formatHex(live.secret.kid());
            RestClient rest = rest(live);
            assertEquals("POST /v1/transfer?dry=0 text " + kid, rest.post().uri("/v1/transfer?dry=0").body("text").retrieve().body(String.class));
            assertEquals(1, live.seen.size());
            assertEquals("GET /a%20b  " + kid, rest.get().uri("/{name}", "a b").retrieve().body(String.class));
            assertEquals(418, rest.get().uri("/error").retrieve().toBodilessEntity().getStatusCode().value());
            assertEquals("PUT / x " + kid, rest(live, CallOption.REPEATABLE).put().uri("/").header("Idempotency-Key", "k").body("x").retrieve().body(String.class));
            ResourceAccessException refused = assertThrows(ResourceAccessException.class, () -> rest(live, CallOption.REPEATABLE).put().uri("/").body("x").retrieve().body(String.class));
            assertInstanceOf(OscarError.Unsignable.class, refused.getCause());
            live.service.revokeKey(live.secret.kid());
            OscarError error = assertInstanceOf(OscarError.Revoked.class, assertThrows(ResourceAccessException.class, () -> rest.get().uri("/").retrieve().body(String.class)).getCause());
            assertTrue(error.signed() && error.status() == 403);
        }
    }

    @Test
    void aRestTemplateAndNobodyThere() throws Exception {
        try (Live live = new Live()) {
            RestTemplate template = new RestTemplate(new JdkClientHttpRequestFactory());
            template.getInterceptors().add(new OscartokiInterceptor(live.client));
            assertTrue(template.postForObject("http://" + live.authority + "/x", "text", String.class).startsWith("POST /x text"));
            ResourceAccessException error = assertThrows(ResourceAccessException.class, () -> template.getForObject("http://127.0.0.1:9/", String.class));
            assertInstanceOf(IOException.class, assertInstanceOf(OscarError.Missing.class, error.getCause()).getCause());
        }
    }

    @Test
    void aFilterThatIsABean() throws Exception {
        try (Live live = new Live(filter -> new OscartokiRequestFilter(filter))) {
            HttpClient http = live.client.httpClient();
            assertTrue(http.send(HttpRequest.newBuilder(live.uri("/x")).POST(BodyPublishers.ofString("text")).build(), BodyHandlers.ofString()).body().startsWith("POST /x text"));
            assertEquals("later", http.send(HttpRequest.newBuilder(live.uri("/later")).build(), BodyHandlers.ofString()).body());
            assertEquals("dispatched", http.send(HttpRequest.newBuilder(live.uri("/dispatch")).build(), BodyHandlers.ofString()).body());
            assertTrue(live.raw("GET / HTTP/1.1\nHost: " + live.authority + "\n", "").startsWith("HTTP/1.1 401"));
            assertEquals(Ordered.HIGHEST_PRECEDENCE, new OscartokiRequestFilter(live.service).getOrder());
        }
    }

    @Test
    void whoAsks() throws IOException {
        World world = new World();
        MockRequest request = new MockRequest();
        assertTrue(OscartokiRequestFilter.verified(request.request()).isEmpty());
        request.verified = world.service.verify(World.get("/"), world.client.sign(World.get("/")).toki(), null);
        assertTrue(OscartokiRequestFilter.verified(request.request()).isPresent());
    }

    /** A request that has one attribute. */
    private static final class MockRequest {
        private Object verified;

        HttpServletRequest request() {
            return (HttpServletRequest) Proxy.newProxyInstance(SpringTest.class.getClassLoader(), new Class<?>[] {HttpServletRequest.class}, (_, _, given) -> given[0].equals(OscartokiFilter.VERIFIED) ? verified : null);
        }
    }
}
