package com.oscartoki;

/**
 * A ticket that was verified, and is spent.
 *
 * @param kid the key id of the client
 * @param connection the connection id
 * @param tsMs when it was minted
 * @param originBound whether it was bound to the Origin
 */
public record VerifiedTicket(byte[] kid, byte[] connection, long tsMs, boolean originBound) {}
