/* oscartoki for readers without a preprocessor. SPDX-License-Identifier: MIT OR Apache-2.0
 * Written beside oscartoki.h, which has the comments. Bytes are `char`, so that texts of a language go in as they are. */
enum { OSCAR_STEP_SEND = 0 };
enum { OSCAR_STEP_DONE = 1 };
enum { OSCAR_STEP_FAILED = 2 };
enum { OSCAR_MESSAGE_TOKI_MAX_LEN = 64 };
enum { OSCAR_URL_PARAMETER_MAX_LEN = 59 };
enum { OSCAR_TICKET_MAX_LEN = 400 };
enum { OSCAR_CONNECTION_MAX_LEN = 255 };
enum { OSCAR_MESSAGE_FRESH = 0 };
enum { OSCAR_MESSAGE_DUPLICATE = 1 };
enum { OSCAR_MESSAGE_UNCHECKED = 2 };
enum { OSCAR_SIGN_REPEATABLE = 1 };
enum { OSCAR_SIGN_TRUST_CLOCK = 2 };
enum { OSCAR_SIGN_VERIFY_FIRST = 4 };
enum { OSCAR_SIGN_RESEND = 8 };
enum { OSCAR_SIGN_STREAM = 16 };
enum { OSCAR_CONTENT_DIGEST_MAX_LEN = 56 };
enum { OSCAR_SECRET_MAX_LEN = 48 };
enum { OSCAR_AUDIENCE_KEY_MAX_LEN = 59 };
enum { OSCAR_SESSION_MAX_LEN = 91 };
enum { OSCAR_TOKI_MAX_LEN = 59 };
enum { OSCAR_GRANT_MAX_LEN = 48 };
enum { OSCAR_ID_LEN = 8 };
enum { OSCAR_REVOCATION_MAX_LEN = 64 };
enum { OSCAR_DIALECT_ANY = 0 };
enum { OSCAR_DIALECT_STANDARD = 1 };
enum { OSCAR_DIALECT_JAVA = 2 };
enum { OSCAR_PATH_MAX_LEN = 4096 };
enum { OSCAR_ANSWER_TOKI_MAX_LEN = 97 };
enum { OSCAR_HANDSHAKE_BODY_MAX_LEN = 192 };
enum { OSCAR_SOCKTOPUS_TOKEN_MAX_LEN = 1114 };
enum { OSCAR_SOCKTOPUS_NAME_MAX_LEN = 256 };
enum { OSCAR_SOCKTOPUS_OTHER = 0 };
enum { OSCAR_SOCKTOPUS_DATA = 1 };
enum { OSCAR_SOCKTOPUS_PONG = 2 };
enum { OSCAR_SOCKTOPUS_CLOSE = 3 };
enum { OSCAR_SOCKTOPUS_PING_NOW = 0 };
enum { OSCAR_SOCKTOPUS_PING_LATER = 1 };
enum { OSCAR_SOCKTOPUS_DEAD = 2 };
enum { OSCAR_ABI_VERSION = 1 };
enum { OSCAR_TCX_PASS_MAX_LEN = 141 };
enum { OSCAR_TCX_CLIENT_TOKEN_MAX_LEN = 65 };
enum { OSCAR_TCX_DATETIME_MAX_LEN = 15 };
enum { OSCAR_TCX_MODE_NONE = 0 };
enum { OSCAR_TCX_MODE_TIME = 1 };
enum { OSCAR_TCX_MODE_PARAM = 2 };
enum { OSCAR_TCX_DOCUMENTED = 0 };
enum { OSCAR_TCX_SERVER4 = 1 };
enum { OSCAR_TCX_OWTC = 0 };
enum { OSCAR_TCX_TWTC = 1 };
enum { OSCAR_TCX_FTC = 2 };
enum { OSCAR_TCX_CALL = 0 };
enum { OSCAR_TCX_AUTHORIZE = 1 };
enum { OSCAR_TCX_REAUTHORIZE = 2 };
enum { OSCAR_TCX_USE = 0 };
enum { OSCAR_TCX_SEND = 1 };
enum { OSCAR_TCX_WAIT = 2 };
enum { OSCAR_V1_TOKIKEY_MAX_LEN = 96 };
enum { OSCAR_AUTHORITY_MAX_LEN = 256 };
enum oscar_status
 {
    OSCAR_OK = 0,
    OSCAR_MALFORMED = 1,
    OSCAR_MISSING = 2,
    OSCAR_UNSIGNABLE = 3,
    OSCAR_UNKNOWN_AUTHORITY = 4,
    OSCAR_UNKNOWN_KEY = 5,
    OSCAR_BAD_MAC = 6,
    OSCAR_STALE = 7,
    OSCAR_REPLAYED = 8,
    OSCAR_GRANT_EXPIRED = 9,
    OSCAR_REVOKED = 10,
    OSCAR_BODY_MISMATCH = 11,
    OSCAR_POLICY = 12,
    OSCAR_BUSY = 13,
    OSCAR_EXPIRED = 14,
    OSCAR_NOT_YET = 15,
    OSCAR_RAW_TARGET_HIDDEN = 16,
    OSCAR_BAD_GRANT = 17,
    OSCAR_WRONG_KIND = 18,
    OSCAR_WEAK_SECRET = 19,
    OSCAR_KID_TAKEN = 20,
    OSCAR_REFLECTED = 21,
    OSCAR_PENDING = 64,
    OSCAR_BAD_HANDLE = 65,
    OSCAR_NULL_POINTER = 66,
    OSCAR_SHORT_BUFFER = 67,
    OSCAR_BAD_PACKED = 68,
    OSCAR_TOO_MANY_HANDLES = 69,
    OSCAR_STORE = 70,
    OSCAR_INTERNAL = 71,
    OSCAR_HANDSHAKE = 72,
};
typedef int32_t oscar_status;
typedef int64_t oscar_handle;
typedef struct oscar_signed {
    char toki[OSCAR_TOKI_MAX_LEN];
    char grant[OSCAR_GRANT_MAX_LEN];
    uint8_t probe;
} oscar_signed;
typedef struct oscar_outcome {
    oscar_status status;
    oscar_status grant_error;
    int32_t code;
    int32_t http_status;
    int64_t offset_ms;
    uint8_t sid[8];
    uint8_t may_have_run;
    uint8_t authentic;
    uint8_t resend;
    uint8_t adopted;
    uint8_t has_offset;
    uint8_t content_authentic;
    uint8_t probe;
} oscar_outcome;
typedef struct oscar_step {
    uint32_t kind;
    char method[33];
    char content_digest[56];
    struct oscar_signed headers;
    struct oscar_outcome outcome;
    uint32_t requests;
    uint8_t probed;
    uint8_t resent;
    uint8_t in_session;
} oscar_step;
typedef struct oscar_verified_message {
    int64_t ts_ms;
    int64_t ttl_s;
    uint8_t kid[8];
    uint8_t nonce[8];
    oscar_handle context;
    uint32_t freshness;
} oscar_verified_message;
typedef struct oscar_verified_url {
    int64_t exp_ms;
    uint8_t kid[8];
    size_t target_len;
} oscar_verified_url;
typedef struct oscar_verified_ticket {
    int64_t ts_ms;
    uint8_t kid[8];
    uint8_t origin_bound;
    uint8_t connection_len;
    uint8_t connection[OSCAR_CONNECTION_MAX_LEN];
} oscar_verified_ticket;
typedef struct oscar_client_settings {
    const char *const *ext;
    size_t ext_len;
    const char *const *answer_ext;
    size_t answer_ext_len;
    int64_t max_answer;
    int64_t generation;
    const char *kid;
    uint8_t roll_every;
    uint8_t trust_clock;
    uint8_t unsigned_answers;
    uint8_t send_content_digest;
} oscar_client_settings;
typedef struct oscar_grant_claims {
    uint8_t kid[8];
    uint8_t sid[8];
    int64_t iat_s;
    int64_t exp_s;
    int64_t ttl_s;
} oscar_grant_claims;
typedef struct oscar_toki_claims {
    int64_t ts_ms;
    uint8_t id[8];
    uint8_t nonce[8];
    uint8_t session;
    uint8_t want;
    uint8_t body;
    uint8_t ext;
} oscar_toki_claims;
typedef struct oscar_answer_claims {
    int64_t ts_ms;
    uint8_t code;
    uint8_t grant;
    uint8_t body;
    uint8_t ext;
} oscar_answer_claims;
typedef struct oscar_service_settings {
    const char *const *authorities;
    size_t authorities_len;
    const char *fixed_authority;
    const char *const *ext;
    size_t ext_len;
    const char *const *answer_ext;
    size_t answer_ext_len;
    int64_t window_ms;
    int64_t max_ttl_s;
    int64_t grant_ttl_s;
    int64_t max_body;
    int64_t max_answer;
    uint8_t first_start;
    uint8_t empty_query_hidden;
} oscar_service_settings;
typedef struct oscar_counters {
    int64_t accepted;
    int64_t unremembered;
    int64_t v1_accepted;
    int64_t refused[22];
} oscar_counters;
typedef struct oscar_verdict {
    oscar_status status;
    int32_t code;
    int32_t http_status;
    uint8_t www_authenticate;
    uint8_t in_session;
    uint8_t want;
    uint8_t version;
    oscar_handle context;
    int64_t ts_ms;
    uint8_t kid[8];
    uint8_t sid[8];
    uint8_t nonce[8];
    char authority[OSCAR_AUTHORITY_MAX_LEN];
} oscar_verdict;
typedef struct oscar_answered {
    char toki[OSCAR_ANSWER_TOKI_MAX_LEN];
    char grant[OSCAR_GRANT_MAX_LEN];
} oscar_answered;
typedef struct oscar_socktopus_token {
    int64_t ts_ms;
    size_t app_len;
    size_t connection_len;
    char app[OSCAR_SOCKTOPUS_NAME_MAX_LEN];
    char connection[OSCAR_SOCKTOPUS_NAME_MAX_LEN];
} oscar_socktopus_token;
typedef struct oscar_tcx_pass {
    int64_t ts_ms;
    uint32_t dialect;
    char client_token[OSCAR_TCX_CLIENT_TOKEN_MAX_LEN];
} oscar_tcx_pass;
typedef struct oscar_tcx_verdict {
    int64_t status;
    char number[8];
    char code[8];
    char sentence[64];
} oscar_tcx_verdict;
typedef struct oscar_tcx_step {
    int64_t number;
    oscar_handle text;
    uint32_t kind;
    uint32_t route;
} oscar_tcx_step;
oscar_status oscar_call_new(oscar_handle client, const char *request, size_t request_len, const char *body, size_t body_len, uint32_t options, oscar_handle *call);
oscar_status oscar_call_next(oscar_handle call, int64_t now_ms, int64_t mono_ms, struct oscar_step *step);
oscar_status oscar_call_received(oscar_handle call, const char *head, size_t head_len, const char *body, size_t body_len, int64_t received_ms, int64_t mono_ms);
oscar_status oscar_call_received_digest(oscar_handle call, const char *head, size_t head_len, const char *digest, int64_t received_ms, int64_t mono_ms);
oscar_status oscar_call_too_large(oscar_handle call, uint16_t http_status);
oscar_status oscar_call_failed(oscar_handle call);
oscar_status oscar_call_free(oscar_handle call);
oscar_status oscar_client_mint_message(oscar_handle client, const char *message, size_t message_len, const char *body, size_t body_len, int64_t ttl_s, int64_t now_ms, char *toki, size_t capacity, oscar_handle *context);
oscar_status oscar_message_accept_reply(oscar_handle context, const char *reply, size_t reply_len, const char *body, size_t body_len, int64_t *ts_ms);
oscar_status oscar_service_verify_message(oscar_handle service, const char *message, size_t message_len, const char *body, size_t body_len, oscar_handle memory, int64_t max_ttl_s, int64_t now_ms, struct oscar_verified_message *verified);
oscar_status oscar_message_memory_new(oscar_handle replay_log, uint8_t first_start, int64_t now_ms, oscar_handle *memory);
oscar_status oscar_message_memory_free(oscar_handle memory);
oscar_status oscar_message_reply(oscar_handle context, const char *ext, size_t ext_len, const char *body, size_t body_len, int64_t now_ms, char *toki, size_t capacity);
oscar_status oscar_message_free(oscar_handle context);
oscar_status oscar_client_sign_url(oscar_handle client, const char *request, size_t request_len, int64_t exp_ms, char *out, size_t capacity);
oscar_status oscar_service_verify_url(oscar_handle service, const char *request, size_t request_len, int64_t now_ms, struct oscar_verified_url *verified);
oscar_status oscar_service_verify_url_head(oscar_handle service, const char *head, size_t head_len, int64_t now_ms, struct oscar_verified_url *verified);
oscar_status oscar_client_mint_ticket(oscar_handle client, const char *connection, size_t connection_len, const char *origin, size_t origin_len, int64_t now_ms, char *out, size_t capacity);
oscar_status oscar_service_verify_ticket(oscar_handle service, const char *ticket, size_t ticket_len, const char *origin, size_t origin_len, uint8_t require_origin, int64_t now_ms, struct oscar_verified_ticket *verified);
oscar_status oscar_client_new(const char *secret, size_t secret_len, const char *audience, size_t audience_len, const struct oscar_client_settings *settings, oscar_handle *client);
oscar_status oscar_client_from_audience_key(const char *key, size_t len, const struct oscar_client_settings *settings, oscar_handle *client);
oscar_status oscar_client_from_session(const char *session, size_t len, const struct oscar_client_settings *settings, oscar_handle *client);
oscar_status oscar_client_for_audience(oscar_handle client, const char *audience, size_t len, oscar_handle *bound);
oscar_status oscar_client_free(oscar_handle client);
oscar_status oscar_client_kid(oscar_handle client, char *kid);
oscar_status oscar_client_sign_packed(oscar_handle client, const char *request, size_t request_len, const char *body, size_t body_len, uint32_t options, int64_t now_ms, int64_t mono_ms, struct oscar_signed *headers, oscar_handle *context);
oscar_status oscar_client_sign_texts(oscar_handle client, const char *method, const char *authority, const char *target, const char *body, size_t body_len, uint32_t options, int64_t now_ms, int64_t mono_ms, struct oscar_signed *headers, oscar_handle *context);
oscar_status oscar_client_accept_packed(oscar_handle client, oscar_handle context, const char *answer, size_t answer_len, const char *body, size_t body_len, int64_t received_ms, int64_t mono_ms, struct oscar_outcome *outcome);
oscar_status oscar_client_accept_head(oscar_handle client, oscar_handle context, const char *head, size_t head_len, const char *body, size_t body_len, int64_t received_ms, int64_t mono_ms, struct oscar_outcome *outcome);
oscar_status oscar_client_accept_head_digest(oscar_handle client, oscar_handle context, const char *head, size_t head_len, const char *digest, int64_t received_ms, int64_t mono_ms, struct oscar_outcome *outcome);
oscar_status oscar_client_accept_too_large(oscar_handle client, oscar_handle context, uint16_t http_status, struct oscar_outcome *outcome);
oscar_status oscar_client_accept_none(oscar_handle client, oscar_handle context, struct oscar_outcome *outcome);
oscar_status oscar_sign_context_free(oscar_handle context);
oscar_status oscar_client_hand_out(oscar_handle client, int64_t ttl_s, int64_t now_ms, char *out, size_t capacity);
oscar_status oscar_client_offset(oscar_handle client, int64_t *offset_ms);
oscar_status oscar_client_export_state(oscar_handle client, oscar_handle *state);
oscar_status oscar_client_import_state(oscar_handle client, const char *state, size_t len);
oscar_status oscar_client_request_ext(oscar_handle client, const char *headers, size_t len, char *out, size_t capacity, size_t *out_len);
int32_t oscar_client_drops_from_probe(oscar_handle client, const char *name, size_t len);
oscar_status oscar_explain(const char *keys, size_t keys_len, const char *request, size_t request_len, const char *body, size_t body_len, oscar_handle *explanation);
oscar_status oscar_hazmat_mint_request(const char *key, size_t key_len, const char *grant, size_t grant_len, const char *request, size_t request_len, const char *body, size_t body_len, int64_t ts_ms, const char *nonce, uint8_t want, char *out, size_t capacity);
oscar_status oscar_hazmat_client_sign(oscar_handle client, const char *request, size_t request_len, const char *body, size_t body_len, uint32_t options, int64_t now_ms, int64_t mono_ms, const char *nonce, struct oscar_signed *headers, oscar_handle *context);
oscar_status oscar_hazmat_mint_grant(const char *key, size_t key_len, const char *request_toki, size_t request_toki_len, const char *sid, int64_t exp_s, int64_t ttl_s, char *out, size_t capacity);
oscar_status oscar_hazmat_mint_answer(const char *key, size_t key_len, const char *session_grant, size_t session_grant_len, const char *request_toki, size_t request_toki_len, int32_t code, int64_t ts_ms, const char *answer, size_t answer_len, const char *body, size_t body_len, char *out, size_t capacity);
oscar_status oscar_hazmat_accept(const char *key, size_t key_len, const char *session_grant, size_t session_grant_len, const char *request_toki, size_t request_toki_len, const char *answer, size_t answer_len, const char *body, size_t body_len, struct oscar_outcome *outcome);
oscar_status oscar_hazmat_mint_message(const char *key, size_t key_len, const char *message, size_t message_len, const char *body, size_t body_len, int64_t ts_ms, const char *nonce, int64_t ttl_s, char *out, size_t capacity);
oscar_status oscar_hazmat_mint_url(const char *key, size_t key_len, const char *request, size_t request_len, int64_t exp_ms, char *out, size_t capacity);
oscar_status oscar_hazmat_mint_ticket(const char *key, size_t key_len, const char *connection, size_t connection_len, const char *origin, size_t origin_len, int64_t ts_ms, const char *nonce, char *out, size_t capacity);
oscar_status oscar_sha256(const char *data, size_t len, char *digest);
oscar_status oscar_content_digest_format(const char *digest, char *out, size_t capacity);
oscar_status oscar_content_digest_parse(const char *header, size_t len, char *digest);
oscar_status oscar_authority_normalise(const char *authority, size_t len, char *out, size_t capacity);
oscar_status oscar_keep(const char *name, size_t len, oscar_handle handle);
oscar_handle oscar_kept(const char *name, size_t len);
oscar_status oscar_secret_generate(char *out, size_t capacity);
oscar_status oscar_secret_from_bytes(const char *data, size_t len, char *out, size_t capacity);
oscar_status oscar_secret_parse(const char *secret, size_t len, char *out, size_t capacity);
oscar_status oscar_secret_kid(const char *secret, size_t len, int64_t generation, char *kid);
oscar_status oscar_secret_audience_key(const char *secret, size_t len, const char *audience, size_t audience_len, int64_t generation, char *out, size_t capacity);
oscar_status oscar_audience_key_parse(const char *key, size_t len, const char *kid, char *out, size_t capacity);
oscar_status oscar_audience_key_read(const char *key, size_t len, char *kid, char *raw);
oscar_status oscar_session_parse(const char *session, size_t len, char *out, size_t capacity, struct oscar_grant_claims *claims);
oscar_status oscar_grant_parse(const char *grant, size_t len, struct oscar_grant_claims *claims);
oscar_status oscar_toki_parse(const char *toki, size_t len, struct oscar_toki_claims *claims);
oscar_status oscar_answer_toki_parse(const char *toki, size_t len, struct oscar_answer_claims *claims);
oscar_status oscar_keyring_new(const char *audience, size_t len, oscar_handle *keyring);
oscar_status oscar_keyring_audience(oscar_handle keyring, char *out, size_t capacity);
oscar_status oscar_keyring_free(oscar_handle keyring);
oscar_status oscar_keyring_add(oscar_handle keyring, const char *line, size_t len);
oscar_status oscar_keyring_add_v1(oscar_handle keyring, const char *kid, const char *key, size_t key_len, int64_t until_ms, uint32_t dialect);
oscar_status oscar_keyring_load(oscar_handle keyring, const char *file, size_t len);
oscar_status oscar_keyring_fault_in_keys(oscar_handle keyring, const char *file, size_t len);
oscar_status oscar_keyring_load_revocations(oscar_handle keyring, const char *file, size_t len);
oscar_status oscar_keyring_revoke_key(oscar_handle keyring, const char *kid, char *line, size_t capacity);
oscar_status oscar_keyring_revoke_session(oscar_handle keyring, const char *kid, const char *sid, char *line, size_t capacity);
oscar_status oscar_keyring_revoke_issued_before(oscar_handle keyring, const char *kid, int64_t before_s, char *line, size_t capacity);
int32_t oscar_keyring_holds(oscar_handle keyring, const char *kid);
int32_t oscar_keyring_has_v1(oscar_handle keyring);
oscar_status oscar_keyring_kids(oscar_handle keyring, oscar_handle *kids);
oscar_status oscar_keyring_revocations(oscar_handle keyring, oscar_handle *revocations);
oscar_status oscar_replay_log_memory(size_t capacity, oscar_handle *replay_log);
oscar_status oscar_replay_log_exact(size_t capacity, oscar_handle *replay_log);
oscar_status oscar_replay_log_mapped(const char *path, size_t len, size_t capacity, oscar_handle *replay_log);
oscar_status oscar_replay_log_default_path(oscar_handle keyring, char *out, size_t capacity);
oscar_status oscar_replay_log_redis(const char *url, size_t url_len, const char *name, size_t name_len, size_t capacity, oscar_handle *replay_log);
oscar_status oscar_replay_log_none(oscar_handle *replay_log);
oscar_status oscar_replay_log_free(oscar_handle replay_log);
oscar_status oscar_ring_files_open(oscar_handle keyring, const char *key_files, size_t key_files_len, const char *fixed, size_t fixed_len, const char *revocations, size_t revocations_len, oscar_handle *ring_files);
oscar_status oscar_ring_files_refresh(oscar_handle ring_files);
oscar_status oscar_ring_files_append(oscar_handle ring_files, const char *line, size_t len);
oscar_status oscar_ring_files_free(oscar_handle ring_files);
oscar_status oscar_service_new(const struct oscar_service_settings *settings, oscar_handle keyring, oscar_handle replay_log, int64_t now_ms, oscar_handle *service);
oscar_status oscar_service_free(oscar_handle service);
oscar_status oscar_service_ready_at(oscar_handle service, int64_t *ready_at_ms);
oscar_status oscar_service_floor(oscar_handle service, int64_t *floor_ms);
oscar_status oscar_service_counters(oscar_handle service, struct oscar_counters *counters);
oscar_status oscar_service_verify_packed(oscar_handle service, const char *request, size_t request_len, const char *body, size_t body_len, int64_t now_ms, struct oscar_verdict *verdict);
oscar_status oscar_service_verify_texts(oscar_handle service, const char *method, const char *authority, const char *target, const char *toki, const char *grant, const char *body, size_t body_len, int64_t now_ms, struct oscar_verdict *verdict);
oscar_status oscar_service_verify_head(oscar_handle service, const char *head, size_t head_len, const char *body, size_t body_len, int64_t now_ms, struct oscar_verdict *verdict);
oscar_status oscar_service_verify_head_digest(oscar_handle service, const char *head, size_t head_len, const char *digest, int64_t now_ms, struct oscar_verdict *verdict);
int32_t oscar_service_wants_body(oscar_handle service, const char *head, size_t head_len);
oscar_status oscar_service_finish(oscar_handle context, const char *body, size_t body_len, const char *digest, struct oscar_verdict *verdict);
oscar_status oscar_service_too_large(oscar_handle context, struct oscar_verdict *verdict);
oscar_status oscar_service_handshake(oscar_handle context, char *toki, size_t toki_capacity, char *body, size_t body_capacity);
oscar_status oscar_verdict_free(oscar_handle context);
oscar_status oscar_service_answer_packed(oscar_handle service, oscar_handle context, const char *answer, size_t answer_len, const char *body, size_t body_len, int64_t now_ms, struct oscar_answered *headers);
oscar_status oscar_service_answer_head(oscar_handle service, oscar_handle context, const char *head, size_t head_len, const char *body, size_t body_len, int64_t now_ms, struct oscar_answered *headers);
oscar_status oscar_service_answer_head_digest(oscar_handle service, oscar_handle context, const char *head, size_t head_len, const char *digest, int64_t now_ms, struct oscar_answered *headers);
oscar_status oscar_client_settings_init(struct oscar_client_settings *settings);
oscar_status oscar_service_settings_init(struct oscar_service_settings *settings);
oscar_status oscar_socktopus_mint(const char *secret, size_t secret_len, const char *app, size_t app_len, const char *connection, size_t connection_len, int64_t ts_ms, char *out, size_t capacity);
oscar_status oscar_socktopus_secrets_new(oscar_handle *secrets);
oscar_status oscar_socktopus_secrets_add(oscar_handle secrets, const char *app, size_t app_len, const char *secret, size_t secret_len);
oscar_status oscar_socktopus_secrets_free(oscar_handle secrets);
oscar_status oscar_socktopus_verify(oscar_handle secrets, const char *token, size_t token_len, int64_t now_ms, struct oscar_socktopus_token *verified);
oscar_status oscar_socktopus_frame(const char *frame, size_t frame_len, uint32_t *kind, size_t *content_at);
oscar_status oscar_socktopus_pings_new(int64_t now_ms, oscar_handle *pings);
oscar_status oscar_socktopus_pings_next(oscar_handle pings, int64_t now_ms, uint32_t *step, int64_t *at_ms);
oscar_status oscar_socktopus_pings_pong(oscar_handle pings);
oscar_status oscar_socktopus_pings_free(oscar_handle pings);
oscar_status oscar_socktopus_send_body(const char *app, size_t app_len, const char *secret, size_t secret_len, const char *messages, size_t messages_len, oscar_handle *body);
oscar_status oscar_socktopus_kick_body(const char *app, size_t app_len, const char *secret, size_t secret_len, const char *connections, size_t connections_len, oscar_handle *body);
oscar_status oscar_socktopus_sent(const char *body, size_t body_len, size_t *succeeded, size_t *failed);
const char *oscar_error_name(int32_t status);
const char *oscar_status_message(int32_t status);
int32_t oscar_status_from_name(const char *name);
const char *oscar_last_detail(void);
const char *oscar_version(void);
uint32_t oscar_abi_version(void);
oscar_status oscar_tcx_pass_mint(uint32_t mode, const char *params, size_t params_len, const char *datetime, size_t datetime_len, const char *app_public, size_t app_public_len, const char *client_token, size_t client_token_len, uint32_t dialect, char *out, size_t capacity);
oscar_status oscar_tcx_pass_verify(uint32_t mode, const char *params, size_t params_len, const char *datetime, size_t datetime_len, const char *app_public, size_t app_public_len, const char *app_pass, size_t app_pass_len, int64_t now_ms, uint32_t strict, struct oscar_tcx_pass *verified);
oscar_status oscar_tcx_headers(uint32_t kind, const char *app_id, size_t app_id_len, const char *app_pass, size_t app_pass_len, const char *token, size_t token_len, oscar_handle *headers);
oscar_status oscar_tcx_verdict_of(const char *code, size_t code_len, uint32_t table, uint32_t route, struct oscar_tcx_verdict *verdict);
oscar_status oscar_tcx_client_new(const char *app_id, size_t app_id_len, const char *app_secret, size_t app_secret_len, const char *app_public, size_t app_public_len, const char *master_key, size_t master_key_len, uint32_t kind, uint32_t mode, uint32_t dialect, oscar_handle *client);
oscar_status oscar_tcx_client_free(oscar_handle client);
oscar_status oscar_tcx_client_pass(oscar_handle client, const char *params, size_t params_len, const char *datetime, size_t datetime_len, char *out, size_t capacity);
oscar_status oscar_tcx_datetime(int64_t now_ms, char *out, size_t capacity);
oscar_status oscar_tcx_client_headers(oscar_handle client, const char *params, size_t params_len, const char *datetime, size_t datetime_len, const char *access, size_t access_len, oscar_handle *headers);
oscar_status oscar_tcx_client_access(oscar_handle client, int64_t now_ms, struct oscar_tcx_step *step);
oscar_status oscar_tcx_client_received(oscar_handle client, int64_t number, const char *body, size_t body_len, int64_t now_ms, struct oscar_tcx_verdict *verdict);
oscar_status oscar_tcx_client_failed(oscar_handle client, int64_t number);
oscar_status oscar_text_len(oscar_handle text, size_t *len);
oscar_status oscar_text_copy(oscar_handle text, char *out, size_t capacity);
oscar_status oscar_text_free(oscar_handle text);
oscar_status oscar_v1_mint(const char *key, size_t key_len, int64_t now_ms, char *out, size_t capacity);
oscar_status oscar_v1_verify(const char *key, size_t key_len, const char *toki, size_t toki_len, uint32_t dialect, int64_t now_ms, int64_t *ts_ms);
oscar_status oscar_v1_tokikey_mint(const char *key, size_t key_len, const char *toki, size_t toki_len, int64_t now_ms, char *out, size_t capacity);
oscar_status oscar_v1_tokikey_verify(const char *key, size_t key_len, const char *toki, size_t toki_len, const char *tokikey, size_t tokikey_len, uint32_t dialect, int64_t now_ms);
oscar_status oscar_v1_client_new(const char *key, size_t key_len, uint32_t dialect, oscar_handle *client);
oscar_status oscar_v1_client_free(oscar_handle client);
oscar_status oscar_v1_client_begin(oscar_handle client, int64_t now_ms, char *toki, size_t capacity, oscar_handle *exchange);
oscar_status oscar_v1_exchange_accept_first(oscar_handle exchange, const char *body, size_t body_len, const char *toki, size_t toki_len, int64_t now_ms, char *tokikey, size_t capacity);
oscar_status oscar_v1_exchange_accept_second(oscar_handle exchange, const char *toki, size_t toki_len, int64_t now_ms);
oscar_status oscar_v1_exchange_free(oscar_handle exchange);
