/* Every operation of the vectors page, as a C program would do it. */
#include "vectors.h"

typedef json_t *operation(judged *of);

/* Shared pieces */

oscar_slice audience_of(judged *of, char room[OSCAR_AUTHORITY_MAX_LEN]) {
    oscar_slice audience = slice(of, "audience"), authority = slice(of, "authority");
    if (audience.data != NULL) return audience;
    room[0] = 0;
    if (authority.data != NULL) oscar_authority_normalise((const char *)authority.data, authority.len, room, OSCAR_AUTHORITY_MAX_LEN);
    return oscar_str(room);
}

static oscar_status secret_text(judged *of, char out[OSCAR_SECRET_MAX_LEN]) {
    oscar_slice text = slice(of, "secret"), raw = unhexed(of, "secret_hex");
    if (text.data != NULL) return oscar_secret_parse((const char *)text.data, text.len, out, OSCAR_SECRET_MAX_LEN);
    if (!given(of, "secret_hex")) broken(of, "no key is given");
    return oscar_secret_from_bytes((const uint8_t *)raw.data, raw.len, out, OSCAR_SECRET_MAX_LEN);
}

oscar_status key_text(judged *of, char out[OSCAR_AUDIENCE_KEY_MAX_LEN]) {
    char secret[OSCAR_SECRET_MAX_LEN], room[OSCAR_AUTHORITY_MAX_LEN];
    oscar_slice key = slice(of, "audience_key"), audience = audience_of(of, room);
    oscar_status status;
    if (key.data != NULL) return oscar_audience_key_parse((const char *)key.data, key.len, NULL, out, OSCAR_AUDIENCE_KEY_MAX_LEN);
    if ((status = secret_text(of, secret)) != OSCAR_OK) return status;
    return oscar_secret_audience_key(secret, strlen(secret), (const char *)audience.data, audience.len, number(of, "generation", 0), out,
                                     OSCAR_AUDIENCE_KEY_MAX_LEN);
}

/* The same, for who verifies: there a field outside its rules is malformed. */
static oscar_status verifier_key(judged *of, char out[OSCAR_AUDIENCE_KEY_MAX_LEN]) {
    oscar_status status = key_text(of, out);
    return status == OSCAR_UNSIGNABLE ? OSCAR_MALFORMED : status;
}

static const uint8_t *digest_of(judged *of) { return given(of, "body_sha256_hex") ? fixed(of, "body_sha256_hex", 32) : NULL; }

oscar_request request_of(judged *of) {
    oscar_request request;
    memset(&request, 0, sizeof request);
    request.method = slice(of, "method");
    request.authority = slice(of, "authority");
    request.target = slice(of, "target");
    request.ext = unhexed(of, "ext_hex");
    request.digest = digest_of(of);
    if (request.digest == NULL) request.body = unhexed(of, "body_hex");
    return request;
}

oscar_answer answer_of(judged *of) {
    oscar_answer answer;
    int64_t status = number(of, "status", 0);
    memset(&answer, 0, sizeof answer);
    answer.status = status < 0 || status > 65535 ? -1 : (int32_t)status;
    answer.ext = unhexed(of, "ext_hex");
    answer.digest = digest_of(of);
    if (answer.digest == NULL) answer.body = unhexed(of, "body_hex");
    answer.grant = slice(of, "grant");
    return answer;
}

static json_t *text_result(oscar_status status, const char *member, const char *text) {
    return status == OSCAR_OK ? json_pack("{s:s}", member, text) : refused(status);
}

/* A fresh service with one key, as the verifying operations want it; its status. */
static oscar_status fresh_service(judged *of, oscar_handle *service) {
    char key[OSCAR_AUDIENCE_KEY_MAX_LEN], room[OSCAR_AUTHORITY_MAX_LEN], name[OSCAR_AUTHORITY_MAX_LEN];
    oscar_slice audience = audience_of(of, room);
    const char *authorities[1];
    oscar_service_settings settings;
    oscar_handle ring = 0, memory = 0;
    oscar_status status = verifier_key(of, key);
    int64_t now_ms = number(of, "now_ms", 0);
    if (status != OSCAR_OK) return status;
    oscar_service_settings_init(&settings);
    settings.first_start = 1;
    authorities[0] = name;
    settings.authorities = authorities;
    settings.authorities_len = oscar_authority_normalise((const char *)audience.data, audience.len, name, sizeof name) == OSCAR_OK;
    status = oscar_keyring_new((const char *)audience.data, audience.len, &ring);
    if (status == OSCAR_OK) status = oscar_keyring_add(ring, key, strlen(key));
    if (status == OSCAR_OK) status = oscar_replay_log_exact(64, &memory);
    if (status == OSCAR_OK) status = oscar_service_new(&settings, ring, memory, now_ms, service);
    oscar_keyring_free(ring);
    oscar_replay_log_free(memory);
    return status;
}

