package com.oscartoki;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Fields one after another, each behind two bytes of its length. A field that does not fit empties it, and the call refuses. */
final class Packed {
    private byte[] data;
    private int size;
    private boolean failed;

    Packed(int room) {
        data = new byte[room];
    }

    /** lp(method) lp(authority) lp(target) lp(ext) lp(digest). */
    static Packed of(Request request, int more) {
        return new Packed(256 + more).field(request.method()).field(request.authority()).field(request.target()).field(request.ext()).field(request.digest());
    }

    /** be16(status) lp(ext) lp(digest). */
    static Packed of(Answer answer) {
        return new Packed(192).be16(answer.status()).field(answer.ext()).field(answer.digest());
    }

    byte[] data() {
        return data;
    }

    int size() {
        return failed ? 0 : size;
    }

    boolean failed() {
        return failed;
    }

    byte[] bytes() {
        return Arrays.copyOf(data, size());
    }

    Packed be16(int number) {
        if (number < 0 || number > 0xFFFF) {
            failed = true;
            return this;
        }
        reserve(2);
        data[size++] = (byte) (number >> 8);
        data[size++] = (byte) number;
        return this;
    }

    Packed field(byte[] field) {
        int length = field == null ? 0 : field.length;
        be16(length);
        if (failed || length == 0) return this;
        reserve(length);
        System.arraycopy(field, 0, data, size, length);
        size += length;
        return this;
    }

    Packed field(String field) {
        return field(field == null ? null : field.getBytes(StandardCharsets.UTF_8));
    }

    /** A header's value as its bytes went over the wire: what libraries decode as ISO-8859-1 goes back to those. */
    Packed header(String name, String value) {
        boolean narrow = value.chars().allMatch(one -> one <= 0xFF);
        return field(name).field(value.getBytes(narrow ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8));
    }

    Packed headers(Headers headers) {
        byte[] packed = headers.packed().data;
        int length = headers.packed().size;
        failed |= headers.packed().failed;
        reserve(length);
        System.arraycopy(packed, 0, data, size, length);
        size += length;
        return this;
    }

    /** Toki and grant stand last, and only when they are there. */
    Packed proofs(String toki, String grant) {
        if (toki == null) return this;
        field(toki);
        return grant == null ? this : field(grant);
    }

    private void reserve(int more) {
        if (data.length - size < more) data = Arrays.copyOf(data, data.length * 2 + more);
    }
}
