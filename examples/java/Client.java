import com.oscartoki.CallOption;
import com.oscartoki.OscarError;
import com.oscartoki.Oscartoki;
import com.oscartoki.Outcome;
import com.oscartoki.Step;
import com.oscartoki.http.SignedResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A client in Java with java.net.http: probes, signs, sends, accepts, rolls and resends by the rules of the protocol. Prints each body, then
 * {@code verified: status S, code C, requests R[, probed][, resent][, in session]}; a refusal or an answer that is not authentic goes to stderr as
 * {@code error: NAME: sentence (may have run: yes|no)}. Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network.
 */
public final class Client {
    private static final String USAGE = """
            usage: client --secret FILE [--audience NAME] [-X METHOD] [-d BODY] [-H 'Name: value']... [--ext LIST] [--repeatable] [--verify-first]
                          [--trust-clock] [--roll-every] [--count N] [--parallel N] [--clock-off-ms N] URL""";

    private String secret, audience, method, body, url, ext = "";
    private final List<String> headers = new ArrayList<>();
    private final List<CallOption> options = new ArrayList<>();
    private boolean rollEvery;
    private int count = 1, parallel = 1;
    private long clockOffMs;
    private final AtomicInteger exit = new AtomicInteger();

    public static void main(String[] given) throws InterruptedException {
        Client client = new Client();
        try {
            client.read(Arrays.asList(given));
        } catch (IllegalArgumentException error) {
            System.err.println("error: " + error.getMessage() + "\n" + USAGE);
            System.exit(2);
        }
        System.exit(client.run());
    }

    private void read(List<String> given) {
        var left = given.iterator();
        while (left.hasNext()) {
            String one = left.next();
            switch (one) {
                case "--repeatable" -> options.add(CallOption.REPEATABLE);
                case "--verify-first" -> options.add(CallOption.VERIFY_FIRST);
                case "--trust-clock" -> options.add(CallOption.TRUST_CLOCK);
                case "--roll-every" -> rollEvery = true;
                case "--secret", "--audience", "-X", "-d", "-H", "--ext", "--count", "--parallel", "--clock-off-ms" -> {
                    if (!left.hasNext()) throw new IllegalArgumentException(one + " needs a value");
                    take(one, left.next());
                }
                default -> {
                    if (one.startsWith("-") || url != null) throw new IllegalArgumentException("what is " + one + "?");
                    url = one;
                }
            }
        }
        if (secret == null || url == null) throw new IllegalArgumentException("--secret and a URL are needed");
    }

    private void take(String option, String value) {
        switch (option) {
            case "--secret" -> secret = value;
            case "--audience" -> audience = value;
            case "-X" -> method = value;
            case "-d" -> body = value;
            case "-H" -> {
                if (!value.contains(": ")) throw new IllegalArgumentException("-H takes 'Name: value'");
                headers.addAll(Arrays.asList(value.split(": ", 2)));
            }
            case "--ext" -> ext = value;
            case "--count" -> count = Integer.parseInt(value);
            case "--parallel" -> parallel = Integer.parseInt(value);
            default -> clockOffMs = Long.parseLong(value);
        }
    }

    private com.oscartoki.Client client() throws IOException {
        String text = Oscartoki.secretFrom(Path.of(secret));
        com.oscartoki.Client.Builder builder = com.oscartoki.Client.builder().ext(Service.names(ext));
        if (rollEvery) builder.roll(com.oscartoki.Client.Rolling.EVERY);
        if (clockOffMs != 0) builder.clock(Clock.offset(Clock.systemUTC(), Duration.ofMillis(clockOffMs)));
        if (text.startsWith("oa2.")) return builder.audienceKey(text).build();
        if (text.startsWith("oz2.")) return builder.session(text).build();
        return builder.secret(text).audience(audience).build();
    }

    private int run() throws InterruptedException {
        HttpClient http;
        HttpRequest request;
        try {
            HttpClient plain = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            http = client().httpClient(plain, options.toArray(CallOption[]::new));
            HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(url));
            if (!headers.isEmpty()) builder.headers(headers.toArray(String[]::new));
            request = builder.method(method != null ? method : body == null ? "GET" : "POST", body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body)).build();
        } catch (IOException | IllegalArgumentException error) {
            System.err.println("error: " + error.getMessage());
            return 3;
        }
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < parallel; i++) {
            threads.add(Thread.startVirtualThread(() -> {
                for (int j = 0; j < count; j++) send(http, request);
            }));
        }
        for (Thread thread : threads) thread.join();
        return exit.get();
    }

    private void send(HttpClient http, HttpRequest request) {
        try {
            HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
            SignedResponse<String> signed = (SignedResponse<String>) answer;
            System.out.println(answer.body() + "\nverified: " + told(signed.outcome(), signed.step(), answer.statusCode()));
        } catch (OscarError error) {
            if (error.getCause() instanceof IOException network) {
                failed(4, "network: " + network);
            } else {
                failed(1, error.getMessage() + " (may have run: " + (error.mayHaveRun() ? "yes" : "no") + ")");
            }
        } catch (IOException | InterruptedException error) {
            failed(4, "network: " + error);
        }
    }

    private static String told(Outcome outcome, Step step, int status) {
        String told = "status " + status + ", code " + (outcome.code().isPresent() ? outcome.code().getAsInt() : "none") + ", requests " + step.requests();
        return told + (step.probed() ? ", probed" : "") + (step.resent() ? ", resent" : "") + (step.inSession() ? ", in session" : "");
    }

    private void failed(int code, String sentence) {
        System.err.println("error: " + sentence);
        exit.accumulateAndGet(code, Math::max);
    }
}
