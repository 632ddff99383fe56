package com.oscartoki;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What belongs to no noun. */
public final class Oscartoki {
    private static final int AUTHORITY_MAX_LEN = 256;

    private Oscartoki() {}

    /** The version of this package and its library, which are the same. */
    public static String version() {
        return Library.VERSION;
    }

    /** A to Z folded, one trailing {@code :80} or {@code :443} removed. Error: malformed. */
    public static String normaliseAuthority(String authority) throws OscarError {
        Door.Room normalised = new Door.Room(AUTHORITY_MAX_LEN);
        Door.must("authority_normalise", authority, normalised);
        return normalised.text();
    }

    /** The key text in a file: its one line that is neither blank nor a comment. */
    public static String secretFrom(Path path) throws IOException {
        List<String> texts = Files.readString(path, StandardCharsets.UTF_8).lines().map(String::strip).filter(line -> !line.isEmpty() && !line.startsWith("#")).toList();
        if (texts.size() != 1) throw new IOException(path + ": one key text is needed, " + texts.size() + " were found");
        return texts.getFirst();
    }

    /**
     * For development, never for an answer: what altered a request whose MAC does not fit. {@code keys} by a label each, the service's own
     * first; {@code grant} is null outside of a session. Empty when the toki is good or nothing usual explains it.
     */
    public static Optional<String> explain(Map<String, AudienceKey> keys, Request request, String toki, String grant) throws OscarError {
        Packed held = new Packed(128);
        keys.forEach((label, key) -> held.field(label).field(key.toText()));
        Packed packed = Packed.of(request, 128).proofs(toki, grant);
        if (held.failed() || packed.failed()) throw OscarError.of(Door.MALFORMED, null);
        Door.Struct explanation = new Door.Struct(8);
        Door.must("explain", held.bytes(), packed.bytes(), request.body() == null ? new byte[0] : request.body(), explanation);
        return explanation.first() == 0 ? Optional.empty() : Optional.of(Door.take(explanation.first()));
    }
}
