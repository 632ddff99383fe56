/* oscartoki: rolling, mutual, request-bound tokens. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Written by `cargo run --profile bindgen -p oscartoki-bindgen --bin c-header`; change bindings/c, not this file.
 *
 * Conventions, once:
 * - A call returns an oscar_status; OSCAR_OK is 0. Results are written only on success. The structs oscar_verdict and oscar_outcome are
 *   filled by every call that takes one.
 * - A handle is an int64_t; 0 is none. A handle that is stale, forged, freed or of another type is answered with a status. What a _new,
 *   _from or _for call gives, the caller frees by the _free call of its type, at any time, on any thread. Freeing 0 does nothing.
 * - A context belongs to one request. The call that takes it uses it up, whatever becomes of the call; a second use is OSCAR_REPLAYED. A
 *   context that is not used is freed.
 * - Slices are a pointer and a length, read during the call only; null goes with length 0. Every pointer to a result must be writable; null is
 *   answered with OSCAR_NULL_POINTER where a comment does not allow it. Results do not overlap what is read.
 * - A text that is given back lies in the caller's buffer and ends with a zero byte, which the OSCAR_..._MAX_LEN macros count: a buffer of
 *   that size always suffices, a shorter one is OSCAR_SHORT_BUFFER.
 * - Wall clocks are milliseconds (_ms) or seconds (_s) since 1970. mono_ms is any monotonic clock in milliseconds; 0 says there is none.
 * - lp(x) is two bytes of big-endian length, then the bytes x. Packed fields stand one after another in the order that the comment names;
 *   the helpers at the end of this file pack them.
 * - Any function may be called from any thread, and in a child after fork.
 */
#ifndef OSCARTOKI_H
#define OSCARTOKI_H


#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Send a request with the headers of the step, then say what came.
#define OSCAR_STEP_SEND 0

// The answer is authentic and accepted.
#define OSCAR_STEP_DONE 1

// Refused, or not authentic; nothing more is to be sent.
#define OSCAR_STEP_FAILED 2

// Room for the toki of a message, its terminating zero included.
#define OSCAR_MESSAGE_TOKI_MAX_LEN 64

// What minting adds to the target of a presigned URL, a terminating zero included.
#define OSCAR_URL_PARAMETER_MAX_LEN 59

// Room for a ticket, its terminating zero included.
#define OSCAR_TICKET_MAX_LEN 400

// Bytes of the longest connection id.
#define OSCAR_CONNECTION_MAX_LEN 255

// No consumer that shares the memory has seen the message.
#define OSCAR_MESSAGE_FRESH 0

// One has: it was delivered again, or replayed.
#define OSCAR_MESSAGE_DUPLICATE 1

// Nobody remembers.
#define OSCAR_MESSAGE_UNCHECKED 2

// May be resent although its method is unsafe: it has an idempotency-key in ext.
#define OSCAR_SIGN_REPEATABLE 1

// The clock is known to be right: no probe.
#define OSCAR_SIGN_TRUST_CLOCK 2

// A probe goes first, whatever the clock says.
#define OSCAR_SIGN_VERIFY_FIRST 4

// This is the resend of a request: its answer never asks for another.
#define OSCAR_SIGN_RESEND 8

// The caller takes an answer whose content is not covered (a stream).
#define OSCAR_SIGN_STREAM 16

// Room for the value of a Content-Digest header, its terminating zero included.
#define OSCAR_CONTENT_DIGEST_MAX_LEN 56

// Room for the text of a secret, `os2.…`, its terminating zero included.
#define OSCAR_SECRET_MAX_LEN 48

// Room for the text of an audience key, `oa2.…`, its terminating zero included.
#define OSCAR_AUDIENCE_KEY_MAX_LEN 59

// Room for the text of a handed-out session, `oz2.…`, its terminating zero included.
#define OSCAR_SESSION_MAX_LEN 91

// Room for the text of a toki of a request or an answer, its terminating zero included.
#define OSCAR_TOKI_MAX_LEN 59

// Room for the text of a grant (tokikey), its terminating zero included.
#define OSCAR_GRANT_MAX_LEN 48

// Bytes of a kid or sid.
#define OSCAR_ID_LEN 8

// Room for the line that a file of revocations gets, its terminating zero included.
#define OSCAR_REVOCATION_MAX_LEN 64

// Which originals of OscarToki v1 a key's clients are: full digests, or all with their leading zeros lost.
#define OSCAR_DIALECT_ANY 0

// Full digests only: JavaScript and Python.
#define OSCAR_DIALECT_STANDARD 1

// As OSCAR_DIALECT_ANY: Java loses the leading zeros of a digest.
#define OSCAR_DIALECT_JAVA 2

// Room for the path of a shared memory, its terminating zero included.
#define OSCAR_PATH_MAX_LEN 4096

// Room for the toki of an answer, of either version, its terminating zero included.
#define OSCAR_ANSWER_TOKI_MAX_LEN 97

// Room for the body of the answer to the first step of OscarToki v1, its terminating zero included.
#define OSCAR_HANDSHAKE_BODY_MAX_LEN 192

// Room for a token, its terminating zero included.
#define OSCAR_SOCKTOPUS_TOKEN_MAX_LEN 1114

// Room for the name of an app or a connection, its terminating zero included.
#define OSCAR_SOCKTOPUS_NAME_MAX_LEN 256

// Any other text, which a client ignores.
#define OSCAR_SOCKTOPUS_OTHER 0

// A message.
#define OSCAR_SOCKTOPUS_DATA 1

// The answer to a ping.
#define OSCAR_SOCKTOPUS_PONG 2

// The hub ends the connection.
#define OSCAR_SOCKTOPUS_CLOSE 3

// Send `PING`, and ask again.
#define OSCAR_SOCKTOPUS_PING_NOW 0

// Ask again at the time that was written.
#define OSCAR_SOCKTOPUS_PING_LATER 1

// No PONG for 20 s: the connection is dead.
#define OSCAR_SOCKTOPUS_DEAD 2

// Raised by every change that an existing program would notice.
#define OSCAR_ABI_VERSION 1

// Room for an `app_pass`, its terminating zero included.
#define OSCAR_TCX_PASS_MAX_LEN 141

// Room for a client token, its terminating zero included.
#define OSCAR_TCX_CLIENT_TOKEN_MAX_LEN 65

// Room for a `tcx_datetime`, its terminating zero included.
#define OSCAR_TCX_DATETIME_MAX_LEN 15

// A pass covers nothing beside app and client token.
#define OSCAR_TCX_MODE_NONE 0

// It covers `tcx_datetime`.
#define OSCAR_TCX_MODE_TIME 1

// It covers the parameters.
#define OSCAR_TCX_MODE_PARAM 2

// A pass as the client's documentation has it; the numbers of verdicts, too.
#define OSCAR_TCX_DOCUMENTED 0

// A pass as the server hashes it; its numbers of verdicts, too.
#define OSCAR_TCX_SERVER4 1

// A call with its pass alone.
#define OSCAR_TCX_OWTC 0

// A call with an access token.
#define OSCAR_TCX_TWTC 1

// A call with a master key.
#define OSCAR_TCX_FTC 2

// Any call.
#define OSCAR_TCX_CALL 0

// `POST /tcx/authorize`.
#define OSCAR_TCX_AUTHORIZE 1

// `POST /tcx/reauthorize`.
#define OSCAR_TCX_REAUTHORIZE 2

// The access token is in `text`.
#define OSCAR_TCX_USE 0

// Send `text` as a JSON POST to the path of `route`.
#define OSCAR_TCX_SEND 1

// Another caller asks; look again in a moment.
#define OSCAR_TCX_WAIT 2

// Room for a tokikey of v1, its terminating zero included.
#define OSCAR_V1_TOKIKEY_MAX_LEN 96

// Room for a normalised authority, its terminating zero included.
#define OSCAR_AUTHORITY_MAX_LEN 256

// What a call returns: 0 is success; 1 to 21 are the error names of the protocol; 64 and above belong to this ABI.
// `oscar_error_name` and `oscar_status_message` take any of them. Every new number is an addition at the end.
enum oscar_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Done; of a verdict: verified; of an outcome: accepted.
    OSCAR_OK = 0,
    // Not in the one allowed form.
    OSCAR_MALFORMED = 1,
    // There is no toki to verify.
    OSCAR_MISSING = 2,
    // A field that cannot be signed.
    OSCAR_UNSIGNABLE = 3,
    // The authority is not one of this service's names.
    OSCAR_UNKNOWN_AUTHORITY = 4,
    // The key id is not held here.
    OSCAR_UNKNOWN_KEY = 5,
    // Not authentic.
    OSCAR_BAD_MAC = 6,
    // Outside the time window.
    OSCAR_STALE = 7,
    // Seen before; of a context: used before.
    OSCAR_REPLAYED = 8,
    // The session is over.
    OSCAR_GRANT_EXPIRED = 9,
    // The key or session is revoked.
    OSCAR_REVOKED = 10,
    // The content is not what was signed.
    OSCAR_BODY_MISMATCH = 11,
    // Authentic, but not allowed here.
    OSCAR_POLICY = 12,
    // Could not be remembered, try later.
    OSCAR_BUSY = 13,
    // A message or URL past its end.
    OSCAR_EXPIRED = 14,
    // A message from more than 300 seconds ahead.
    OSCAR_NOT_YET = 15,
    // The framework does not show the raw request target.
    OSCAR_RAW_TARGET_HIDDEN = 16,
    // The answer stands, its grant is not ours.
    OSCAR_BAD_GRANT = 17,
    // A key text of another kind.
    OSCAR_WRONG_KIND = 18,
    // Key material is too weak.
    OSCAR_WEAK_SECRET = 19,
    // Another key stands under this key id.
    OSCAR_KID_TAKEN = 20,
    // A v1 toki minted by this service came back as a request.
    OSCAR_REFLECTED = 21,
    // Not a failure and not a success: the MAC is good, the content is still to be compared (`oscar_service_finish`).
    OSCAR_PENDING = 64,
    // A handle that is 0, forged, of another type, or freed.
    OSCAR_BAD_HANDLE = 65,
    // A pointer that must not be null, or is not aligned for its type.
    OSCAR_NULL_POINTER = 66,
    // The caller's buffer is shorter than the macro for it says.
    OSCAR_SHORT_BUFFER = 67,
    // Packed fields that do not parse, or a number or text that fits no field.
    OSCAR_BAD_PACKED = 68,
    // So many handles of this type are alive that there is no room for another.
    OSCAR_TOO_MANY_HANDLES = 69,
    // A file can't be used: of a shared memory, of keys, of revocations; `oscar_last_detail` says which and why.
    OSCAR_STORE = 70,
    // A fault inside this library. Nothing was decided; treat it as a refusal.
    OSCAR_INTERNAL = 71,
    // The first step of OscarToki v1: nothing runs, `oscar_service_handshake` makes the answer.
    OSCAR_HANDSHAKE = 72,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum oscar_status oscar_status;
