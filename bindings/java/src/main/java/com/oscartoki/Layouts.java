package com.oscartoki;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Where the fields of the header's structs lie; a test compares each number with what a C compiler says. A struct with numbers is kept as the
 * longs it was written into, because those are aligned as C wants it; one of texts as bytes.
 */
final class Layouts {
    private Layouts() {}

    /** oscar_signed. */
    static final class Signed {
        static final int TOKI = 0, GRANT = 59, PROBE = 107, SIZE = 108;
    }

    /** oscar_outcome. */
    static final class Outcome {
        static final int STATUS = 0, GRANT_ERROR = 4, CODE = 8, HTTP_STATUS = 12, OFFSET_MS = 16, SID = 24, MAY_HAVE_RUN = 32, AUTHENTIC = 33, RESEND = 34,
                ADOPTED = 35, HAS_OFFSET = 36, CONTENT_AUTHENTIC = 37, PROBE = 38, SIZE = 40;
    }

    /** oscar_step. */
    static final class Step {
        static final int KIND = 0, METHOD = 4, CONTENT_DIGEST = 37, HEADERS = 93, OUTCOME = 208, REQUESTS = 248, PROBED = 252, RESENT = 253, IN_SESSION = 254,
                SIZE = 256;
    }

    /** oscar_verdict. */
    static final class Verdict {
        static final int STATUS = 0, CODE = 4, HTTP_STATUS = 8, WWW_AUTHENTICATE = 12, IN_SESSION = 13, WANT = 14, VERSION = 15, CONTEXT = 16, TS_MS = 24, KID = 32,
                SID = 40, NONCE = 48, AUTHORITY = 56, SIZE = 312;
    }

    /** oscar_answered. */
    static final class Answered {
        static final int TOKI = 0, GRANT = 97, SIZE = 145;
    }

    /** oscar_verified_message. */
    static final class VerifiedMessage {
        static final int TS_MS = 0, TTL_S = 8, KID = 16, NONCE = 24, CONTEXT = 32, FRESHNESS = 40, SIZE = 48;
    }

    /** oscar_verified_url. */
    static final class VerifiedUrl {
        static final int EXP_MS = 0, KID = 8, TARGET_LEN = 16, SIZE = 24;
    }

    /** oscar_verified_ticket. */
    static final class VerifiedTicket {
        static final int TS_MS = 0, KID = 8, ORIGIN_BOUND = 16, CONNECTION_LEN = 17, CONNECTION = 18, SIZE = 280;
    }

    /** oscar_grant_claims. */
    static final class GrantClaims {
        static final int KID = 0, SID = 8, IAT_S = 16, EXP_S = 24, TTL_S = 32, SIZE = 40;
    }

    /** oscar_answer_claims. */
    static final class AnswerClaims {
        static final int TS_MS = 0, CODE = 8, GRANT = 9, BODY = 10, EXT = 11, SIZE = 16;
    }

    /** oscar_client_settings. */
    static final class ClientSettings {
        static final int EXT = 0, EXT_LEN = 8, ANSWER_EXT = 16, ANSWER_EXT_LEN = 24, MAX_ANSWER = 32, GENERATION = 40, KID = 48, ROLL_EVERY = 56, TRUST_CLOCK = 57,
                UNSIGNED_ANSWERS = 58, SEND_CONTENT_DIGEST = 59, SIZE = 64;
    }

    /** oscar_service_settings. */
    static final class ServiceSettings {
        static final int AUTHORITIES = 0, AUTHORITIES_LEN = 8, FIXED_AUTHORITY = 16, EXT = 24, EXT_LEN = 32, ANSWER_EXT = 40, ANSWER_EXT_LEN = 48, WINDOW_MS = 56,
                MAX_TTL_S = 64, GRANT_TTL_S = 72, MAX_BODY = 80, MAX_ANSWER = 88, FIRST_START = 96, EMPTY_QUERY_HIDDEN = 97, SIZE = 104;
    }

    /** oscar_counters. */
    static final class Counters {
        static final int ACCEPTED = 0, UNREMEMBERED = 8, V1_ACCEPTED = 16, REFUSED = 24, SIZE = 200;
    }

    static int int32(long[] struct, int at) {
        return MemorySegment.ofArray(struct).get(ValueLayout.JAVA_INT, at);
    }

    static long int64(long[] struct, int at) {
        return struct[at / 8];
    }

    static byte int8(long[] struct, int at) {
        return MemorySegment.ofArray(struct).get(ValueLayout.JAVA_BYTE, at);
    }

    static boolean flag(long[] struct, int at) {
        return int8(struct, at) != 0;
    }

    static byte[] bytes(long[] struct, int at, int length) {
        return MemorySegment.ofArray(struct).asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
    }

    /** A kid, sid or nonce. */
    static byte[] id(long[] struct, int at) {
        return bytes(struct, at, 8);
    }

    static String text(long[] struct, int at) {
        return MemorySegment.ofArray(struct).getString(at, StandardCharsets.UTF_8);
    }

    /** The zero-terminated text at a place. */
    static String text(byte[] struct, int at) {
        int end = at;
        while (struct[end] != 0) end++;
        return new String(struct, at, end - at, StandardCharsets.UTF_8);
    }

    /** null for an empty text: a header that is not sent. */
    static String optional(byte[] struct, int at) {
        return struct[at] == 0 ? null : text(struct, at);
    }
}
