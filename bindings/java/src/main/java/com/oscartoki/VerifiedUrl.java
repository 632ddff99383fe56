package com.oscartoki;

/**
 * A presigned URL that was verified.
 *
 * @param kid the key id of the signer
 * @param expMs the last good millisecond
 * @param target what was signed, without the parameter
 */
public record VerifiedUrl(byte[] kid, long expMs, String target) {}