#else
typedef int32_t oscar_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Stands for an object of this library: positive; 0 is none.
typedef int64_t oscar_handle;

// The headers of a signed request. Texts are zero-terminated.
typedef struct oscar_signed {
    // The header oscartoki.
    char toki[OSCAR_TOKI_MAX_LEN];
    // The header oscartokikey; empty outside of a session, then it is not sent.
    char grant[OSCAR_GRANT_MAX_LEN];
    // 1: this signs a probe. Send HEAD with the same target and covered headers, without content; accept its answer; sign again.
    uint8_t probe;
} oscar_signed;

// What became of a request. Every call that takes one fills it, on failure too.
typedef struct oscar_outcome {
    // OSCAR_OK: accepted (of a probe: it succeeded). Else why not.
    oscar_status status;
    // OSCAR_BAD_GRANT when the answer's grant was dropped, else OSCAR_OK.
    oscar_status grant_error;
    // The code of an authentic answer, 0 to 7; -1 without one.
    int32_t code;
    // The HTTP status; -1 when no answer came. Of an answer that is not authentic it is hearsay.
    int32_t http_status;
    // How far the service's clock is ahead, in milliseconds; see `has_offset`.
    int64_t offset_ms;
    // The session id of an adopted grant; see `adopted`.
    uint8_t sid[8];
    // 0 only where it is certain that the request had no effect.
    uint8_t may_have_run;
    // 1: the answer is authentic.
    uint8_t authentic;
    // 1: sign and send the request once more, with OSCAR_SIGN_RESEND.
    uint8_t resend;
    // 1: a grant was adopted.
    uint8_t adopted;
    // 1: `offset_ms` is known.
    uint8_t has_offset;
    // 1: the content, or that there is none, is authentic.
    uint8_t content_authentic;
    // 1: this is the outcome of a probe.
    uint8_t probe;
} oscar_outcome;

// What the owner of a call does next.
typedef struct oscar_step {
    // OSCAR_STEP_SEND, …_DONE or …_FAILED.
    uint32_t kind;
    // To send: the method, zero-terminated; HEAD for a probe.
    char method[33];
    // To send: the header Content-Digest, zero-terminated; empty when it is not sent.
    char content_digest[56];
    // To send: our headers. For a probe: no content, and none of the headers that `oscar_client_drops_from_probe` names.
    struct oscar_signed headers;
    // Done or failed: the outcome.
    struct oscar_outcome outcome;
    // How many requests went out, the probe included.
    uint32_t requests;
    // 1: a probe went out.
    uint8_t probed;
    // 1: the request was resent.
    uint8_t resent;
    // 1: the last request that went out was signed in a session.
    uint8_t in_session;
} oscar_step;

// A message that was verified.
typedef struct oscar_verified_message {
    // When it was minted.
    int64_t ts_ms;
    // Its life in seconds.
    int64_t ttl_s;
    // The key id of the sender.
    uint8_t kid[8];
    // The nonce.
    uint8_t nonce[8];
    // What `oscar_message_reply` takes; freed with `oscar_message_free`.
    oscar_handle context;
    // OSCAR_MESSAGE_FRESH, …_DUPLICATE or …_UNCHECKED.
    uint32_t freshness;
} oscar_verified_message;

// A URL that was verified.
typedef struct oscar_verified_url {
    // The last good millisecond.
    int64_t exp_ms;
    // The key id of the signer.
    uint8_t kid[8];
    // So many bytes of the target are what was signed; the parameter follows.
    size_t target_len;
} oscar_verified_url;

// A ticket that was verified, and is spent.
typedef struct oscar_verified_ticket {
    // When it was minted.
    int64_t ts_ms;
    // The key id of the client.
    uint8_t kid[8];
    // 1: it was bound to the Origin.
    uint8_t origin_bound;
    // Bytes of `connection`.
    uint8_t connection_len;
    // The connection id.
    uint8_t connection[OSCAR_CONNECTION_MAX_LEN];
} oscar_verified_ticket;

// How a client behaves; `oscar_client_settings_init` fills in what is usual. Texts are zero-terminated and read by the call that takes this
// struct.
typedef struct oscar_client_settings {
    // The covered headers of requests, in the service's order.
    const char *const *ext;
    // How many.
    size_t ext_len;
    // The covered headers of answers, in the service's order.
    const char *const *answer_ext;
    // How many.
    size_t answer_ext_len;
    // An answer with more bytes of content is policy.
    int64_t max_answer;
    // The generation of the audience key.
    int64_t generation;
    // The 8-byte kid that the application registered for this generation; null for the derived one.
    const uint8_t *kid;
    // 1: asks for the next grant on every request, not only past half of a session's life.
    uint8_t roll_every;
    // 1: the machine's clock is known to be right, unsafe requests need no probe.
    uint8_t trust_clock;
    // 1: the service can't sign its answers; nothing then counts as authentic.
    uint8_t unsigned_answers;
    // 1: `oscar_call_next` tells the Content-Digest to send.
    uint8_t send_content_digest;
} oscar_client_settings;

// What a grant says. Claims, until a service or client has verified what came with it.
typedef struct oscar_grant_claims {
    // The key id of the client.
    uint8_t kid[8];
    // The session id.
    uint8_t sid[8];
    // Issued at, seconds since the epoch; negative when the life is longer than the end.
    int64_t iat_s;
    // The end, seconds since the epoch.
    int64_t exp_s;
    // The life in seconds.
    int64_t ttl_s;
} oscar_grant_claims;

// What the toki of a request says. Claims, until a service has verified it.
typedef struct oscar_toki_claims {
    // Milliseconds since the epoch; 0 is a probe.
    int64_t ts_ms;
    // kid, or sid in a session.
    uint8_t id[8];
    // The nonce.
    uint8_t nonce[8];
    // 1: `id` is a sid.
    uint8_t session;
    // 1: asks for a grant.
    uint8_t want;
    // 1: content is signed.
    uint8_t body;
    // 1: covered headers are signed.
    uint8_t ext;
} oscar_toki_claims;

// What the toki of an answer says. Claims, until a client has verified it.
typedef struct oscar_answer_claims {
    // The service's clock, milliseconds since the epoch.
    int64_t ts_ms;
    // 0 ok, 1 stale, 2 replayed, 3 grant_expired, 4 revoked, 5 body_mismatch, 6 policy, 7 busy.
    uint8_t code;
    // 1: a grant is attached.
    uint8_t grant;
    // 1: content is signed.
    uint8_t body;
    // 1: covered headers are signed.
    uint8_t ext;
} oscar_answer_claims;

// How a service is configured; `oscar_service_settings_init` fills in what is usual. Texts are zero-terminated and read by the call that
// takes this struct.
typedef struct oscar_service_settings {
    // The names that a request may be sent to.
    const char *const *authorities;
    // How many.
    size_t authorities_len;
    // The one name that stands for Host, which is then ignored; null for none.
    const char *fixed_authority;
    // The covered headers of requests, in the clients' order.
    const char *const *ext;
    // How many.
    size_t ext_len;
    // The covered headers of answers, in the clients' order.
    const char *const *answer_ext;
    // How many.
    size_t answer_ext_len;
    // How old a request may be, 1,000 to 30,000 ms; equal on all nodes.
    int64_t window_ms;
    // The longest life that a grant may have, in seconds.
    int64_t max_ttl_s;
    // The life of the grants that are made here, in seconds.
    int64_t grant_ttl_s;
    // The longest body of a request, in bytes.
    int64_t max_body;
    // The longest answer that is buffered and digested, in bytes.
    int64_t max_answer;
    // 1: no earlier process accepted these keys, the service is ready at once. For a first start, and tests.
    uint8_t first_start;
    // 1: the server hides an empty `?` of the target.
    uint8_t empty_query_hidden;
} oscar_service_settings;

// What happened since a service was made.
typedef struct oscar_counters {
    // Requests that were verified.
    int64_t accepted;
    // Of those, safe ones that could not be remembered because the memory was out of reach.
    int64_t unremembered;
    // Of those, OscarToki v1.
    int64_t v1_accepted;
    // Refusals by status, 1 to 21; the first is always 0.
    int64_t refused[22];
} oscar_counters;

// What a service says to a request. Every call that takes one fills it, on failure too.
typedef struct oscar_verdict {
    // OSCAR_OK: it may run. OSCAR_PENDING: it may, once `oscar_service_finish` says so. Everything else: it must not. OSCAR_HANDSHAKE: the
    // first step of OscarToki v1, to be answered by `oscar_service_handshake`.
    oscar_status status;
    // The code of the answer's toki, 0 to 7; -1: the answer gets no toki, a refusal names itself in the header oscartoki-error.
    int32_t code;
    // The HTTP status of a refusal; 0 without one.
    int32_t http_status;
    // 1: the answer carries WWW-Authenticate: oscartoki.
    uint8_t www_authenticate;
    // 1: `sid` is the session that it was sent in.
    uint8_t in_session;
    // 1: it asks for a grant.
    uint8_t want;
    // 2, or 1 for OscarToki v1.
    uint8_t version;
    // What `oscar_service_answer_…` takes, or, when pending, `oscar_service_finish` and `oscar_service_too_large`; 0 when there is no
    // toki to mint. Use it or free it with `oscar_verdict_free`.
    oscar_handle context;
    // When it was signed, by the client's corrected clock. This and what follows is filled when accepted; when pending, `kid` and `sid` are.
    int64_t ts_ms;
    // The key id of the client.
    uint8_t kid[8];
    // The session id.
    uint8_t sid[8];
    // The nonce.
    uint8_t nonce[8];
    // The name that it was sent to, normalised, zero-terminated.
    char authority[OSCAR_AUTHORITY_MAX_LEN];
} oscar_verdict;

// The headers of an answer. Texts are zero-terminated.
typedef struct oscar_answered {
    // The header oscartoki.
    char toki[OSCAR_ANSWER_TOKI_MAX_LEN];
    // The header oscartokikey; empty without a grant, then it is not sent.
    char grant[OSCAR_GRANT_MAX_LEN];
} oscar_answered;

