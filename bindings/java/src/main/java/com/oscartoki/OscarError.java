package com.oscartoki;

import java.io.IOException;

/**
 * What this protocol refuses: one class for each name, the same names in every language. docs/errors.md tells cause and fix. On a client
 * {@link #mayHaveRun}, {@link #signed} and {@link #status} say what is known of the request.
 */
public abstract sealed class OscarError extends IOException {
    private static final long serialVersionUID = 1;

    private final String name;
    private final Known known;

    private OscarError(String name, String sentence, Known known) {
        super(sentence == null || sentence.isEmpty() ? name : sentence.startsWith(name) ? sentence : name + ": " + sentence);
        this.name = name;
        this.known = known;
    }

    /** The stable name, such as {@code bad_mac}. */
    public final String name() {
        return name;
    }

    /** False only where it is certain that the request had no effect; false, too, where there was no request. */
    public final boolean mayHaveRun() {
        return known.mayHaveRun;
    }

    /** Whether what was refused, or the answer that refused, was authentic. */
    public final boolean signed() {
        return known.signed;
    }

    /** The HTTP status: of the answer that a client got, or the one that a service refuses with; 0 without one. */
    public final int status() {
        return known.status;
    }

    /** What is known of the request beside the error itself. */
    record Known(boolean mayHaveRun, boolean signed, int status) implements java.io.Serializable {
        static final Known NOTHING = new Known(false, false, 0);
    }

    /** The error of a status of the C door. */
    static OscarError of(int status, String detail) {
        return of(status, detail, Known.NOTHING);
    }

    static OscarError of(int status, String detail, Known known) {
        String sentence = detail == null || detail.isEmpty() ? Door.sentence(status) : detail;
        return switch (status) {
            case 1 -> new Malformed(sentence, known);
            case 2 -> new Missing(sentence, known);
            case 3 -> new Unsignable(sentence, known);
            case 4 -> new UnknownAuthority(sentence, known);
            case 5 -> new UnknownKey(sentence, known);
            case 6 -> new BadMac(sentence, known);
            case 7 -> new Stale(sentence, known);
            case 8 -> new Replayed(sentence, known);
            case 9 -> new GrantExpired(sentence, known);
            case 10 -> new Revoked(sentence, known);
            case 11 -> new BodyMismatch(sentence, known);
            case 12 -> new Policy(sentence, known);
            case 13 -> new Busy(sentence, known);
            case 14 -> new Expired(sentence, known);
            case 15 -> new NotYet(sentence, known);
            case 16 -> new RawTargetHidden(sentence, known);
            case 17 -> new BadGrant(sentence, known);
            case 18 -> new WrongKind(sentence, known);
            case 19 -> new WeakSecret(sentence, known);
            case 20 -> new KidTaken(sentence, known);
            case 21 -> new Reflected(sentence, known);
            default -> new Misuse(Door.errorName(status), sentence, known);
        };
    }

    /** Not in the one allowed form. */
    public static final class Malformed extends OscarError {
        private static final long serialVersionUID = 1;

        Malformed(String sentence, Known known) {
            super("malformed", sentence, known);
        }
    }

    /** No toki where one is needed; from an adapter, no answer at all: then the network's error is its cause. */
    public static final class Missing extends OscarError {
        private static final long serialVersionUID = 1;

        Missing(String sentence, Known known) {
            super("missing", sentence, known);
        }
    }

    /** A field that cannot be signed. */
    public static final class Unsignable extends OscarError {
        private static final long serialVersionUID = 1;

        Unsignable(String sentence, Known known) {
            super("unsignable", sentence, known);
        }
    }

    /** A name that is not this service's. */
    public static final class UnknownAuthority extends OscarError {
        private static final long serialVersionUID = 1;

        UnknownAuthority(String sentence, Known known) {
            super("unknown_authority", sentence, known);
        }
    }

    /** The key id is not held here. */
    public static final class UnknownKey extends OscarError {
        private static final long serialVersionUID = 1;

        UnknownKey(String sentence, Known known) {
            super("unknown_key", sentence, known);
        }
    }

    /** Not authentic. */
    public static final class BadMac extends OscarError {
        private static final long serialVersionUID = 1;

