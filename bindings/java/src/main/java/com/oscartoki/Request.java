package com.oscartoki;

/**
 * A request as it goes over the wire.
 *
 * @param method upper case
 * @param authority the Host value
 * @param target path and query as written on the wire
 * @param body the content, after content-coding; null and empty are none
 * @param ext what {@link Client#requestExt} makes of the covered headers; null without any
 * @param digest in place of the body its SHA-256, 32 bytes; to a service it is what Content-Digest says; else null
 */
public record Request(String method, String authority, String target, byte[] body, byte[] ext, byte[] digest) {
    /** Without content and covered headers. */
    public Request(String method, String authority, String target) {
        this(method, authority, target, null, null, null);
    }

    /** With content. */
    public Request(String method, String authority, String target, byte[] body) {
        this(method, authority, target, body, null, null);
    }

    /** The same with covered headers. */
    public Request withExt(byte[] ext) {
        return new Request(method, authority, target, body, ext, digest);
    }

    /** The same with the SHA-256 of its content in place of that. */
    public Request withDigest(byte[] digest) {
        return new Request(method, authority, target, null, ext, digest);
    }

    @Override
    public String toString() {
        return "Request(" + method + " " + authority + target + ")";
    }
}
