package com.oscartoki.http;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpHeaders;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

/**
 * Content-codings of answers: what is authentic is the content without them. java.net.http never asks for one and gives what it got, so the
 * caller gets it too.
 */
final class Coding {
    private Coding() {}

    /** The content without its codings; null when that is over the limit, as it came where it can't be read: it then fits no toki. */
    static byte[] remove(HttpHeaders headers, byte[] content, long most) {
        byte[] plain = content;
        List<String> codings = headers.allValues("content-encoding").stream().flatMap(value -> List.of(value.split(",")).stream()).map(one -> one.strip().toLowerCase(Locale.ROOT)).toList();
        for (String coding : codings.reversed()) {
            if (plain == null || plain.length == 0) return plain;
            try (InputStream stream = switch (coding) {
                case "gzip", "x-gzip" -> new GZIPInputStream(new ByteArrayInputStream(plain));
                case "deflate" -> new InflaterInputStream(new ByteArrayInputStream(plain));
                default -> new ByteArrayInputStream(plain);
            }) {
                byte[] read = stream.readNBytes((int) Math.min(most + 1, Integer.MAX_VALUE - 8));
                plain = read.length > most ? null : read;
            } catch (IOException _) {
                return content;
            }
        }
        return plain;
    }
}