        BadMac(String sentence, Known known) {
            super("bad_mac", sentence, known);
        }
    }

    /** Outside the window, or at or below the floor. */
    public static final class Stale extends OscarError {
        private static final long serialVersionUID = 1;

        Stale(String sentence, Known known) {
            super("stale", sentence, known);
        }
    }

    /** Seen before; of a context, used before. */
    public static final class Replayed extends OscarError {
        private static final long serialVersionUID = 1;

        Replayed(String sentence, Known known) {
            super("replayed", sentence, known);
        }
    }

    /** The session is over. */
    public static final class GrantExpired extends OscarError {
        private static final long serialVersionUID = 1;

        GrantExpired(String sentence, Known known) {
            super("grant_expired", sentence, known);
        }
    }

    /** The key, the session or its issue time is revoked. */
    public static final class Revoked extends OscarError {
        private static final long serialVersionUID = 1;

        Revoked(String sentence, Known known) {
            super("revoked", sentence, known);
        }
    }

    /** The content is not what was signed. */
    public static final class BodyMismatch extends OscarError {
        private static final long serialVersionUID = 1;

        BodyMismatch(String sentence, Known known) {
            super("body_mismatch", sentence, known);
        }
    }

    /** Authentic, but not allowed here. */
    public static final class Policy extends OscarError {
        private static final long serialVersionUID = 1;

        /** Said by a layer that does not allow what was asked of it. */
        public Policy(String sentence) {
            this(sentence, Known.NOTHING);
        }

        Policy(String sentence, Known known) {
            super("policy", sentence, known);
        }
    }

    /** Could not be remembered: try later. */
    public static final class Busy extends OscarError {
        private static final long serialVersionUID = 1;

        Busy(String sentence, Known known) {
            super("busy", sentence, known);
        }
    }

    /** A message or URL past its end. */
    public static final class Expired extends OscarError {
        private static final long serialVersionUID = 1;

        Expired(String sentence, Known known) {
            super("expired", sentence, known);
        }
    }

    /** A message from more than 300 seconds ahead. */
    public static final class NotYet extends OscarError {
        private static final long serialVersionUID = 1;

        NotYet(String sentence, Known known) {
            super("not_yet", sentence, known);
        }
    }

    /** The framework does not show the raw request target; the sentence names the fix. */
    public static final class RawTargetHidden extends OscarError {
        private static final long serialVersionUID = 1;

        /** Said by a layer that can't see the raw target; the sentence names the fix. */
        public RawTargetHidden(String sentence) {
            this(sentence, Known.NOTHING);
        }

        RawTargetHidden(String sentence, Known known) {
            super("raw_target_hidden", sentence, known);
        }
    }

    /** The answer stands, its grant is not ours. */
    public static final class BadGrant extends OscarError {
        private static final long serialVersionUID = 1;

        BadGrant(String sentence, Known known) {
            super("bad_grant", sentence, known);
        }
    }

    /** A key text in another's place. */
    public static final class WrongKind extends OscarError {
        private static final long serialVersionUID = 1;

        WrongKind(String sentence, Known known) {
            super("wrong_kind", sentence, known);
        }
    }

    /** Key material is too weak. */
    public static final class WeakSecret extends OscarError {
        private static final long serialVersionUID = 1;

        WeakSecret(String sentence, Known known) {
            super("weak_secret", sentence, known);
        }
    }

    /** Another key stands under this kid. */
    public static final class KidTaken extends OscarError {
        private static final long serialVersionUID = 1;

        KidTaken(String sentence, Known known) {
            super("kid_taken", sentence, known);
        }
    }

    /** OscarToki v1: a core that this service minted came back as a request. */
    public static final class Reflected extends OscarError {
        private static final long serialVersionUID = 1;

        Reflected(String sentence, Known known) {
            super("reflected", sentence, known);
        }
    }

    /** Wrong use of the library itself, or a fault inside it: {@link #name} says which. */
    public static final class Misuse extends OscarError {
        private static final long serialVersionUID = 1;

        Misuse(String name, String sentence, Known known) {
            super(name, sentence, known);
        }
    }
}