static json_t *with_service(judged *of, json_t *(*verify)(judged *, oscar_handle)) {
    oscar_handle service = 0;
    oscar_status status = fresh_service(of, &service);
    json_t *result = status == OSCAR_OK ? verify(of, service) : refused(status);
    oscar_service_free(service);
    return result;
}

/* Keys */

static json_t *key_derive(judged *of) {
    char secret[OSCAR_SECRET_MAX_LEN], key[OSCAR_AUDIENCE_KEY_MAX_LEN];
    uint8_t kid[OSCAR_ID_LEN], raw[32];
    oscar_slice audience = slice(of, "audience");
    oscar_status status;
    allow(of, "secret_hex secret audience generation");
    status = secret_text(of, secret);
    if (status == OSCAR_OK)
        status = oscar_secret_audience_key(secret, strlen(secret), (const char *)audience.data, audience.len, number(of, "generation", 0),
                                           key, sizeof key);
    if (status == OSCAR_OK) status = oscar_audience_key_read(key, strlen(key), kid, raw);
    if (status != OSCAR_OK) return refused(status);
    return json_pack("{s:s, s:o, s:s, s:o}", "secret", secret, "kid_hex", hexed(kid, 8), "audience_key", key, "audience_key_hex",
                     hexed(raw, 32));
}

static json_t *key_parse(judged *of) {
    char out[OSCAR_SESSION_MAX_LEN];
    oscar_slice text, kind;
    oscar_status status = OSCAR_INTERNAL;
    allow(of, "text kind");
    text = slice(of, "text");
    kind = slice(of, "kind");
    if (kind.data == NULL) broken(of, "kind");
    if (strcmp((const char *)kind.data, "secret") == 0) status = oscar_secret_parse((const char *)text.data, text.len, out, sizeof out);
    else if (strcmp((const char *)kind.data, "audience_key") == 0)
        status = oscar_audience_key_parse((const char *)text.data, text.len, NULL, out, sizeof out);
    else if (strcmp((const char *)kind.data, "session") == 0)
        status = oscar_session_parse((const char *)text.data, text.len, out, sizeof out, NULL);
    else broken(of, "kind");
    return text_result(status, "text", out);
}

/* Requests and answers */

static json_t *toki_mint(judged *of) {
    char key[OSCAR_AUDIENCE_KEY_MAX_LEN], toki[OSCAR_TOKI_MAX_LEN];
    oscar_slice grant;
    oscar_request request;
    oscar_pack pack;
    oscar_status status;
    allow(of, KEY REQUEST "ts_ms nonce_hex want grant");
    if ((status = key_text(of, key)) != OSCAR_OK) return refused(status);
    grant = slice(of, "grant");
    request = request_of(of);
    fixed(of, "nonce_hex", 8);
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, &request);
    status = pack.failed ? OSCAR_UNSIGNABLE
                         : oscar_hazmat_mint_request(key, strlen(key), (const char *)grant.data, grant.len, pack.data, pack.len,
                                                     (const uint8_t *)request.body.data, request.body.len, number(of, "ts_ms", 0),
                                                     fixed(of, "nonce_hex", 8), (uint8_t)truth(of, "want", 0), toki, sizeof toki);
    oscar_pack_end(&pack);
    return text_result(status, "toki", toki);
}

/* What a layer does: verify, then finish by what arrived. */
json_t *verify_step(judged *of, oscar_handle service) {
    oscar_request request = request_of(of);
    oscar_slice arrived = unhexed(of, "finish_body_hex");
    oscar_verdict verdict;
    oscar_status status;
    request.toki = slice(of, "toki");
    request.grant = slice(of, "grant");
    status = oscar_service_verify(service, &request, number(of, "now_ms", 0), &verdict);
    if (status == OSCAR_PENDING) {
        int finish = given(of, "finish_body_hex");
        status = oscar_service_finish(verdict.context, (const uint8_t *)arrived.data, arrived.len, finish ? NULL : request.digest,
                                      &verdict);
    }
    oscar_verdict_free(verdict.context);
    if (status != OSCAR_OK) return refused(status);
    return json_pack("{s:o, s:o, s:I, s:o, s:b}", "kid_hex", hexed(verdict.kid, 8), "sid_hex",
                     verdict.in_session ? hexed(verdict.sid, 8) : json_null(), "ts_ms", (json_int_t)verdict.ts_ms, "nonce_hex",
                     hexed(verdict.nonce, 8), "want", verdict.want);
}