// What a verified token says.
typedef struct oscar_socktopus_token {
    // When it was minted.
    int64_t ts_ms;
    // Bytes of `app`, which may hold zeros.
    size_t app_len;
    // Bytes of `connection`, which may hold zeros.
    size_t connection_len;
    // The app.
    char app[OSCAR_SOCKTOPUS_NAME_MAX_LEN];
    // The connection's id.
    char connection[OSCAR_SOCKTOPUS_NAME_MAX_LEN];
} oscar_socktopus_token;

// A pass that was verified.
typedef struct oscar_tcx_pass {
    // The pass's time in mode time, else 0.
    int64_t ts_ms;
    // OSCAR_TCX_DOCUMENTED or OSCAR_TCX_SERVER4.
    uint32_t dialect;
    // The client token, as it was written.
    char client_token[OSCAR_TCX_CLIENT_TOKEN_MAX_LEN];
} oscar_tcx_pass;

// A verdict, which travels with HTTP status 200.
typedef struct oscar_tcx_verdict {
    // 1 for TCXSSS, else 0.
    int64_t status;
    // `505003` and the like; empty: there is no verdict.
    char number[8];
    // `TCXPFX` and the like.
    char code[8];
    // The sentence that goes with it.
    char sentence[64];
} oscar_tcx_verdict;

// What a caller who wants the access token does next.
typedef struct oscar_tcx_step {
    // Names the request, for `oscar_tcx_client_received` and `oscar_tcx_client_failed`.
    int64_t number;
    // The token or the body, to be freed with `oscar_text_free`; 0 with OSCAR_TCX_WAIT.
    oscar_handle text;
    // OSCAR_TCX_USE, …_SEND or …_WAIT.
    uint32_t kind;
    // OSCAR_TCX_AUTHORIZE or OSCAR_TCX_REAUTHORIZE.
    uint32_t route;
} oscar_tcx_step;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Begins a call. `request`, `body` and `options` as in `oscar_client_sign_packed`; all of it is copied. The caller frees `call` with
// `oscar_call_free`.
oscar_status oscar_call_new(oscar_handle client,
                            const uint8_t *request,
                            size_t request_len,
                            const uint8_t *body,
                            size_t body_len,
                            uint32_t options,
                            oscar_handle *call);

// The next step. Asked again before an answer was given, it is the same; after the end, the same end. `step->kind` says it; the return value
// is OSCAR_OK unless the call itself is at fault.
oscar_status oscar_call_next(oscar_handle call,
                             int64_t now_ms,
                             int64_t mono_ms,
                             struct oscar_step *step);

// The answer came. `head`: two bytes of big-endian HTTP status, then lp(name) lp(value) for each header in order; `body`: the content after
// removing content-coding; the clocks are those when the head arrived. An answer to nothing changes nothing; a head that does not
// parse counts as no answer.
oscar_status oscar_call_received(oscar_handle call,
                                 const uint8_t *head,
                                 size_t head_len,
                                 const uint8_t *body,
                                 size_t body_len,
                                 int64_t received_ms,
                                 int64_t mono_ms);

// `oscar_call_received` where the caller has digested the content: `digest` is its SHA-256, 32 bytes, never that of zero bytes. The caller has
// seen to `max_answer`.
oscar_status oscar_call_received_digest(oscar_handle call,
                                        const uint8_t *head,
                                        size_t head_len,
                                        const uint8_t *digest,
                                        int64_t received_ms,
                                        int64_t mono_ms);

// An answer came whose content is over `max_answer`.
oscar_status oscar_call_too_large(oscar_handle call, uint16_t http_status);

// No answer came: a network failure.
oscar_status oscar_call_failed(oscar_handle call);

// Frees a call. 0 is nothing to free.
oscar_status oscar_call_free(oscar_handle call);

// Mints the toki of a message by the client's clock into `toki` (OSCAR_MESSAGE_TOKI_MAX_LEN). `message`: lp(destination) lp(type) lp(ext)
// lp(digest, 32 bytes or empty); `body`: the body, unless its digest is given. With a `context` that is not null the caller gets what
// `oscar_message_accept_reply` takes, and otherwise frees with `oscar_message_free`. Error: unsignable.
oscar_status oscar_client_mint_message(oscar_handle client,
                                       const uint8_t *message,
                                       size_t message_len,
                                       const uint8_t *body,
                                       size_t body_len,
                                       int64_t ttl_s,
                                       int64_t now_ms,
                                       char *toki,
                                       size_t capacity,
                                       oscar_handle *context);

// Accepts the one RPC reply to a message and uses `context` up; a second use is replayed. `reply`: lp(ext) and, when it has one, lp(toki).
// Writes the consumer's time into `ts_ms` (may be null). Errors: missing, malformed, bad_mac, the refusal that the reply's code names, policy
// (content that is not covered).
oscar_status oscar_message_accept_reply(oscar_handle context,
                                        const uint8_t *reply,
                                        size_t reply_len,
                                        const uint8_t *body,
                                        size_t body_len,
                                        int64_t *ts_ms);

// Verifies a message. `message`: lp(destination) lp(type) lp(ext) lp(digest, 32 bytes or empty), then lp(toki) when it has one; `body` as in
// `oscar_client_mint_message`. `memory`: of `oscar_message_memory_new`, 0 for none. `max_ttl_s`: the longest life that this consumer takes,
// 86,400 is usual. Writes `verified`, whose `context` the caller frees. Errors: missing, malformed, unknown_key, bad_mac, revoked, policy, expired, not_yet.
oscar_status oscar_service_verify_message(oscar_handle service,
                                          const uint8_t *message,
                                          size_t message_len,
                                          const uint8_t *body,
                                          size_t body_len,
                                          oscar_handle memory,
                                          int64_t max_ttl_s,
                                          int64_t now_ms,
                                          struct oscar_verified_message *verified);

// A memory for the consumers of one queue, on a replay log that they share and that survives them; it keeps the log alive.
// `first_start` 1: no earlier consumer could have seen a message. The caller frees it with `oscar_message_memory_free`.
oscar_status oscar_message_memory_new(oscar_handle replay_log,
                                      uint8_t first_start,
                                      int64_t now_ms,
                                      oscar_handle *memory);

// Frees a message memory. 0 is nothing to free.
oscar_status oscar_message_memory_free(oscar_handle memory);

// Mints the toki of the RPC reply to a verified message into `toki` (OSCAR_TOKI_MAX_LEN). `context` stays. Error: unsignable.
oscar_status oscar_message_reply(oscar_handle context,
                                 const uint8_t *ext,
                                 size_t ext_len,
                                 const uint8_t *body,
                                 size_t body_len,
                                 int64_t now_ms,
                                 char *toki,
                                 size_t capacity);

// Frees the context of a message, sent or received. 0 is nothing to free.
oscar_status oscar_message_free(oscar_handle context);

// Presigns a request target until `exp_ms`, seven days ahead at most, and writes it with its parameter into `out`: its length plus
// OSCAR_URL_PARAMETER_MAX_LEN suffice. `request` as in `oscar_client_sign_packed`; content is not covered. Error: unsignable.
oscar_status oscar_client_sign_url(oscar_handle client,
                                   const uint8_t *request,
                                   size_t request_len,
                                   int64_t exp_ms,
                                   char *out,
                                   size_t capacity);

// Verifies a presigned target, given with its parameter; HEAD is good where GET was signed. `request` as in `oscar_client_sign_packed`, then
// lp(toki) when the request has a header oscartoki too, which is malformed.
// Errors: missing (no parameter), malformed, unknown_authority, unknown_key, bad_mac, revoked, policy, expired.
oscar_status oscar_service_verify_url(oscar_handle service,
                                      const uint8_t *request,
                                      size_t request_len,
                                      int64_t now_ms,
                                      struct oscar_verified_url *verified);

// Verifies a presigned request by its raw head, `head` as in `oscar_service_verify_head`: Host, the covered headers and a toki beside the URL
// are looked for. Errors as of `oscar_service_verify_url`.
oscar_status oscar_service_verify_url_head(oscar_handle service,
                                           const uint8_t *head,
                                           size_t head_len,
                                           int64_t now_ms,
                                           struct oscar_verified_url *verified);

// Mints the ticket that opens one websocket for a connection id of 1 to 255 bytes, bound to the page's Origin unless `origin` is null.
// Writes it into `out` (OSCAR_TICKET_MAX_LEN). Error: unsignable.
oscar_status oscar_client_mint_ticket(oscar_handle client,
                                      const uint8_t *connection,
                                      size_t connection_len,
                                      const char *origin,
                                      size_t origin_len,
                                      int64_t now_ms,
                                      char *out,
                                      size_t capacity);

// Verifies a ticket and spends it. `origin`: the header Origin, null when there is none; `require_origin` 1 demands that one is bound.
// Errors: missing (an absent ticket: null), malformed, unknown_key, bad_mac, revoked, stale, replayed, busy, policy.
oscar_status oscar_service_verify_ticket(oscar_handle service,
                                         const char *ticket,
                                         size_t ticket_len,
                                         const char *origin,
                                         size_t origin_len,
                                         uint8_t require_origin,
                                         int64_t now_ms,
                                         struct oscar_verified_ticket *verified);

// Makes a client from the text of a secret. With an audience (used byte for byte) it speaks to that one; with audience_len 0 each request's
// normalised authority is its audience. `settings` may be null. The caller frees the client with `oscar_client_free`.
// Errors: malformed, wrong_kind, weak_secret, unsignable (the audience).
oscar_status oscar_client_new(const char *secret,
                              size_t secret_len,
                              const char *audience,
                              size_t audience_len,
                              const struct oscar_client_settings *settings,
                              oscar_handle *client);

// Makes a client of one audience key (`oa2.` text), whose kid it uses. Otherwise as `oscar_client_new`.
oscar_status oscar_client_from_audience_key(const char *key,
                                            size_t len,
                                            const struct oscar_client_settings *settings,
                                            oscar_handle *client);

// Makes a delegate from the text of a handed-out session (`oz2.`). Otherwise as `oscar_client_new`.
oscar_status oscar_client_from_session(const char *session,
                                       size_t len,
                                       const struct oscar_client_settings *settings,
                                       oscar_handle *client);

// The same client for one audience, as another handle, which the caller frees too. Configuration, clock and grants are shared.
// Error: unsignable.
oscar_status oscar_client_for_audience(oscar_handle client,
                                       const char *audience,
                                       size_t len,
                                       oscar_handle *bound);

// Frees a client; calls that are inside finish first. 0 is nothing to free.
oscar_status oscar_client_free(oscar_handle client);

