package com.oscartoki.spring;

import com.oscartoki.Call;
import com.oscartoki.CallOption;
import com.oscartoki.Client;
import com.oscartoki.Headers;
import com.oscartoki.Moment;
import com.oscartoki.OscarError;
import com.oscartoki.Request;
import com.oscartoki.Step;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpRequest;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpRequestInterceptor;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.http.client.support.HttpRequestWrapper;

/**
 * Probes, signs, accepts and resends for a RestClient or RestTemplate:
 * {@snippet :
 * RestClient http = RestClient.builder().requestInterceptor(new OscartokiInterceptor(client)).build();
 * }
 * It stands last, so that it signs what goes out. A request factory that follows redirects sends them under the toki of another request, and they are
 * refused: take JdkClientHttpRequestFactory over a HttpClient, which leaves them to you.
 */
public final class OscartokiInterceptor implements ClientHttpRequestInterceptor {
    private static final Set<String> OURS = Set.of("oscartoki", "oscartokikey", "content-digest");

    private final Client client;
    private final CallOption[] options;

    /** For the requests of one client. */
    public OscartokiInterceptor(Client client, CallOption... options) {
        this.client = client;
        this.options = options.clone();
    }

    @Override
    public ClientHttpResponse intercept(HttpRequest request, byte[] body, ClientHttpRequestExecution execution) throws IOException {
        URI uri = request.getURI();
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String target = uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
        String host = request.getHeaders().getFirst(HttpHeaders.HOST);
        String authority = host != null ? host : uri.getPort() < 0 ? uri.getHost() : uri.getHost() + ":" + uri.getPort();
        byte[] ext = client.requestExt(headersOf(request.getHeaders()));
        Held last = null;
        IOException network = null;
        try (Call call = client.call(new Request(request.getMethod().name(), authority, target, body).withExt(ext), options)) {
            for (Step step = call.next(); ; step = call.next()) {
                if (step.kind() != Step.Kind.SEND) return judged(step, last, network);
                try (ClientHttpResponse response = execution.execute(new Outgoing(request, step, client), step.isProbe() ? new byte[0] : body)) {
                    int status = response.getStatusCode().value();
                    Moment headAt = client.now();
                    byte[] content = read(response.getBody());
                    last = new Held(response.getStatusCode(), response.getStatusText(), response.getHeaders(), content);
                    if (content.length > client.maxAnswer()) {
                        call.tooLarge(status);
                    } else {
                        call.received(status, headersOf(response.getHeaders()), content, headAt);
                    }
                } catch (OscarError error) {
                    throw error;
                } catch (IOException error) {
                    network = error;
                    call.failed();
                }
            }
        }
    }

    private static ClientHttpResponse judged(Step step, Held last, IOException network) throws OscarError {
        var refused = step.outcome().error();
        if (refused.isEmpty()) return last;
        OscarError error = refused.get();
        if (network != null) error.initCause(network);
        throw error;
    }

    private byte[] read(InputStream body) throws IOException {
        return body.readNBytes((int) Math.min(client.maxAnswer() + 1, Integer.MAX_VALUE - 8));
    }

    private static Headers headersOf(HttpHeaders from) {
        Headers headers = new Headers();
        from.forEach((name, values) -> values.forEach(value -> headers.add(name, value)));
        return headers;
    }

    /** The request of one step. */
    private static final class Outgoing extends HttpRequestWrapper {
        private final Step step;
        private final HttpHeaders headers = new HttpHeaders();

        Outgoing(HttpRequest request, Step step, Client client) {
            super(request);
            this.step = step;
            request.getHeaders().forEach((name, values) -> {
                boolean dropped = OURS.contains(name.toLowerCase(Locale.ROOT)) || step.isProbe() && client.dropsFromProbe(name);
                if (!dropped) headers.put(name, List.copyOf(values));
            });
            step.headers().forEach(headers::set);
        }

        @Override
        public HttpMethod getMethod() {
            return HttpMethod.valueOf(step.method());
        }

        @Override
        public HttpHeaders getHeaders() {
            return headers;
        }
    }

    /** An answer that was read. */
    private record Held(HttpStatusCode status, String statusText, HttpHeaders headers, byte[] content) implements ClientHttpResponse {
        @Override
        public HttpStatusCode getStatusCode() {
            return status;
        }

        @Override
        public String getStatusText() {
            return statusText;
        }

        @Override
        public HttpHeaders getHeaders() {
            return headers;
        }

        @Override
        public InputStream getBody() {
            return new ByteArrayInputStream(content);
        }

        @Override
        public void close() {}
    }
}