static json_t *toki_verify(judged *of) {
    allow(of, KEY REQUEST "now_ms toki grant finish_body_hex");
    return with_service(of, verify_step);
}

static json_t *grant_mint(judged *of) {
    char key[OSCAR_AUDIENCE_KEY_MAX_LEN], grant[OSCAR_GRANT_MAX_LEN];
    oscar_slice toki;
    oscar_status status;
    allow(of, KEY "request_toki sid_hex exp_s ttl_s");
    if ((status = key_text(of, key)) != OSCAR_OK) return refused(status);
    toki = slice(of, "request_toki");
    status = oscar_hazmat_mint_grant(key, strlen(key), (const char *)toki.data, toki.len, fixed(of, "sid_hex", 8), number(of, "exp_s", 0),
                                     number(of, "ttl_s", 0), grant, sizeof grant);
    return text_result(status, "grant", grant);
}

static json_t *answer_mint(judged *of) {
    char key[OSCAR_AUDIENCE_KEY_MAX_LEN], out[OSCAR_TOKI_MAX_LEN];
    oscar_slice session, toki;
    oscar_answer answer;
    oscar_pack pack;
    oscar_status status;
    int64_t code;
    allow(of, KEY ANSWER "session_grant request_toki code ts_ms");
    if ((status = key_text(of, key)) != OSCAR_OK) return refused(status);
    session = slice(of, "session_grant");
    toki = slice(of, "request_toki");
    answer = answer_of(of);
    code = number(of, "code", 0);
    if (code < -1 || code > 65535) code = -1;
    oscar_pack_begin(&pack);
    oscar_pack_answer(&pack, &answer);
    if (answer.grant.data != NULL) oscar_pack_slice(&pack, answer.grant);
    status = pack.failed ? OSCAR_UNSIGNABLE
                         : oscar_hazmat_mint_answer(key, strlen(key), (const char *)session.data, session.len, (const char *)toki.data,
                                                    toki.len, (int32_t)code, number(of, "ts_ms", 0), pack.data, pack.len,
                                                    (const uint8_t *)answer.body.data, answer.body.len, out, sizeof out);
    oscar_pack_end(&pack);
    return text_result(status, "toki", out);
}

static json_t *answer_verify(judged *of) {
    char key[OSCAR_AUDIENCE_KEY_MAX_LEN];
    oscar_slice session, toki;
    oscar_answer answer;
    oscar_answer_claims claims;
    oscar_outcome outcome;
    oscar_pack pack;
    oscar_status status;
    allow(of, KEY ANSWER "session_grant request_toki toki");
    if ((status = verifier_key(of, key)) != OSCAR_OK) return refused(status);
    session = slice(of, "session_grant");
    toki = slice(of, "request_toki");
    answer = answer_of(of);
    answer.toki = slice(of, "toki");
    oscar_pack_begin(&pack);
    oscar_pack_answer(&pack, &answer);
    oscar_pack_proofs(&pack, answer.toki, answer.grant);
    status = pack.failed ? OSCAR_MALFORMED
                         : oscar_hazmat_accept(key, strlen(key), (const char *)session.data, session.len, (const char *)toki.data, toki.len,
                                               pack.data, pack.len, (const uint8_t *)answer.body.data, answer.body.len, &outcome);
    oscar_pack_end(&pack);
    /* A signed refusal is an answer like any other here: its code is the result. */
    if (status != OSCAR_OK && !(status <= 21 && !pack.failed && outcome.authentic && outcome.code > 0)) return refused(status);
    status = oscar_answer_toki_parse((const char *)answer.toki.data, answer.toki.len, &claims);
    if (status != OSCAR_OK) return refused(status);
    return json_pack("{s:i, s:I, s:o}", "code", outcome.code, "ts_ms", (json_int_t)claims.ts_ms, "sid_hex",
                     outcome.adopted ? hexed(outcome.sid, 8) : json_null());
}

/* Messages, URLs, tickets */

static void pack_message(judged *of, oscar_pack *pack) {
    oscar_pack_slice(pack, slice(of, "destination"));
    oscar_pack_slice(pack, slice(of, "type"));
    oscar_pack_slice(pack, unhexed(of, "ext_hex"));
    oscar_pack_digest(pack, digest_of(of));
}

static oscar_slice body_of(judged *of) {
    oscar_slice none = {NULL, 0};
    return digest_of(of) != NULL ? none : unhexed(of, "body_hex");
}