// The client's key id, 8 bytes into `kid`. Error: missing, in a client by authority whose kid is not known yet.
oscar_status oscar_client_kid(oscar_handle client, uint8_t *kid);

// Signs a request, or the probe that must go before it: `headers->probe` says which.
// `request`: lp(method) lp(authority) lp(target) lp(ext) lp(content digest, 32 bytes or empty), where lp is two bytes of big-endian length
// and the bytes. `body`: the content, unless its digest is given; null with 0 for none. `options`: OSCAR_SIGN_… bits. `now_ms`: milliseconds
// since the epoch; `mono_ms`: a monotonic clock in milliseconds, 0 for none.
// Writes `headers` and `context`, which goes to one of the accept calls or to `oscar_sign_context_free`. On an error nothing is written and
// nothing must be sent. Errors: unsignable, grant_expired (a delegate), policy (unsigned answers and an untrusted clock).
oscar_status oscar_client_sign_packed(oscar_handle client,
                                      const uint8_t *request,
                                      size_t request_len,
                                      const uint8_t *body,
                                      size_t body_len,
                                      uint32_t options,
                                      int64_t now_ms,
                                      int64_t mono_ms,
                                      struct oscar_signed *headers,
                                      oscar_handle *context);

// `oscar_client_sign_packed` of zero-terminated texts, for callers whose language packs slowly: without covered headers and with the whole
// `body`, null with 0 for none.
oscar_status oscar_client_sign_texts(oscar_handle client,
                                     const char *method,
                                     const char *authority,
                                     const char *target,
                                     const uint8_t *body,
                                     size_t body_len,
                                     uint32_t options,
                                     int64_t now_ms,
                                     int64_t mono_ms,
                                     struct oscar_signed *headers,
                                     oscar_handle *context);

// Judges the answer to a signed request and uses `context` up, whatever happens; a second use is replayed.
// `answer`: two bytes of big-endian HTTP status, lp(ext) lp(content digest, 32 bytes or empty), then lp(toki) when the answer has one, then
// lp(grant) when it has one. `body`: the content after removing content-coding, unless its digest is given.
// `received_ms` and `mono_ms`: the clocks when the head of the answer arrived, as in `oscar_client_sign_packed`.
// Returns `outcome.status`; `outcome` may be null.
oscar_status oscar_client_accept_packed(oscar_handle client,
                                        oscar_handle context,
                                        const uint8_t *answer,
                                        size_t answer_len,
                                        const uint8_t *body,
                                        size_t body_len,
                                        int64_t received_ms,
                                        int64_t mono_ms,
                                        struct oscar_outcome *outcome);

// `oscar_client_accept_packed` from the head of an HTTP answer: finds toki and grant among the headers (twice or empty is malformed) and
// makes ext by the configured list. `head`: two bytes of big-endian HTTP status, then lp(name) lp(value) for each header in order.
oscar_status oscar_client_accept_head(oscar_handle client,
                                      oscar_handle context,
                                      const uint8_t *head,
                                      size_t head_len,
                                      const uint8_t *body,
                                      size_t body_len,
                                      int64_t received_ms,
                                      int64_t mono_ms,
                                      struct oscar_outcome *outcome);

// `oscar_client_accept_head` where the caller has digested the content: `digest` is its SHA-256, 32 bytes, never that of zero bytes. The caller has
// seen to `max_answer`.
oscar_status oscar_client_accept_head_digest(oscar_handle client,
                                             oscar_handle context,
                                             const uint8_t *head,
                                             size_t head_len,
                                             const uint8_t *digest,
                                             int64_t received_ms,
                                             int64_t mono_ms,
                                             struct oscar_outcome *outcome);

// Gives up on an answer whose content is over `max_answer`: policy. Uses `context` up. `outcome` may be null.
oscar_status oscar_client_accept_too_large(oscar_handle client,
                                           oscar_handle context,
                                           uint16_t http_status,
                                           struct oscar_outcome *outcome);

// Gives up on a request whose answer never came: missing. Uses `context` up. `outcome` may be null.
oscar_status oscar_client_accept_none(oscar_handle client, oscar_handle context, struct oscar_outcome *outcome);

// Frees the context of a signed request that was never sent. 0 is nothing to free.
oscar_status oscar_sign_context_free(oscar_handle context);

// A session for a browser or worker, used by nobody else: `ttl_s` is 1 to 600 seconds. Its text goes into `out` (OSCAR_SESSION_MAX_LEN) and is
// key material. Error: unsignable (another ttl, a delegate, a client by authority).
oscar_status oscar_client_hand_out(oscar_handle client,
                                   int64_t ttl_s,
                                   int64_t now_ms,
                                   char *out,
                                   size_t capacity);

// How far the service's clock is ahead, in milliseconds. Error: missing before the first answer and in a client by authority.
oscar_status oscar_client_offset(oscar_handle client,
                                 int64_t *offset_ms);

// Clock and newest grant of every audience as a text for another process of the same client; it holds no key. The caller frees `state`
// with `oscar_text_free`.
oscar_status oscar_client_export_state(oscar_handle client,
                                       oscar_handle *state);

// Takes over what `oscar_client_export_state` wrote. Nothing changes on an error. Error: malformed.
oscar_status oscar_client_import_state(oscar_handle client, const char *state, size_t len);

// Ext of a request's headers by the configured list: `headers` is lp(name) lp(value) for each header. Writes into `out` (`capacity` bytes;
// 65,535 always suffice) and its length into `out_len`. Errors: malformed, unsignable (too long), short buffer.
oscar_status oscar_client_request_ext(oscar_handle client,
                                      const uint8_t *headers,
                                      size_t len,
                                      uint8_t *out,
                                      size_t capacity,
                                      size_t *out_len);

// 1: a probe of this client leaves the header of that name out; 0: it keeps it (also for a handle that is not alive).
int32_t oscar_client_drops_from_probe(oscar_handle client, const char *name, size_t len);

// Says in a sentence what is different between a request as it arrived and as it was signed; for development, never for an answer.
// `keys`: lp(label) lp(`oa2.` text) for each key at hand, the service's own first. `request` and `body` as in `oscar_service_verify_packed`.
// Writes a text, which the caller frees with `oscar_text_free`, or 0 when the toki is good or nothing usual explains it.
// Errors: missing (no toki), malformed, those of the key texts.
oscar_status oscar_explain(const uint8_t *keys,
                           size_t keys_len,
                           const uint8_t *request,
                           size_t request_len,
                           const uint8_t *body,
                           size_t body_len,
                           oscar_handle *explanation);

// Mints the toki of a request with an audience key (`oa2.` text), in the session of `grant` unless that is null. `request` and `body` as in
// `oscar_client_sign_packed`; `nonce` has 8 bytes; the toki goes into `out` (OSCAR_TOKI_MAX_LEN). Errors: those of the texts, unsignable.
oscar_status oscar_hazmat_mint_request(const char *key,
                                       size_t key_len,
                                       const char *grant,
                                       size_t grant_len,
                                       const uint8_t *request,
                                       size_t request_len,
                                       const uint8_t *body,
                                       size_t body_len,
                                       int64_t ts_ms,
                                       const uint8_t *nonce,
                                       uint8_t want,
                                       char *out,
                                       size_t capacity);

// `oscar_client_sign_packed` with a nonce of 8 bytes that the caller gives.
oscar_status oscar_hazmat_client_sign(oscar_handle client,
                                      const uint8_t *request,
                                      size_t request_len,
                                      const uint8_t *body,
                                      size_t body_len,
                                      uint32_t options,
                                      int64_t now_ms,
                                      int64_t mono_ms,
                                      const uint8_t *nonce,
                                      struct oscar_signed *headers,
                                      oscar_handle *context);

// Mints the grant that answers a request's toki: `sid` has 8 bytes, the text goes into `out` (OSCAR_GRANT_MAX_LEN). Errors: those of the
// texts, unsignable.
oscar_status oscar_hazmat_mint_grant(const char *key,
                                     size_t key_len,
                                     const char *request_toki,
                                     size_t request_toki_len,
                                     const uint8_t *sid,
                                     int64_t exp_s,
                                     int64_t ttl_s,
                                     char *out,
                                     size_t capacity);

// Mints the toki of an answer to a request's toki, which was sent in the session of `session_grant` unless that is null. `answer`: two bytes of
// big-endian HTTP status, lp(ext) lp(digest, 32 bytes or empty), then lp(grant) when one is attached. The toki goes into `out`
// (OSCAR_TOKI_MAX_LEN). Errors: malformed, unsignable.
oscar_status oscar_hazmat_mint_answer(const char *key,
                                      size_t key_len,
                                      const char *session_grant,
                                      size_t session_grant_len,
                                      const char *request_toki,
                                      size_t request_toki_len,
                                      int32_t code,
                                      int64_t ts_ms,
                                      const uint8_t *answer,
                                      size_t answer_len,
                                      const uint8_t *body,
                                      size_t body_len,
                                      char *out,
                                      size_t capacity);

// Judges an answer to a request that some other client of the key signed: its toki tells what it asked for. `answer` and `body` as in
// `oscar_client_accept_packed`. Fills `outcome` and returns its status.
oscar_status oscar_hazmat_accept(const char *key,
                                 size_t key_len,
                                 const char *session_grant,
                                 size_t session_grant_len,
                                 const char *request_toki,
                                 size_t request_toki_len,
                                 const uint8_t *answer,
                                 size_t answer_len,
                                 const uint8_t *body,
                                 size_t body_len,
                                 struct oscar_outcome *outcome);

// Mints the toki of a message into `out` (OSCAR_MESSAGE_TOKI_MAX_LEN). `message` and `body` as in `oscar_client_mint_message`; `nonce` has 8
// bytes. Errors: those of the key, unsignable.
oscar_status oscar_hazmat_mint_message(const char *key,
                                       size_t key_len,
                                       const uint8_t *message,
                                       size_t message_len,
                                       const uint8_t *body,
                                       size_t body_len,
                                       int64_t ts_ms,
                                       const uint8_t *nonce,
                                       int64_t ttl_s,
                                       char *out,
                                       size_t capacity);

// Presigns a target with an audience key: as `oscar_client_sign_url`. Errors: those of the key, unsignable.
oscar_status oscar_hazmat_mint_url(const char *key,
                                   size_t key_len,
                                   const uint8_t *request,
                                   size_t request_len,
                                   int64_t exp_ms,
                                   char *out,
                                   size_t capacity);

