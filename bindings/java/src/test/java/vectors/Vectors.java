package vectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.oscartoki.OscarError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code Vectors FILE...}: runs files in the format of spec/vectors.md through the public API. Prints {@code FAIL <file>: <name>: got …, want …} for each
 * failing case, then the tally. Exit 1: a case failed; 2: a file can't be read.
 */
public final class Vectors {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The error names, as the classes have them. */
    static final Set<String> NAMES = Arrays.stream(OscarError.class.getDeclaredClasses()).filter(OscarError.class::isAssignableFrom).map(Class::getSimpleName)
            .filter(name -> !name.equals("Misuse")).map(name -> name.replaceAll("(?<!^)([A-Z])", "_$1").toLowerCase()).collect(Collectors.toUnmodifiableSet());

    private Vectors() {}

    /** A member or an op that the page does not name: a failing case, never a skip. */
    static final class Unknown extends RuntimeException {
        private static final long serialVersionUID = 1;

        Unknown(String what) {
            super(what);
        }
    }

    /** What a step or case gives: a result, or an error. */
    interface Evaluation {
        Map<String, Object> run() throws IOException;
    }

    /** What failed, or null. */
    public record Mismatch(String got, String want) {}

    public static void main(String[] files) {
        System.exit(run(files));
    }

    static int run(String... files) {
        if (files.length == 0) {
            System.err.println("usage: vectors FILE...");
            return 2;
        }
        int passed = 0, failed = 0;
        for (String file : files) {
            List<JsonNode> cases = new ArrayList<>();
            try {
                JsonNode read = JSON.readTree(Files.readString(Path.of(file)));
                if (read == null || !read.path("cases").isArray()) throw new IOException("it has no cases");
                read.get("cases").forEach(cases::add);
            } catch (IOException error) {
                System.err.println(file + ": " + error.getMessage());
                return 2;
            }
            for (JsonNode one : cases) {
                Mismatch mismatch = judge(one);
                if (mismatch == null) {
                    passed++;
                } else {
                    failed++;
                    System.out.println("FAIL " + file + ": " + one.path("name").asText() + ": got " + mismatch.got + ", want " + mismatch.want);
                }
            }
        }
        System.out.println(passed + " passed, " + failed + " failed");
        return failed == 0 ? 0 : 1;
    }

    /** Judges a case; whatever it does to the runner, it is a failing case. */
    public static Mismatch judge(JsonNode one) {
        try {
            JsonNode in = one.required("in"), expect = one.required("expect");
            String op = one.required("op").asText();
            return Set.of("service", "client").contains(op) ? sequence(op, in, expect) : compare(expect, attempt(() -> Operations.run(op, in)), "");
        } catch (RuntimeException error) {
            return new Mismatch(error.getClass().getSimpleName() + ": " + error.getMessage(), one.path("expect").toString());
        }
    }

    private static Mismatch sequence(String op, JsonNode in, JsonNode expect) {
        Steps[] steps = new Steps[1];
        Map<String, Object> made = attempt(() -> {
            steps[0] = op.equals("service") ? new ServiceSteps(new Given(in, Operations.SERVICE)) : new ClientSteps(new Given(in, Operations.CLIENT));
            return Map.of();
        });
        Mismatch mismatch = compare(expect, made, "");
        if (mismatch != null || steps[0] == null) return mismatch;
        int index = 0;
        for (JsonNode step : in.required("steps")) {
            int at = index++;
            JsonNode given = step.path("in");
            mismatch = compare(step.required("expect"), attempt(() -> steps[0].take(at, step.required("do").asText(), given)), "step " + at + " ");
            if (mismatch != null) return mismatch;
        }
        return null;
    }

    private static Map<String, Object> attempt(Evaluation evaluation) {
        try {
            return evaluation.run();
        } catch (OscarError error) {
            return Map.of("error", error.name());
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    private static Mismatch compare(JsonNode expect, Map<String, Object> got, String where) {
        JsonNode told = JSON.valueToTree(got);
        return agrees(expect, told) ? null : new Mismatch(where + told, expect.toString());
    }

    private static boolean agrees(JsonNode expect, JsonNode got) {
        if (expect.has("ok")) return expect.size() == 1 && !got.has("error") && equal(expect.get("ok"), got, Set.of());
        List<String> names = new ArrayList<>();
        if (expect.has("error_any_of")) expect.get("error_any_of").forEach(name -> names.add(name.asText()));
        else names.add(expect.path("error").asText());
        boolean among = names.contains(got.path("error").asText()) && NAMES.containsAll(names);
        return among && equal(expect, got, Set.of("error", "error_any_of"));
    }

    /** Every member named is equal, null meaning absent or null; numbers by their value. */
    private static boolean equal(JsonNode wanted, JsonNode got, Set<String> without) {
        for (Map.Entry<String, JsonNode> one : wanted.properties()) {
            if (without.contains(one.getKey())) continue;
            JsonNode want = one.getValue(), have = got.path(one.getKey());
            boolean absent = have.isMissingNode() || have.isNull();
            boolean same = want.isNull() ? absent : want.isIntegralNumber() && have.isIntegralNumber() ? want.bigIntegerValue().equals(have.bigIntegerValue()) : want.equals(have);
            if (!same) return false;
        }
        return true;
    }
}