static json_t *message_mint(judged *of) {
    char key[OSCAR_AUDIENCE_KEY_MAX_LEN], toki[OSCAR_MESSAGE_TOKI_MAX_LEN];
    oscar_slice body;
    const uint8_t *nonce;
    oscar_pack pack;
    oscar_status status;
    allow(of, KEY MESSAGE "ts_ms nonce_hex ttl_s");
    if ((status = key_text(of, key)) != OSCAR_OK) return refused(status);
    body = body_of(of);
    nonce = fixed(of, "nonce_hex", 8);
    oscar_pack_begin(&pack);
    pack_message(of, &pack);
    status = pack.failed ? OSCAR_UNSIGNABLE
                         : oscar_hazmat_mint_message(key, strlen(key), pack.data, pack.len, (const uint8_t *)body.data, body.len,
                                                     number(of, "ts_ms", 0), nonce, number(of, "ttl_s", 0), toki, sizeof toki);
    oscar_pack_end(&pack);
    return text_result(status, "toki", toki);
}

json_t *message_step(judged *of, oscar_handle service) {
    static const char *const verdicts[] = {"fresh", "duplicate", "unchecked"};
    oscar_slice body = body_of(of), toki = slice(of, "toki");
    oscar_verified_message verified;
    oscar_pack pack;
    oscar_status status;
    oscar_pack_begin(&pack);
    pack_message(of, &pack);
    if (toki.data != NULL) oscar_pack_slice(&pack, toki);
    status = pack.failed ? OSCAR_MALFORMED
                         : oscar_service_verify_message(service, pack.data, pack.len, (const uint8_t *)body.data, body.len, 0, 86400,
                                                        number(of, "now_ms", 0), &verified);
    oscar_pack_end(&pack);
    if (status != OSCAR_OK) return refused(status);
    oscar_message_free(verified.context);
    return json_pack("{s:o, s:I, s:I, s:s}", "kid_hex", hexed(verified.kid, 8), "ts_ms", (json_int_t)verified.ts_ms, "ttl_s",
                     (json_int_t)verified.ttl_s, "verdict", verdicts[verified.freshness]);
}

static json_t *message_verify(judged *of) {
    allow(of, KEY MESSAGE "toki now_ms");
    return with_service(of, message_step);
}

static json_t *url_mint(judged *of) {
    char key[OSCAR_AUDIENCE_KEY_MAX_LEN], *target;
    oscar_request request;
    oscar_pack pack;
    oscar_status status;
    size_t capacity;
    allow(of, KEY "method authority target ext_hex exp_ms");
    if ((status = key_text(of, key)) != OSCAR_OK) return refused(status);
    request = request_of(of);
    capacity = request.target.len + OSCAR_URL_PARAMETER_MAX_LEN;
    target = (char *)lend(of, capacity);
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, &request);
    status = pack.failed ? OSCAR_UNSIGNABLE
                         : oscar_hazmat_mint_url(key, strlen(key), pack.data, pack.len, number(of, "exp_ms", 0), target, capacity);
    oscar_pack_end(&pack);
    return text_result(status, "target", target);
}

json_t *url_step(judged *of, oscar_handle service) {
    oscar_request request = request_of(of);
    oscar_verified_url verified;
    oscar_pack pack;
    oscar_status status;
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, &request);
    status = pack.failed ? OSCAR_MALFORMED
                         : oscar_service_verify_url(service, pack.data, pack.len, number(of, "now_ms", 0), &verified);
    oscar_pack_end(&pack);
    if (status != OSCAR_OK) return refused(status);
    return json_pack("{s:o, s:I}", "kid_hex", hexed(verified.kid, 8), "exp_ms", (json_int_t)verified.exp_ms);
}

static json_t *url_verify(judged *of) {
    allow(of, KEY "method authority target ext_hex now_ms");
    return with_service(of, url_step);
}

static json_t *ticket_mint(judged *of) {
    char key[OSCAR_AUDIENCE_KEY_MAX_LEN], ticket[OSCAR_TICKET_MAX_LEN];
    oscar_slice connection, origin;
    oscar_status status;
    allow(of, KEY "connection_hex origin ts_ms nonce_hex");
    if ((status = key_text(of, key)) != OSCAR_OK) return refused(status);
    connection = unhexed(of, "connection_hex");
    origin = slice(of, "origin");
    status = oscar_hazmat_mint_ticket(key, strlen(key), (const uint8_t *)connection.data, connection.len, (const char *)origin.data,
                                      origin.len, number(of, "ts_ms", 0), fixed(of, "nonce_hex", 8), ticket, sizeof ticket);
    return text_result(status, "ticket", ticket);
}

