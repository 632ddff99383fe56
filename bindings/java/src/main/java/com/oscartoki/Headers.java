package com.oscartoki;

import java.util.List;
import java.util.Map;

/** The headers of a request or an answer as they stand on the wire: in order, doubles too. */
public final class Headers {
    private final Packed packed = new Packed(512);

    /** None yet. */
    public Headers() {}

    /** Of name and value in turns. */
    public static Headers of(String... namesAndValues) {
        if (namesAndValues.length % 2 != 0) throw new IllegalArgumentException("a name without a value");
        Headers headers = new Headers();
        for (int i = 0; i < namesAndValues.length; i += 2) headers.add(namesAndValues[i], namesAndValues[i + 1]);
        return headers;
    }

    /** Of a map as java.net.http, Spring and the servlets' friends have them. */
    public static Headers of(Map<String, List<String>> map) {
        Headers headers = new Headers();
        map.forEach((name, values) -> values.forEach(value -> headers.add(name, value)));
        return headers;
    }

    /** One more. */
    public Headers add(String name, String value) {
        packed.header(name, value);
        return this;
    }

    Packed packed() {
        return packed;
    }
}