// Mints a ticket into `out` (OSCAR_TICKET_MAX_LEN), bound to an Origin unless `origin` is null; `nonce` has 8 bytes. Errors: those of the key,
// unsignable.
oscar_status oscar_hazmat_mint_ticket(const char *key,
                                      size_t key_len,
                                      const uint8_t *connection,
                                      size_t connection_len,
                                      const char *origin,
                                      size_t origin_len,
                                      int64_t ts_ms,
                                      const uint8_t *nonce,
                                      char *out,
                                      size_t capacity);

// SHA-256 of `data`, 32 bytes into `digest`.
oscar_status oscar_sha256(const uint8_t *data, size_t len, uint8_t *digest);

// The value of a Content-Digest header for a SHA-256 of 32 bytes, into `out` (OSCAR_CONTENT_DIGEST_MAX_LEN).
oscar_status oscar_content_digest_format(const uint8_t *digest, char *out, size_t capacity);

// Reads the value of a Content-Digest header: its one sha-256 member, 32 bytes, into `digest`. Errors: missing (none that counts: the header is as
// good as absent), malformed (two).
oscar_status oscar_content_digest_parse(const char *header,
                                        size_t len,
                                        uint8_t *digest);

// Normalises an authority: A to Z folded, one trailing `:80` or `:443` removed; into `out` (OSCAR_AUTHORITY_MAX_LEN). Error: malformed.
oscar_status oscar_authority_normalise(const char *authority,
                                       size_t len,
                                       char *out,
                                       size_t capacity);

// Keeps a handle under a name for later callers of this process, who look it up with `oscar_kept`; from now on it is nobody's to free. A name
// keeps its first handle. Error: too many handles (64 names; the handle stays the caller's).
oscar_status oscar_keep(const char *name,
                        size_t len,
                        oscar_handle handle);

// The handle that is kept under a name; 0 for none.
oscar_handle oscar_kept(const char *name, size_t len);

// Makes a new random secret. `out` has `capacity` bytes, at least OSCAR_SECRET_MAX_LEN. The text is the secret itself: wipe it, keep it in
// a file of mode 0600. Error: busy (no random bytes).
oscar_status oscar_secret_generate(char *out,
                                   size_t capacity);

// The text of a secret of exactly 32 random bytes. Error: weak_secret for another length or 32 equal bytes.
oscar_status oscar_secret_from_bytes(const uint8_t *data, size_t len, char *out, size_t capacity);

// Reads the text of a secret and prints it back into `out` (OSCAR_SECRET_MAX_LEN). Errors: malformed, wrong_kind, weak_secret.
oscar_status oscar_secret_parse(const char *secret,
                                size_t len,
                                char *out,
                                size_t capacity);

// The key id that a secret has in a generation (0 at first), 8 bytes into `kid`. Errors: those of the text, unsignable.
oscar_status oscar_secret_kid(const char *secret, size_t len, int64_t generation, uint8_t *kid);

// The text of the key that one service gets: for its audience (1 to 255 bytes 0x21 to 0x7E, used byte for byte) and a generation.
// `out` has at least OSCAR_AUDIENCE_KEY_MAX_LEN bytes. Errors: those of the text, unsignable.
oscar_status oscar_secret_audience_key(const char *secret,
                                       size_t len,
                                       const char *audience,
                                       size_t audience_len,
                                       int64_t generation,
                                       char *out,
                                       size_t capacity);

// Reads the text of an audience key and prints it back into `out` (OSCAR_AUDIENCE_KEY_MAX_LEN). With a `kid` that is not null (8 bytes)
// it prints the same key under that registered kid. Errors: malformed, wrong_kind, weak_secret.
oscar_status oscar_audience_key_parse(const char *key,
                                      size_t len,
                                      const uint8_t *kid,
                                      char *out,
                                      size_t capacity);

// The key id inside an audience key's text, 8 bytes into `kid`, and, where `raw` is not null, the key itself, 32 bytes.
// Errors: malformed, wrong_kind, weak_secret.
oscar_status oscar_audience_key_read(const char *key, size_t len, uint8_t *kid, uint8_t *raw);

// Reads the text of a handed-out session, prints it back into `out` (OSCAR_SESSION_MAX_LEN) and, where `claims` is not null, what its
// grant says. Errors: malformed, wrong_kind.
oscar_status oscar_session_parse(const char *session,
                                 size_t len,
                                 char *out,
                                 size_t capacity,
                                 struct oscar_grant_claims *claims);

// Reads the text of a grant. Error: malformed.
oscar_status oscar_grant_parse(const char *grant, size_t len, struct oscar_grant_claims *claims);

// Reads the text of a request's toki, without verifying it. Error: malformed.
oscar_status oscar_toki_parse(const char *toki, size_t len, struct oscar_toki_claims *claims);

// Reads the text of an answer's toki, without verifying it. Error: malformed.
oscar_status oscar_answer_toki_parse(const char *toki, size_t len, struct oscar_answer_claims *claims);

// Makes an empty ring for one audience (1 to 255 bytes 0x21 to 0x7E, used byte for byte). The caller frees it with `oscar_keyring_free`; a
// service that was made with it keeps it alive. Error: malformed.
oscar_status oscar_keyring_new(const char *audience,
                               size_t len,
                               oscar_handle *keyring);

// The audience whose keys these are, into `out` (OSCAR_AUTHORITY_MAX_LEN).
oscar_status oscar_keyring_audience(oscar_handle keyring, char *out, size_t capacity);

// Frees a ring. 0 is nothing to free.
oscar_status oscar_keyring_free(oscar_handle keyring);

// Adds what one line of a key file says: `oa2.…`, `oa2.… kid=HEX`, or `v1 until=RFC3339 dialect=any key=HEX kid=HEX`.
// The same kid with the same key again changes nothing.
// Errors: wrong_kind (os2, oz2), malformed, weak_secret, kid_taken, policy (a seventeenth v1 key).
oscar_status oscar_keyring_add(oscar_handle keyring,
                               const char *line,
                               size_t len);

// Switches OscarToki v1 on for a client (kid, 8 bytes) until a time: `key` are the v1 key's bytes, `dialect` one of OSCAR_DIALECT_….
// Errors: malformed, weak_secret, kid_taken, policy.
oscar_status oscar_keyring_add_v1(oscar_handle keyring,
                                  const uint8_t *kid,
                                  const uint8_t *key,
                                  size_t key_len,
                                  int64_t until_ms,
                                  uint32_t dialect);

// Replaces all keys by those of a key file's text, at once or, with an error, not at all; `oscar_last_detail` says the line. Blank lines
// and # comments are skipped; revocations stay. Errors as of `oscar_keyring_add`.
oscar_status oscar_keyring_load(oscar_handle keyring,
                                const char *file,
                                size_t len);

// What `oscar_keyring_load` would refuse the text of a key file for; nothing is loaded. `oscar_last_detail` says the line. Errors as there.
oscar_status oscar_keyring_fault_in_keys(oscar_handle keyring,
                                         const char *file,
                                         size_t len);

// Replaces the revocations by those of a file's text (`revoked KID`, `revoked KID SID`, `revoked KID before SECONDS`), at once or, with
// an error, not at all. What this process revoked by its own calls stays, and an issued-before mark never falls. Error: malformed.
oscar_status oscar_keyring_load_revocations(oscar_handle keyring,
                                            const char *file,
                                            size_t len);

// Revokes a kid (8 bytes) at once. The line that a file of revocations gets goes into `line` (OSCAR_REVOCATION_MAX_LEN); null with 0 for none.
oscar_status oscar_keyring_revoke_key(oscar_handle keyring,
                                      const uint8_t *kid,
                                      char *line,
                                      size_t capacity);

// Revokes one session (8 bytes) of a kid (8 bytes) at once. `line` as in `oscar_keyring_revoke_key`.
oscar_status oscar_keyring_revoke_session(oscar_handle keyring,
                                          const uint8_t *kid,
                                          const uint8_t *sid,
                                          char *line,
                                          size_t capacity);

// Revokes the sessions of a kid (8 bytes) that were issued before a second of the epoch; one issued at it is good. The mark never falls.
// `line` as in `oscar_keyring_revoke_key`. Error: malformed (a negative time).
oscar_status oscar_keyring_revoke_issued_before(oscar_handle keyring,
                                                const uint8_t *kid,
                                                int64_t before_s,
                                                char *line,
                                                size_t capacity);

// 1: a key stands under this kid (8 bytes); 0: none does, or the handle is not alive.
int32_t oscar_keyring_holds(oscar_handle keyring, const uint8_t *kid);

// 1: OscarToki v1 is on for a key of the ring; 0: for none, or the handle is not alive.
int32_t oscar_keyring_has_v1(oscar_handle keyring);

// The kids held, sorted, one line of hex each. The caller frees `kids` with `oscar_text_free`.
oscar_status oscar_keyring_kids(oscar_handle keyring, oscar_handle *kids);

// All revocations in force, as the text of a file. The caller frees `revocations` with `oscar_text_free`.
oscar_status oscar_keyring_revocations(oscar_handle keyring, oscar_handle *revocations);

// A memory of this process alone, with room for so many tokis; after a fork it refuses. The caller frees it with `oscar_replay_log_free`.
oscar_status oscar_replay_log_memory(size_t capacity,
                                     oscar_handle *replay_log);

// `oscar_replay_log_memory` with exactly that capacity, in one shard and without quotas. For tests.
oscar_status oscar_replay_log_exact(size_t capacity, oscar_handle *replay_log);

// A memory in a file that the processes of one machine share, and that survives their restarts: opened, or made with room for `capacity` tokis
// (0: a million; 48 bytes each). Its folder must exist and be private to this user; beside it a file with the ending `.lock` is made.
// `path` has `len` bytes. The caller frees the handle with `oscar_replay_log_free`.
// Error: store; `oscar_last_detail` names the file and, mostly, the way out.
oscar_status oscar_replay_log_mapped(const char *path,
                                     size_t len,
                                     size_t capacity,
                                     oscar_handle *replay_log);

// The file that processes share which hold these keys for this audience: in a private folder of this user, which is made. Written into `out`
// (OSCAR_PATH_MAX_LEN). Error: store.
oscar_status oscar_replay_log_default_path(oscar_handle keyring,
                                           char *out,
                                           size_t capacity);

