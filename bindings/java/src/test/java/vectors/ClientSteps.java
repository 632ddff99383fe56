package vectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.oscartoki.CallOption;
import com.oscartoki.Client;
import com.oscartoki.Hazmat;
import com.oscartoki.Moment;
import com.oscartoki.OscarError;
import com.oscartoki.Outcome;
import com.oscartoki.SignedRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One client through all steps. */
final class ClientSteps implements Steps {
    private final Client client;
    private final Map<Integer, SignedRequest> signed = new HashMap<>();

    ClientSteps(Given given) throws IOException {
        client = given.has("delegated") ? Client.builder().session(given.text("delegated")).build() : Client.builder().audienceKey(Operations.minting(given)).build();
    }

    @Override
    public Map<String, Object> take(int index, String act, JsonNode in) throws IOException {
        return switch (act) {
            case "sign" -> sign(index, new Given(in, Operations.union(Operations.REQUEST, "now_ms repeatable trust_clock resend_of nonce_hex")));
            case "accept" -> accept(new Given(in, Operations.set("of now_ms status toki grant ext_hex body_hex body_sha256_hex")));
            default -> throw new Vectors.Unknown("step " + act);
        };
    }

    private Map<String, Object> sign(int index, Given given) throws OscarError {
        List<CallOption> options = new ArrayList<>();
        if (given.flag("repeatable")) options.add(CallOption.REPEATABLE);
        if (given.flag("trust_clock")) options.add(CallOption.TRUST_CLOCK);
        if (given.has("resend_of")) options.add(CallOption.RESEND);
        SignedRequest made;
        try {
            made = Hazmat.sign(client, given.request(), given.hex("nonce_hex"), new Moment(given.number("now_ms"), 0), options.toArray(CallOption[]::new));
        } catch (OscarError error) {
            return Map.of("error", error.name(), "may_have_run", error.mayHaveRun(), "signed", error.signed(), "resend", false);
        }
        signed.put(index, made);
        return Operations.told("probe", made.isProbe(), "toki", made.toki(), "grant", made.grant().orElse(null));
    }

    private Map<String, Object> accept(Given given) throws OscarError {
        Outcome outcome = client.accept(signed.get(given.small("of")), given.answer(), new Moment(given.number("now_ms"), 0));
        Map<String, Object> told = Operations.told("resend", outcome.resend(), "offset_ms", outcome.offsetMs().isPresent() ? outcome.offsetMs().getAsLong() : null,
                "sid_hex", outcome.adoptedSid().map(Operations::hex).orElse(null), "code", outcome.code().isPresent() ? outcome.code().getAsInt() : null,
                "grant_error", outcome.grantError().orElse(null), "may_have_run", outcome.mayHaveRun(), "signed", outcome.signed());
        outcome.name().ifPresent(name -> told.put("error", name));
        return told;
    }
}
