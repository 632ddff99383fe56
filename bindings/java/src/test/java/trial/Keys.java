package trial;

import com.oscartoki.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code Keys FOLDER AUDIENCE}: writes a new secret and its key there, for build.sh to try the examples with. */
public final class Keys {
    private Keys() {}

    public static void main(String[] given) throws IOException {
        try (Secret secret = Secret.generate(); var key = secret.audienceKey(given[1])) {
            Files.writeString(Path.of(given[0], "secret"), secret.toText() + "\n");
            Files.writeString(Path.of(given[0], "key"), key.toText() + "\n");
        }
    }
}
