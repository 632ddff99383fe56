package com.oscartoki;

import java.util.Optional;

/**
 * What a service says to a request:
 * {@snippet :
 * switch (service.verifyHead(method, target, headers, body)) {
 *     case VerifiedRequest verified -> run(verified);
 *     case PendingBody pending -> pending.finish(body);
 *     case Handshake handshake -> handshake.reply();
 *     case Refusal refusal -> refuse(refusal);
 * }
 * }
 * A verdict that is neither answered nor finished is closed, or left to the collector.
 */
public sealed interface Verdict extends AutoCloseable permits VerifiedRequest, PendingBody, Handshake, Refusal {
    /** Whether it may run. */
    default boolean accepted() {
        return false;
    }

    /** Why it is refused. */
    default Optional<OscarError> error() {
        return Optional.empty();
    }

    /** Throws the error, when there is one. */
    default void throwForRefusal() throws OscarError {
        Optional<OscarError> error = error();
        if (error.isPresent()) throw error.get();
    }

    /** Gives up on it without an answer. */
    @Override
    void close();
}
