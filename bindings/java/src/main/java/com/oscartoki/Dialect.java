package com.oscartoki;

/** Which originals of OscarToki v1 a key's clients are. */
public enum Dialect {
    /** Full digests, or all with their leading zeros lost. */
    ANY,
    /** Full digests only: JavaScript and Python. */
    STANDARD,
    /** As {@link #ANY}: Java loses the leading zeros of a digest. */
    JAVA;

    int number() {
        return ordinal();
    }
}