// A memory that the machines of a fleet share: the memory `name` (most often the audience) of the Redis at `url`, `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`,
// which must not evict (`maxmemory-policy noeviction`). `capacity` (0: a million): how many live requests are expected, for the share of a key and
// a session. A request waits 50 ms for it at most. The caller frees the handle with `oscar_replay_log_free`.
// Error: store; `oscar_last_detail` names the server, never the password.
oscar_status oscar_replay_log_redis(const char *url,
                                    size_t url_len,
                                    const char *name,
                                    size_t name_len,
                                    size_t capacity,
                                    oscar_handle *replay_log);

// A memory that remembers nothing: a service with it refuses everything as busy. For tests of that.
oscar_status oscar_replay_log_none(oscar_handle *replay_log);

// Frees a memory; a service that was made with it keeps it alive. 0 is nothing to free.
oscar_status oscar_replay_log_free(oscar_handle replay_log);

// Has a ring follow its files, and loads them at once: `key_files` are lp(path) of each key file, whose lines are taken together with those
// of `fixed`, the text of keys that stand in no file; `revocations` is the path of the file of revocations, none with length 0; one that is not
// there yet is an empty one. Without key files and fixed text the ring's keys are left alone, else replaced as a whole, here and at
// each change. The caller frees `ring_files` with `oscar_ring_files_free`.
// Errors: store (a file can't be read), and those of `oscar_keyring_load` and `oscar_keyring_load_revocations`; `oscar_last_detail`
// names the file, and the line.
oscar_status oscar_ring_files_open(oscar_handle keyring,
                                   const uint8_t *key_files,
                                   size_t key_files_len,
                                   const char *fixed,
                                   size_t fixed_len,
                                   const char *revocations,
                                   size_t revocations_len,
                                   oscar_handle *ring_files);

// Takes over what has changed in the files: to be called before each verification. Between two looks at the files, 400 ms apart, it costs a look
// at the clock. A change is in force within two seconds, at the latest with the first call after them: a file is read once it stands still.
// A file that is wrong or gone is told once, by the errors of `oscar_ring_files_open`; what was good before stays in force, and the
// caller goes on.
oscar_status oscar_ring_files_refresh(oscar_handle ring_files);

// Appends the line that an `oscar_keyring_revoke_…` call gave to the file of revocations, under a lock, and has it on the disk when it returns,
// so that every process follows. Without such a file nothing happens. Errors: malformed (no line of such a file), store.
oscar_status oscar_ring_files_append(oscar_handle ring_files,
                                     const char *line,
                                     size_t len);

// Stops following the files; the ring stays as it is. 0 is nothing to free.
oscar_status oscar_ring_files_free(oscar_handle ring_files);

// Makes a service that starts at `now_ms` with the keys of one audience and a replay memory, both of which it keeps alive. The caller frees
// it with `oscar_service_free`. A memory that begins empty makes it refuse as stale what is older than its start: see
// `oscar_service_ready_at`. Errors: policy (times and sizes), malformed (a name that is no authority, a covered header that is none).
oscar_status oscar_service_new(const struct oscar_service_settings *settings,
                               oscar_handle keyring,
                               oscar_handle replay_log,
                               int64_t now_ms,
                               oscar_handle *service);

// Frees a service; calls that are inside finish first. 0 is nothing to free.
oscar_status oscar_service_free(oscar_handle service);

// When the service is ready, milliseconds since 1970; before that, everything is refused as stale.
oscar_status oscar_service_ready_at(oscar_handle service, int64_t *ready_at_ms);

// The floor: at and below this time nothing is accepted. It never falls.
oscar_status oscar_service_floor(oscar_handle service, int64_t *floor_ms);

// What happened so far.
oscar_status oscar_service_counters(oscar_handle service, struct oscar_counters *counters);

// Judges one request by its fields. `request`: lp(method) lp(authority) lp(target) lp(ext) lp(digest), then lp(toki) when it has the header
// oscartoki, then lp(grant) when it has oscartokikey. `digest`, 32 bytes or empty, is what Content-Digest says and makes the verdict
// pending; without it `body` is the content. Returns `verdict->status`.
oscar_status oscar_service_verify_packed(oscar_handle service,
                                         const uint8_t *request,
                                         size_t request_len,
                                         const uint8_t *body,
                                         size_t body_len,
                                         int64_t now_ms,
                                         struct oscar_verdict *verdict);

// `oscar_service_verify_packed` of zero-terminated texts, for callers whose language packs slowly: without covered headers and without
// Content-Digest. `toki` and `grant` are null when the request has none. Returns `verdict->status`.
oscar_status oscar_service_verify_texts(oscar_handle service,
                                        const char *method,
                                        const char *authority,
                                        const char *target,
                                        const char *toki,
                                        const char *grant,
                                        const uint8_t *body,
                                        size_t body_len,
                                        int64_t now_ms,
                                        struct oscar_verdict *verdict);

// Judges one request by its raw head: our headers are looked for, doubles and method overrides refused, ext is made of the configured
// headers. `head`: lp(method) lp(:authority of HTTP/2, or empty) lp(raw target), then lp(name) lp(value) for each header in order.
// `body`: what has arrived, null with 0 for nothing; without a Content-Digest (`oscar_service_wants_body`) it must be all of it, at most
// `max_body` bytes and one more; with one the verdict of an empty body is pending. Returns `verdict->status`.
oscar_status oscar_service_verify_head(oscar_handle service,
                                       const uint8_t *head,
                                       size_t head_len,
                                       const uint8_t *body,
                                       size_t body_len,
                                       int64_t now_ms,
                                       struct oscar_verdict *verdict);

// `oscar_service_verify_head` where all of the body has arrived and the caller has digested it: `digest` is its SHA-256, 32 bytes, never that of
// zero bytes. The caller has seen to `max_body`.
oscar_status oscar_service_verify_head_digest(oscar_handle service,
                                              const uint8_t *head,
                                              size_t head_len,
                                              const uint8_t *digest,
                                              int64_t now_ms,
                                              struct oscar_verdict *verdict);

// 1: read the body, at most `max_body` bytes and one more, before `oscar_service_verify_head`; 0: ask first, read after. `head` as there.
int32_t oscar_service_wants_body(oscar_handle service,
                                 const uint8_t *head,
                                 size_t head_len);

// Compares the content that arrived with its Content-Digest: `digest` is the SHA-256 of it, 32 bytes, or null, then `body` is all of it.
// Uses the pending `context` up, and fills `verdict` anew. Returns `verdict->status`: OSCAR_OK, body_mismatch, replayed (used before).
oscar_status oscar_service_finish(oscar_handle context,
                                  const uint8_t *body,
                                  size_t body_len,
                                  const uint8_t *digest,
                                  struct oscar_verdict *verdict);

// The body is over the limit: signed policy with status 413. Uses the pending `context` up and fills `verdict` anew.
oscar_status oscar_service_too_large(oscar_handle context, struct oscar_verdict *verdict);

// The answer to the first step of OscarToki v1 (OSCAR_HANDSHAKE): status 200, the header oscartoki into `toki`
// (OSCAR_ANSWER_TOKI_MAX_LEN) and the JSON body into `body` (OSCAR_HANDSHAKE_BODY_MAX_LEN). Uses `context` up. Nothing else may run.
oscar_status oscar_service_handshake(oscar_handle context,
                                     char *toki,
                                     size_t toki_capacity,
                                     char *body,
                                     size_t body_capacity);

// Frees the context of a verdict, of whatever kind, that is not used. 0 is nothing to free.
oscar_status oscar_verdict_free(oscar_handle context);

// Mints the headers of the answer and uses `context` up; a second use is replayed. `answer`: two bytes of big-endian HTTP status, lp(ext)
// lp(digest, 32 bytes or empty). `body`: the content that goes out, unless its digest is given; none for a stream, which is then not covered.
// `now_ms` is the service's clock at this moment. Errors: unsignable (a 1xx status), replayed.
oscar_status oscar_service_answer_packed(oscar_handle service,
                                         oscar_handle context,
                                         const uint8_t *answer,
                                         size_t answer_len,
                                         const uint8_t *body,
                                         size_t body_len,
                                         int64_t now_ms,
                                         struct oscar_answered *headers);

// `oscar_service_answer_packed` from an answer's raw head: ext is made of the configured headers. `head`: two bytes of big-endian HTTP
// status, then lp(name) lp(value) for each header in order.
oscar_status oscar_service_answer_head(oscar_handle service,
                                       oscar_handle context,
                                       const uint8_t *head,
                                       size_t head_len,
                                       const uint8_t *body,
                                       size_t body_len,
                                       int64_t now_ms,
                                       struct oscar_answered *headers);

// `oscar_service_answer_head` where the caller has digested the content: `digest` is its SHA-256, 32 bytes, never that of zero bytes.
oscar_status oscar_service_answer_head_digest(oscar_handle service,
                                              oscar_handle context,
                                              const uint8_t *head,
                                              size_t head_len,
                                              const uint8_t *digest,
                                              int64_t now_ms,
                                              struct oscar_answered *headers);

// Fills in what is usual: no covered headers, answers of 1 MiB, generation 0, Content-Digest with any content.
oscar_status oscar_client_settings_init(struct oscar_client_settings *settings);

// Fills in what is usual: W 30 s, grants of 600 s, bodies and answers of 1 MiB, no names, no covered headers.
oscar_status oscar_service_settings_init(struct oscar_service_settings *settings);

// Mints a token into `out` (OSCAR_SOCKTOPUS_TOKEN_MAX_LEN). Errors: weak_secret (an empty one), unsignable.
oscar_status oscar_socktopus_mint(const uint8_t *secret,
                                  size_t secret_len,
                                  const char *app,
                                  size_t app_len,
                                  const char *connection,
                                  size_t connection_len,
                                  int64_t ts_ms,
                                  char *out,
                                  size_t capacity);

// Makes an empty set of secrets. The caller frees it with `oscar_socktopus_secrets_free`.
oscar_status oscar_socktopus_secrets_new(oscar_handle *secrets);

// Adds an app, or changes its secret. Errors: weak_secret (an empty one), malformed (a name that is not 1 to 255 bytes).
oscar_status oscar_socktopus_secrets_add(oscar_handle secrets,
                                         const char *app,
                                         size_t app_len,
                                         const uint8_t *secret,
                                         size_t secret_len);

// Frees a set of secrets. 0 is nothing to free.
oscar_status oscar_socktopus_secrets_free(oscar_handle secrets);

// Verifies a token, without memory. Errors, in this order: malformed, unknown_key, bad_mac, stale.
oscar_status oscar_socktopus_verify(oscar_handle secrets,
                                    const char *token,
                                    size_t token_len,
                                    int64_t now_ms,
                                    struct oscar_socktopus_token *verified);

