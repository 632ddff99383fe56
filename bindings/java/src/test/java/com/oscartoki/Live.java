package com.oscartoki;

import com.oscartoki.servlet.OscartokiFilter;
import com.oscartoki.servlet.StreamedBody;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.zip.GZIPOutputStream;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** A servlet on Jetty behind the filter, and a client of it. */
final class Live implements AutoCloseable {
    static final String NAME = World.NAME;

    final Secret secret = Secret.generate();
    final Service service;
    final OscartokiFilter filter;
    final Client client;
    final String authority;
    /** What reached the servlet. */
    final List<String> seen = new CopyOnWriteArrayList<>();
    private final Server server = new Server();

    Live() throws Exception {
        this(null);
    }

    /** With another filter in the place of ours, and filters that stand before it. */
    Live(Function<OscartokiFilter, Filter> other, Filter... before) throws Exception {
        HttpConfiguration http = new HttpConfiguration();
        http.setUriCompliance(UriCompliance.UNSAFE);
        http.setHttpCompliance(HttpCompliance.RFC7230.with("test", HttpCompliance.Violation.DUPLICATE_HOST_HEADERS, HttpCompliance.Violation.MISMATCHED_AUTHORITY));
        ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        connector.open();
        authority = "127.0.0.1:" + connector.getLocalPort();
        service = Service.builder().key(secret.audienceKey(NAME)).audience(NAME).authorities(authority).memory(new MemoryReplayLog(1 << 16)).firstStart(true).ext("idempotency-key").answerExt("location").build();
        client = client().build();
        filter = new OscartokiFilter(service).stream(request -> request.getRequestURI().startsWith("/stream"));
        ServletContextHandler context = new ServletContextHandler("/");
        context.getServletHandler().setDecodeAmbiguousURIs(true);
        ServletHolder holder = new ServletHolder(new App());
        holder.setAsyncSupported(true);
        context.addServlet(holder, "/*");
        for (Filter one : before) put(context, one);
        if (other == null) context.addServletContainerInitializer((_, to) -> filter.register(to));
        else put(context, other.apply(filter));
        server.setHandler(context);
        server.start();
    }

    private static void put(ServletContextHandler context, Filter filter) {
        FilterHolder holder = new FilterHolder(filter);
        holder.setAsyncSupported(true);
        context.addFilter(holder, "/*", EnumSet.of(DispatcherType.REQUEST, DispatcherType.ASYNC));
    }

    Client.Builder client() {
        return Client.builder().secret(secret).audience(NAME).ext("idempotency-key").answerExt("location");
    }

    SignedRequest sign(String method, String target, byte[] body) throws OscarError {
        return client.sign(new Request(method, authority, target, body).withExt(client.requestExt(new Headers())), CallOption.TRUST_CLOCK);
    }

    URI uri(String target) {
        return URI.create("http://" + authority + target);
    }

    /** What the service says to bytes on the wire. */
    String raw(String head, String body) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", uri("/").getPort())) {
            socket.getOutputStream().write((head.replace("\n", "\r\n") + "Connection: close\r\n\r\n" + body).getBytes(StandardCharsets.ISO_8859_1));
            socket.setSoTimeout(10_000);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    private final class App extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            if (request.getDispatcherType() == DispatcherType.ASYNC) {
                response.getWriter().print("dispatched");
                return;
            }
            seen.add(request.getMethod() + " " + request.getRequestURI());
            Object verified = request.getAttribute(OscartokiFilter.VERIFIED);
            switch (request.getRequestURI()) {
                case "/big" -> fill(response, 1_200_000);
                case "/half" -> {
                    fill(response, 1_200_000);
                    throw new IllegalStateException("broke on purpose");
                }
                case "/events" -> {
                    response.setContentType("text/event-stream");
                    fill(response, 10);
                }
                case "/encoded" -> {
                    response.setHeader("Content-Encoding", "gzip");
                    fill(response, 10);
                }
                case "/broken" -> throw new IllegalStateException("broke on purpose");
                case "/error" -> response.sendError(418, "teapot");
                case "/moved" -> response.sendRedirect("/elsewhere");
                case "/empty" -> response.setStatus(204);
                case "/form" -> response.getWriter().print(request.getParameter("a") + request.getParameter("b") + request.getParameterMap().size());
                case "/reader" -> response.getWriter().print(request.getReader().readLine());
                case "/later" -> {
                    AsyncContext later = request.startAsync();
                    later.start(() -> {
                        try {
                            later.getResponse().getOutputStream().write("later".getBytes());
                        } catch (IOException error) {
                            throw new IllegalStateException(error);
                        }
                        later.complete();
                    });
                }
                case "/dispatch" -> request.startAsync().dispatch("/dispatched");
                case "/stream" -> {
                    byte[] body = request.getInputStream().readAllBytes();
                    ((StreamedBody) verified).finish();
                    response.getOutputStream().write(body);
                }
                case "/stream/lazy" -> response.getOutputStream().write("lazy".getBytes());
                default -> {
                    byte[] body = request.getInputStream().readAllBytes();
                    response.setHeader("oscartoki", "never");
                    VerifiedRequest who = (VerifiedRequest) verified;
                    String query = request.getQueryString();
                    response.getWriter().print(request.getMethod() + " " + request.getRequestURI() + (query == null ? "" : "?" + query) + " " + new String(body) + " " + HexFormat.of().formatHex(who.kid()));
                }
            }
        }

        private void fill(HttpServletResponse response, int size) throws IOException {
            OutputStream stream = response.getOutputStream();
            for (int left = size; left > 0; left -= 65_536) stream.write(new byte[Math.min(left, 65_536)]);
        }
    }

    /** One answer to anything, without tokis of its own: for what a client makes of forgeries. */
    static Thread once(java.net.ServerSocket socket, String... answers) {
        return Thread.startVirtualThread(() -> {
            for (String answer : answers) {
                try (Socket peer = socket.accept()) {
                    InputStream from = peer.getInputStream();
                    ByteArrayOutputStream head = new ByteArrayOutputStream();
                    while (!head.toString().contains("\r\n\r\n")) head.write(from.read());
                    if (answer != null) peer.getOutputStream().write(answer.replace("\n", "\r\n").getBytes());
                } catch (IOException _) {
                    return;
                }
            }
        });
    }

    static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(plain);
        }
        return out.toByteArray();
    }
}
