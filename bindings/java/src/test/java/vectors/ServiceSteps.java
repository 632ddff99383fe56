package vectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.oscartoki.AudienceKey;
import com.oscartoki.MemoryReplayLog;
import com.oscartoki.Service;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One service and one replay memory through all steps. */
final class ServiceSteps implements Steps {
    private final Service service;

    ServiceSteps(Given given) throws IOException {
        if (given.has("memory") && !given.text("memory").equals("local")) throw new Vectors.Unknown("memory " + given.text("memory"));
        List<AudienceKey> keys = new ArrayList<>();
        String audience = "audience";
        for (JsonNode one : given.node("keys")) {
            Given key = new Given(one, Operations.set(Operations.KEY));
            keys.add(Operations.verifying(key));
            if (audience.equals("audience") && !key.text("audience").isEmpty()) audience = key.text("audience");
        }
        List<String> names = new ArrayList<>();
        given.node("authorities").forEach(name -> names.add(name.asText()));
        Service.Builder builder = Service.builder().authorities(names.toArray(String[]::new)).firstStart(!given.has("first_start") || given.flag("first_start"));
        builder.windowMs(given.number("window_ms", 30_000)).maxTtlS(given.number("max_ttl_s", 600));
        builder.memory(given.has("capacity") ? MemoryReplayLog.exact(given.number("capacity")) : new MemoryReplayLog(1 << 14));
        service = Operations.service(keys, given.number("start_ms"), audience, builder);
    }

    @Override
    public Map<String, Object> take(int index, String act, JsonNode in) throws IOException {
        switch (act) {
            case "verify":
                return Operations.verify(service, new Given(in, Operations.union(Operations.REQUEST, "now_ms toki grant finish_body_hex")));
            case "message":
                return Operations.message(service, new Given(in, Operations.union(Operations.KEY, Operations.MESSAGE, "now_ms")));
            case "url":
                return Operations.url(service, new Given(in, Operations.union(Operations.KEY, Operations.URL, "now_ms")));
            case "ticket":
                return Operations.ticket(service, new Given(in, Operations.union(Operations.KEY, Operations.TICKET, "now_ms")));
            case "revoke_key":
                service.revokeKey(new Given(in, Operations.set("kid_hex now_ms")).hex("kid_hex"));
                return Map.of();
            case "revoke_session":
                Given session = new Given(in, Operations.set("kid_hex sid_hex now_ms"));
                service.revokeSession(session.hex("kid_hex"), session.hex("sid_hex"));
                return Map.of();
            case "revoke_issued_before":
                Given mark = new Given(in, Operations.set("kid_hex before_s now_ms"));
                service.revokeIssuedBefore(mark.hex("kid_hex"), mark.number("before_s"));
                return Map.of();
            default:
                throw new Vectors.Unknown("step " + act);
        }
    }
}