// Reads a hub's frame: OSCAR_SOCKTOPUS_DATA (the message begins at `content_at`), …_PONG, …_CLOSE or …_OTHER.
oscar_status oscar_socktopus_frame(const char *frame, size_t frame_len, uint32_t *kind, size_t *content_at);

// The schedule of a client's pings, for a connection that opened now; a monotonic clock serves best. The caller frees it with
// `oscar_socktopus_pings_free`.
oscar_status oscar_socktopus_pings_new(int64_t now_ms,
                                       oscar_handle *pings);

// What to do now: OSCAR_SOCKTOPUS_PING_NOW, …_PING_LATER (at `at_ms`) or …_DEAD.
oscar_status oscar_socktopus_pings_next(oscar_handle pings, int64_t now_ms, uint32_t *step, int64_t *at_ms);

// A PONG came.
oscar_status oscar_socktopus_pings_pong(oscar_handle pings);

// Frees a schedule. 0 is nothing to free.
oscar_status oscar_socktopus_pings_free(oscar_handle pings);

// The JSON body of `POST /send` as a text that the caller frees. `messages`: lp(recipient) lp(content) of each.
oscar_status oscar_socktopus_send_body(const char *app,
                                       size_t app_len,
                                       const char *secret,
                                       size_t secret_len,
                                       const uint8_t *messages,
                                       size_t messages_len,
                                       oscar_handle *body);

// The JSON body of `POST /kick` as a text that the caller frees. `connections`: lp(id) of each.
oscar_status oscar_socktopus_kick_body(const char *app,
                                       size_t app_len,
                                       const char *secret,
                                       size_t secret_len,
                                       const uint8_t *connections,
                                       size_t connections_len,
                                       oscar_handle *body);

// Reads what `/send` answered: how many messages went into a connection's queue, and how many to nobody. Error: malformed.
oscar_status oscar_socktopus_sent(const uint8_t *body,
                                  size_t body_len,
                                  size_t *succeeded,
                                  size_t *failed);

// The stable name of an error of the protocol, the same in every language, such as "stale"; "ok" for 0, and a name of this ABI such as
// "bad_handle" for 64 and above. Null for a number that is no status. A static text; nobody frees it.
const char *oscar_error_name(int32_t status);

// A sentence for a status. Never null; a static text, nobody frees it.
const char *oscar_status_message(int32_t status);

// The status of an error's name, -1 for a text (zero-terminated) that is none, or null.
int32_t oscar_status_from_name(const char *name);

// Which rule the last call of this thread that did not return OSCAR_OK broke, in a few words; never key material, never what was in the
// input. Valid until the next call of this function on this thread; nobody frees it.
const char *oscar_last_detail(void);

// The version of this library, such as "0.1.0". A static text; nobody frees it.
const char *oscar_version(void);

// The ABI of this library: equal to `OSCAR_ABI_VERSION` of the header that fits it.
uint32_t oscar_abi_version(void);

// Mints an `app_pass` into `out` (OSCAR_TCX_PASS_MAX_LEN). `params`: lp(name) lp(text) of each parameter, read in mode param; `datetime`: 14
// digits, read in mode time. `client_token`: 1 to 64 visible ASCII characters without colon and capitals. Error: unsignable.
oscar_status oscar_tcx_pass_mint(uint32_t mode,
                                 const uint8_t *params,
                                 size_t params_len,
                                 const char *datetime,
                                 size_t datetime_len,
                                 const char *app_public,
                                 size_t app_public_len,
                                 const char *client_token,
                                 size_t client_token_len,
                                 uint32_t dialect,
                                 char *out,
                                 size_t capacity);

// Verifies an `app_pass` in either form. `strict` (not 0): a parameter with `&` or `=` is policy.
// Errors, in this order: malformed, bad_mac, policy, stale.
oscar_status oscar_tcx_pass_verify(uint32_t mode,
                                   const uint8_t *params,
                                   size_t params_len,
                                   const char *datetime,
                                   size_t datetime_len,
                                   const char *app_public,
                                   size_t app_public_len,
                                   const char *app_pass,
                                   size_t app_pass_len,
                                   int64_t now_ms,
                                   uint32_t strict,
                                   struct oscar_tcx_pass *verified);

// The headers of a call, a line `Name: value\n` each, as a text that the caller frees. `kind`: OSCAR_TCX_OWTC, …_TWTC or …_FTC.
// Error: unsignable (no token where the type has one, texts outside 0x21 to 0x7E).
oscar_status oscar_tcx_headers(uint32_t kind,
                               const char *app_id,
                               size_t app_id_len,
                               const char *app_pass,
                               size_t app_pass_len,
                               const char *token,
                               size_t token_len,
                               oscar_handle *headers);

// The verdict of a code (`TCXPFX` and the like) with the numbers of a table (OSCAR_TCX_DOCUMENTED, …_SERVER4) on a route
// (OSCAR_TCX_CALL, …_AUTHORIZE, …_REAUTHORIZE). Error: malformed (a code that the route does not give).
oscar_status oscar_tcx_verdict_of(const char *code,
                                  size_t code_len,
                                  uint32_t table,
                                  uint32_t route,
                                  struct oscar_tcx_verdict *verdict);

// Makes a client of an app. `master_key` (length 0: none) goes with calls of OSCAR_TCX_FTC. The caller frees it with
// `oscar_tcx_client_free`. Errors: unsignable, weak_secret.
oscar_status oscar_tcx_client_new(const char *app_id,
                                  size_t app_id_len,
                                  const char *app_secret,
                                  size_t app_secret_len,
                                  const char *app_public,
                                  size_t app_public_len,
                                  const char *master_key,
                                  size_t master_key_len,
                                  uint32_t kind,
                                  uint32_t mode,
                                  uint32_t dialect,
                                  oscar_handle *client);

// Frees a client of TCX. 0 is nothing to free.
oscar_status oscar_tcx_client_free(oscar_handle client);

// A fresh pass into `out` (OSCAR_TCX_PASS_MAX_LEN): `params` and `datetime` as of `oscar_tcx_pass_mint`. Error: unsignable.
oscar_status oscar_tcx_client_pass(oscar_handle client,
                                   const uint8_t *params,
                                   size_t params_len,
                                   const char *datetime,
                                   size_t datetime_len,
                                   char *out,
                                   size_t capacity);

// Now as `tcx_datetime` has it, 14 digits in UTC, into `out` (OSCAR_TCX_DATETIME_MAX_LEN).
oscar_status oscar_tcx_datetime(int64_t now_ms, char *out, size_t capacity);

// The headers of one call with a fresh pass, a line `Name: value\n` each, as a text that the caller frees. `access`: the access token of
// OSCAR_TCX_TWTC. Error: unsignable.
oscar_status oscar_tcx_client_headers(oscar_handle client,
                                      const uint8_t *params,
                                      size_t params_len,
                                      const char *datetime,
                                      size_t datetime_len,
                                      const char *access,
                                      size_t access_len,
                                      oscar_handle *headers);

// The access token, or what to do for it. Of many callers one asks, the others wait. Error: unsignable.
oscar_status oscar_tcx_client_access(oscar_handle client, int64_t now_ms, struct oscar_tcx_step *step);

// Takes over the answer to the request of that number. `verdict` is what the authority refused it with; its `number` is empty when it did
// not: ask `oscar_tcx_client_access` again. Error: malformed (it is no answer of TCX).
oscar_status oscar_tcx_client_received(oscar_handle client,
                                       int64_t number,
                                       const uint8_t *body,
                                       size_t body_len,
                                       int64_t now_ms,
                                       struct oscar_tcx_verdict *verdict);

// No answer came to the request of that number: another caller may ask.
oscar_status oscar_tcx_client_failed(oscar_handle client, int64_t number);

// The length of a text in bytes, without a terminating zero.
oscar_status oscar_text_len(oscar_handle text, size_t *len);

// Copies a text into `out`, which has `capacity` bytes: at least its length; no terminating zero is written. Error: short buffer.
oscar_status oscar_text_copy(oscar_handle text,
                             char *out,
                             size_t capacity);

// Frees a text. 0 is nothing to free.
oscar_status oscar_text_free(oscar_handle text);

// Mints the newest v1 toki that every original accepts at `now_ms`, into `out` (OSCAR_ANSWER_TOKI_MAX_LEN).
// Errors: weak_secret (an empty key), unsignable (a time that has not 13 digits).
oscar_status oscar_v1_mint(const uint8_t *key, size_t key_len, int64_t now_ms, char *out, size_t capacity);

// Verifies a v1 toki in a dialect (OSCAR_DIALECT_…) and writes its time. Errors: weak_secret, malformed, bad_mac, stale.
oscar_status oscar_v1_verify(const uint8_t *key,
                             size_t key_len,
                             const char *toki,
                             size_t toki_len,
                             uint32_t dialect,
                             int64_t now_ms,
                             int64_t *ts_ms);

// Mints the tokikey that answers a v1 toki, into `out` (OSCAR_V1_TOKIKEY_MAX_LEN). Errors: weak_secret, malformed, unsignable.
oscar_status oscar_v1_tokikey_mint(const uint8_t *key,
                                   size_t key_len,
                                   const char *toki,
                                   size_t toki_len,
                                   int64_t now_ms,
                                   char *out,
                                   size_t capacity);

// Verifies the tokikey of a v1 toki. Errors: weak_secret, malformed, bad_mac, stale.
oscar_status oscar_v1_tokikey_verify(const uint8_t *key,
                                     size_t key_len,
                                     const char *toki,
                                     size_t toki_len,
                                     const char *tokikey,
                                     size_t tokikey_len,
                                     uint32_t dialect,
                                     int64_t now_ms);

// Makes a client of OscarToki v1. The caller frees it with `oscar_v1_client_free`. Error: weak_secret.
oscar_status oscar_v1_client_new(const uint8_t *key, size_t key_len, uint32_t dialect, oscar_handle *client);

// Frees a v1 client. 0 is nothing to free.
oscar_status oscar_v1_client_free(oscar_handle client);

// Begins an exchange: the header oscartoki of both steps goes into `toki` (OSCAR_ANSWER_TOKI_MAX_LEN). The caller frees `exchange` with
// `oscar_v1_exchange_free`. Error: unsignable.
oscar_status oscar_v1_client_begin(oscar_handle client,
                                   int64_t now_ms,
                                   char *toki,
                                   size_t capacity,
                                   oscar_handle *exchange);

