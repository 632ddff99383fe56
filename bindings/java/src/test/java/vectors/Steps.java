package vectors;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;

/** A construction that worked, and what each of its steps gives. */
interface Steps {
    Map<String, Object> take(int index, String act, JsonNode in) throws IOException;
}
