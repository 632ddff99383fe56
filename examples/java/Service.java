import com.oscartoki.RedisReplayLog;
import com.oscartoki.VerifiedRequest;
import com.oscartoki.servlet.OscartokiFilter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpCompliance.Violation;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * A service in Java: a servlet on Jetty behind the filter, answering as {@code oscar serve} does. {@code /echo} and everything under it take any method and
 * need a toki. Prints {@code listening on http://HOST:PORT} once it is ready. SIGTERM ends it with 0.
 */
public final class Service {
    private static final String USAGE = """
            usage: service [--listen HOST:PORT] --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE|redis://…] [--ext LIST]
                           [--answer-ext LIST] [--first-start]""";

    private String listen = "127.0.0.1:8080", audience, revocations, memory, ext = "", answerExt = "";
    private final List<String> authorities = new ArrayList<>();
    private final List<Path> keys = new ArrayList<>();
    private boolean firstStart;

    public static void main(String[] given) throws Exception {
        Service service = new Service();
        try {
            service.read(given);
        } catch (IllegalArgumentException error) {
            System.err.println("error: " + error.getMessage() + "\n" + USAGE);
            System.exit(2);
        }
        service.run();
    }

    private void read(String[] given) {
        for (int i = 0; i < given.length; i++) {
            if (given[i].equals("--first-start")) {
                firstStart = true;
                continue;
            }
            if (i + 1 == given.length) throw new IllegalArgumentException(given[i] + " needs a value");
            String value = given[++i];
            switch (given[i - 1]) {
                case "--listen" -> listen = value;
                case "--audience" -> audience = value;
                case "--authority" -> authorities.add(value);
                case "--key" -> keys.add(Path.of(value));
                case "--revocations" -> revocations = value;
                case "--memory" -> memory = value;
                case "--ext" -> ext = value;
                case "--answer-ext" -> answerExt = value;
                default -> throw new IllegalArgumentException("what is " + given[i - 1] + "?");
            }
        }
        if (audience == null || keys.isEmpty()) throw new IllegalArgumentException("--audience and --key are needed");
    }

    private void run() throws Exception {
        int colon = listen.lastIndexOf(':');
        String host = listen.substring(0, colon);
        Server server = new Server(new QueuedThreadPool(64, 8));
        ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http()));
        connector.setHost(host);
        connector.setPort(Integer.parseInt(listen.substring(colon + 1)));
        server.addConnector(connector);
        // The port is known before the names are.
        connector.open();
        String listens = host + ":" + connector.getLocalPort();
        com.oscartoki.Service service;
        try {
            service = service(listens);
        } catch (IOException | IllegalArgumentException error) {
            System.err.println("error: " + error.getMessage());
            System.exit(3);
            return;
        }
        ServletContextHandler context = new ServletContextHandler("/");
        // Whatever path was signed is a path.
        context.getServletHandler().setDecodeAmbiguousURIs(true);
        context.addServlet(new ServletHolder(new Echo()), "/*");
        context.addServletContainerInitializer((_, to) -> new OscartokiFilter(service).register(to));
        server.setHandler(context);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                server.stop();
            } catch (Exception error) {
                System.err.println("error: " + error);
            }
            // A JVM's own end by SIGTERM is no 0.
            Runtime.getRuntime().halt(0);
        }));
        server.start();
        System.out.println("listening on http://" + listens);
        System.out.flush();
        server.join();
    }

    /** What Jetty would refuse by itself, without a name for it, is the library's to judge: raw paths, and a second Host. */
    private static HttpConfiguration http() {
        HttpConfiguration http = new HttpConfiguration();
        http.setUriCompliance(UriCompliance.UNSAFE);
        http.setHttpCompliance(HttpCompliance.RFC7230.with("oscartoki", Violation.DUPLICATE_HOST_HEADERS, Violation.UNSAFE_HOST_HEADER, Violation.MISMATCHED_AUTHORITY));
        http.setSendServerVersion(false);
        return http;
    }

    private com.oscartoki.Service service(String listens) throws IOException {
        com.oscartoki.Service.Builder builder = com.oscartoki.Service.builder().audience(audience);
        builder.authorities(Stream.concat(Stream.of(audience, listens), authorities.stream()).toArray(String[]::new));
        builder.keysFile(keys.toArray(Path[]::new)).ext(names(ext)).answerExt(names(answerExt)).firstStart(firstStart);
        if (revocations != null) builder.revocationsFile(Path.of(revocations));
        if (memory != null && memory.matches("redis(\\+unix)?://.*")) builder.memory(new RedisReplayLog(memory, audience));
        else if (memory != null) builder.memory(Path.of(memory));
        return builder.build();
    }

    static String[] names(String list) {
        return Arrays.stream(list.split(",")).map(String::strip).filter(name -> !name.isEmpty()).toArray(String[]::new);
    }

    /** The application, which knows nothing of tokis but who asks. */
    private static final class Echo extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            String path = request.getRequestURI(), query = request.getQueryString();
            if (!path.equals("/echo") && !path.startsWith("/echo/")) {
                reply(response, 404, "{\"error\":\"not found\"}");
                return;
            }
            VerifiedRequest verified = (VerifiedRequest) request.getAttribute(OscartokiFilter.VERIFIED);
            HexFormat hex = HexFormat.of();
            byte[] body = request.getInputStream().readAllBytes();
            reply(response, 200, "{\"client\":" + quoted(hex.formatHex(verified.kid())) + ",\"session\":" + quoted(verified.sid().map(hex::formatHex).orElse(null)) + ",\"method\":"
                    + quoted(request.getMethod()) + ",\"target\":" + quoted(query == null ? path : path + "?" + query) + ",\"body_sha256\":"
                    + quoted(body.length == 0 ? null : hex.formatHex(sha256(body))) + "}");
        }

        private static void reply(HttpServletResponse response, int status, String json) throws IOException {
            response.setStatus(status);
            response.setContentType("application/json");
            response.getOutputStream().write(json.getBytes(StandardCharsets.UTF_8));
        }

        /** A verified target has no control characters. */
        private static String quoted(String text) {
            return text == null ? "null" : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
        }

        private static byte[] sha256(byte[] body) {
            try {
                return MessageDigest.getInstance("SHA-256").digest(body);
            } catch (NoSuchAlgorithmException error) {
                throw new IllegalStateException("every Java has SHA-256", error);
            }
        }
    }
}