// Accepts the answer to the first step, its JSON body and its header oscartoki (null when absent), once: the tokikey, which the second step
// carries as oscartokikey, goes into `tokikey` (OSCAR_V1_TOKIKEY_MAX_LEN). Errors: missing, malformed, bad_mac, stale, replayed.
oscar_status oscar_v1_exchange_accept_first(oscar_handle exchange,
                                            const uint8_t *body,
                                            size_t body_len,
                                            const char *toki,
                                            size_t toki_len,
                                            int64_t now_ms,
                                            char *tokikey,
                                            size_t capacity);

// Accepts the answer to the second step by its header oscartoki (null when absent), once. It proves that the service holds the key, not what
// it wrote. Errors: missing, malformed, bad_mac, stale, replayed.
oscar_status oscar_v1_exchange_accept_second(oscar_handle exchange,
                                             const char *toki,
                                             size_t toki_len,
                                             int64_t now_ms);

// Frees an exchange. 0 is nothing to free.
oscar_status oscar_v1_exchange_free(oscar_handle exchange);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus


/* ---- Helpers, inline: they pack what the calls above read. ---- */

/* Bytes that somebody else owns. */
typedef struct oscar_slice {
    const void *data;
    size_t len;
} oscar_slice;

/* The slice of a zero-terminated text; null is empty. */
static inline oscar_slice oscar_str(const char *text) {
    oscar_slice slice;
    slice.data = text;
    slice.len = text == NULL ? 0 : strlen(text);
    return slice;
}

/* The same of a header that may be absent, as the structs above give it: an empty text is no header. */
static inline oscar_slice oscar_optional(const char *text) {
    return oscar_str(text == NULL || text[0] == 0 ? NULL : text);
}

/* A request as it goes over the wire. All zero but what is needed. */
typedef struct oscar_request {
    oscar_slice method;    /* upper case */
    oscar_slice authority; /* the Host value */
    oscar_slice target;    /* path and query as written on the wire */
    oscar_slice ext;       /* of oscar_client_request_ext; empty without covered headers */
    oscar_slice body;      /* the content, or */
    const uint8_t *digest; /* its SHA-256, 32 bytes */
    oscar_slice toki;      /* for a service: the header oscartoki; data is null when it is absent */
    oscar_slice grant;     /* for a service: the header oscartokikey; data is null when it is absent */
} oscar_request;

/* An answer. All zero but what is needed. */
typedef struct oscar_answer {
    int32_t status; /* 0 to 65535 */
    oscar_slice ext;
    oscar_slice body;      /* the content, or */
    const uint8_t *digest; /* its SHA-256, 32 bytes */
    oscar_slice toki;      /* for a client: the header oscartoki; data is null when it is absent */
    oscar_slice grant;     /* for a client: the header oscartokikey; data is null when it is absent */
} oscar_answer;

/* A buffer that grows out of its first room on the stack. Begin with oscar_pack_begin, end with oscar_pack_end. */
typedef struct oscar_pack {
    uint8_t *data;
    size_t len;
    size_t capacity;
    int failed; /* not 0: a number or field that does not fit, or no memory */
    uint8_t room[1024];
} oscar_pack;

static inline void oscar_pack_begin(oscar_pack *pack) {
    pack->data = pack->room;
    pack->len = 0;
    pack->capacity = sizeof pack->room;
    pack->failed = 0;
}

static inline void oscar_pack_end(oscar_pack *pack) {
    if (pack->data != pack->room) free(pack->data);
    pack->data = pack->room;
    pack->len = 0;
    pack->capacity = sizeof pack->room;
}

static inline uint8_t *oscar_pack_reserve(oscar_pack *pack, size_t more) {
    uint8_t *place;
    if (pack->capacity - pack->len < more) {
        size_t capacity = pack->capacity * 2 + more;
        uint8_t *grown = (uint8_t *)malloc(capacity);
        if (grown == NULL) {
            pack->failed = 1;
            return NULL;
        }
        memcpy(grown, pack->data, pack->len);
        if (pack->data != pack->room) free(pack->data);
        pack->data = grown;
        pack->capacity = capacity;
    }
    place = pack->data + pack->len;
    pack->len += more;
    return place;
}

/* Two bytes, big endian. */
static inline void oscar_pack_be16(oscar_pack *pack, int32_t number) {
    uint8_t *place = oscar_pack_reserve(pack, 2);
    if (number < 0 || number > 65535) pack->failed = 1;
    if (place == NULL) return;
    place[0] = (uint8_t)(number >> 8);
    place[1] = (uint8_t)(number & 255);
}

/* lp(field). */
static inline void oscar_pack_field(oscar_pack *pack, const void *data, size_t len) {
    uint8_t *place;
    if (len > 65535) {
        pack->failed = 1;
        return;
    }
    place = oscar_pack_reserve(pack, 2 + len);
    if (place == NULL) return;
    place[0] = (uint8_t)(len >> 8);
    place[1] = (uint8_t)(len & 255);
    if (len != 0) memcpy(place + 2, data, len);
}

/* lp(name) lp(value) of one header. */
static inline void oscar_pack_header(oscar_pack *pack, const char *name, const char *value) {
    oscar_pack_field(pack, name, strlen(name));
    oscar_pack_field(pack, value, strlen(value));
}

static inline void oscar_pack_slice(oscar_pack *pack, oscar_slice slice) {
    oscar_pack_field(pack, slice.data, slice.len);
}

static inline void oscar_pack_digest(oscar_pack *pack, const uint8_t *digest) {
    oscar_pack_field(pack, digest, digest == NULL ? 0 : 32);
}

/* Toki and grant stand last, and only when they are there. */
static inline void oscar_pack_proofs(oscar_pack *pack, oscar_slice toki, oscar_slice grant) {
    if (toki.data == NULL) return;
    oscar_pack_slice(pack, toki);
    if (grant.data != NULL) oscar_pack_slice(pack, grant);
}

static inline void oscar_pack_request(oscar_pack *pack, const oscar_request *request) {
    oscar_pack_slice(pack, request->method);
    oscar_pack_slice(pack, request->authority);
    oscar_pack_slice(pack, request->target);
    oscar_pack_slice(pack, request->ext);
    oscar_pack_digest(pack, request->digest);
}

static inline void oscar_pack_answer(oscar_pack *pack, const oscar_answer *answer) {
    oscar_pack_be16(pack, answer->status);
    oscar_pack_slice(pack, answer->ext);
    oscar_pack_digest(pack, answer->digest);
}

/* oscar_client_sign_packed over a struct. */
static inline oscar_status oscar_client_sign_with(oscar_handle client, const oscar_request *request, uint32_t options, int64_t now_ms,
                                                  int64_t mono_ms, oscar_signed *headers, oscar_handle *context) {
    oscar_pack pack;
    oscar_status status = OSCAR_UNSIGNABLE;
    if (request == NULL) return OSCAR_NULL_POINTER;
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, request);
    if (!pack.failed)
        status = oscar_client_sign_packed(client, pack.data, pack.len, (const uint8_t *)request->body.data, request->body.len, options,
                                          now_ms, mono_ms, headers, context);
    oscar_pack_end(&pack);
    return status;
}

/* Signs a request, or the probe that must go before it (headers->probe). */
static inline oscar_status oscar_client_sign(oscar_handle client, const oscar_request *request, int64_t now_ms, oscar_signed *headers,
                                             oscar_handle *context) {
    return oscar_client_sign_with(client, request, 0, now_ms, 0, headers, context);
}

/* oscar_client_accept_packed over a struct. `outcome` may be null. */
static inline oscar_status oscar_client_accept_with(oscar_handle client, oscar_handle context, const oscar_answer *answer, int64_t received_ms,
                                                    int64_t mono_ms, oscar_outcome *outcome) {
    oscar_pack pack;
    oscar_status status;
    oscar_pack_begin(&pack);
    if (answer != NULL) {
        oscar_pack_answer(&pack, answer);
        oscar_pack_proofs(&pack, answer->toki, answer->grant);
    }
    /* What does not fit is sent empty: the call uses the context up and refuses. */
    status = oscar_client_accept_packed(client, context, pack.data, pack.failed ? 0 : pack.len,
                                        answer == NULL ? NULL : (const uint8_t *)answer->body.data, answer == NULL ? 0 : answer->body.len,
                                        received_ms, mono_ms, outcome);
    if (pack.failed && status == OSCAR_BAD_PACKED) {
        status = OSCAR_MALFORMED;
        if (outcome != NULL) outcome->status = status;
    }
    oscar_pack_end(&pack);
    return status;
}

/* Judges the answer, once: OSCAR_OK when it is authentic and accepted. */
static inline oscar_status oscar_client_accept(oscar_handle client, oscar_handle context, const oscar_answer *answer, int64_t received_ms) {
    return oscar_client_accept_with(client, context, answer, received_ms, 0, NULL);
}

/* oscar_service_verify_packed over a struct. */
static inline oscar_status oscar_service_verify(oscar_handle service, const oscar_request *request, int64_t now_ms,
                                                oscar_verdict *verdict) {
    oscar_pack pack;
    oscar_status status;
    oscar_pack_begin(&pack);
    if (request != NULL) {
        oscar_pack_request(&pack, request);
        oscar_pack_proofs(&pack, request->toki, request->grant);
    }
    /* What does not fit is sent empty: the call refuses and fills the verdict. */
    status = oscar_service_verify_packed(service, pack.data, pack.failed ? 0 : pack.len,
                                         request == NULL ? NULL : (const uint8_t *)request->body.data,
                                         request == NULL ? 0 : request->body.len, now_ms, verdict);
    if (pack.failed && status == OSCAR_BAD_PACKED) {
        status = OSCAR_MALFORMED;
        verdict->status = status;
        verdict->http_status = 400;
    }
    oscar_pack_end(&pack);
    return status;
}

/* oscar_service_answer_packed over a struct: the headers that go out with the answer. */
static inline oscar_status oscar_service_answer(oscar_handle service, oscar_handle context, const oscar_answer *answer, int64_t now_ms,
                                                oscar_answered *headers) {
    oscar_pack pack;
    oscar_status status;
    oscar_pack_begin(&pack);
    if (answer != NULL) oscar_pack_answer(&pack, answer);
    status = oscar_service_answer_packed(service, context, pack.data, pack.failed ? 0 : pack.len,
                                         answer == NULL ? NULL : (const uint8_t *)answer->body.data,
                                         answer == NULL ? 0 : answer->body.len, now_ms, headers);
    if (pack.failed && status == OSCAR_BAD_PACKED) status = OSCAR_UNSIGNABLE;
    oscar_pack_end(&pack);
    return status;
}

#endif /* OSCARTOKI_H */