json_t *ticket_step(judged *of, oscar_handle service) {
    oscar_slice ticket = slice(of, "ticket"), origin = slice(of, "origin");
    oscar_verified_ticket verified;
    oscar_status status = oscar_service_verify_ticket(service, (const char *)ticket.data, ticket.len, (const char *)origin.data, origin.len,
                                                      0, number(of, "now_ms", 0), &verified);
    if (status != OSCAR_OK) return refused(status);
    return json_pack("{s:o, s:o, s:I}", "kid_hex", hexed(verified.kid, 8), "connection_hex",
                     hexed(verified.connection, verified.connection_len), "ts_ms", (json_int_t)verified.ts_ms);
}

static json_t *ticket_verify(judged *of) {
    allow(of, KEY "ticket origin now_ms");
    return with_service(of, ticket_step);
}

/* OscarToki v1 */

static uint32_t dialect_of(judged *of) {
    oscar_slice name = slice(of, "dialect");
    if (name.data == NULL || strcmp((const char *)name.data, "any") == 0) return OSCAR_DIALECT_ANY;
    if (strcmp((const char *)name.data, "standard") == 0) return OSCAR_DIALECT_STANDARD;
    if (strcmp((const char *)name.data, "java") == 0) return OSCAR_DIALECT_JAVA;
    broken(of, "dialect");
}

static json_t *v1_mint(judged *of) {
    char toki[OSCAR_ANSWER_TOKI_MAX_LEN];
    oscar_slice key;
    allow(of, "key now_ms");
    key = slice(of, "key");
    return text_result(oscar_v1_mint((const uint8_t *)key.data, key.len, number(of, "now_ms", 0), toki, sizeof toki), "toki", toki);
}

static json_t *v1_verify(judged *of) {
    oscar_slice key, toki;
    int64_t ts_ms;
    oscar_status status;
    allow(of, "key toki now_ms dialect");
    key = slice(of, "key");
    toki = slice(of, "toki");
    status = oscar_v1_verify((const uint8_t *)key.data, key.len, (const char *)toki.data, toki.len, dialect_of(of), number(of, "now_ms", 0),
                             &ts_ms);
    return status == OSCAR_OK ? json_pack("{s:I}", "ts_ms", (json_int_t)ts_ms) : refused(status);
}

static json_t *v1_tokikey_mint(judged *of) {
    char tokikey[OSCAR_V1_TOKIKEY_MAX_LEN];
    oscar_slice key, toki;
    oscar_status status;
    allow(of, "key toki now_ms");
    key = slice(of, "key");
    toki = slice(of, "toki");
    status = oscar_v1_tokikey_mint((const uint8_t *)key.data, key.len, (const char *)toki.data, toki.len, number(of, "now_ms", 0), tokikey,
                                   sizeof tokikey);
    return text_result(status, "tokikey", tokikey);
}

static json_t *v1_tokikey_verify(judged *of) {
    oscar_slice key, toki, tokikey;
    oscar_status status;
    allow(of, "key toki now_ms tokikey dialect");
    key = slice(of, "key");
    toki = slice(of, "toki");
    tokikey = slice(of, "tokikey");
    status = oscar_v1_tokikey_verify((const uint8_t *)key.data, key.len, (const char *)toki.data, toki.len, (const char *)tokikey.data,
                                     tokikey.len, dialect_of(of), number(of, "now_ms", 0));
    return status == OSCAR_OK ? json_object() : refused(status);
}

static const struct {
    const char *name;
    operation *run;
} OPERATIONS[] = {
    {"key.derive", key_derive},           {"key.parse", key_parse},
    {"toki.mint", toki_mint},             {"toki.verify", toki_verify},
    {"grant.mint", grant_mint},           {"answer.mint", answer_mint},
    {"answer.verify", answer_verify},     {"message.mint", message_mint},
    {"message.verify", message_verify},   {"url.mint", url_mint},
    {"url.verify", url_verify},           {"ticket.mint", ticket_mint},
    {"ticket.verify", ticket_verify},     {"v1.mint", v1_mint},
    {"v1.verify", v1_verify},             {"v1.tokikey.mint", v1_tokikey_mint},
    {"v1.tokikey.verify", v1_tokikey_verify},
};

json_t *operate(judged *of, const char *op) {
    size_t at;
    for (at = 0; at < sizeof OPERATIONS / sizeof *OPERATIONS; at++)
        if (strcmp(OPERATIONS[at].name, op) == 0) return OPERATIONS[at].run(of);
    return NULL;
}
