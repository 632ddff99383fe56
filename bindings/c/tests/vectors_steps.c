/* The two operations with a memory: `service` and `client`. One object through all steps. */
#include "vectors.h"

#define MAX_STEPS 4096

struct sequence {
    oscar_handle service, keyring, client;
    oscar_handle contexts[MAX_STEPS]; /* of sign steps, by their index; kept when used, so that a second use is seen */
};

static sequence *made(void) {
    sequence *on = (sequence *)calloc(1, sizeof *on);
    if (on == NULL) abort();
    return on;
}

void finish(sequence *on) {
    size_t at;
    for (at = 0; at < MAX_STEPS; at++)
        if (on->contexts[at] != 0) oscar_sign_context_free(on->contexts[at]);
    oscar_service_free(on->service);
    oscar_keyring_free(on->keyring);
    oscar_client_free(on->client);
    free(on);
}

/* Construction */

static oscar_status add_keys(judged *of, json_t *keys, oscar_handle *ring) {
    json_t *whole = of->in, *key;
    size_t index;
    oscar_status status = OSCAR_OK;
    char text[OSCAR_AUDIENCE_KEY_MAX_LEN], room[OSCAR_AUTHORITY_MAX_LEN];
    json_array_foreach(keys, index, key) {
        oscar_slice audience;
        of->in = key;
        if (!json_is_object(key)) broken(of, "keys");
        allow(of, KEY);
        audience = audience_of(of, room);
        if (audience.len == 0 && given(of, "audience_key")) audience = oscar_str("audience");
        status = key_text(of, text);
        if (status == OSCAR_UNSIGNABLE) status = OSCAR_MALFORMED;
        if (status == OSCAR_OK && *ring == 0) status = oscar_keyring_new((const char *)audience.data, audience.len, ring);
        if (status == OSCAR_OK) status = oscar_keyring_add(*ring, text, strlen(text));
        if (status != OSCAR_OK) break;
    }
    of->in = whole;
    if (status == OSCAR_OK && *ring == 0) status = oscar_keyring_new("audience", 8, ring);
    return status;
}

static oscar_status construct_service(judged *of, sequence *on) {
    json_t *authorities = json_object_get(of->in, "authorities"), *keys = json_object_get(of->in, "keys"), *name;
    const char **names;
    oscar_service_settings settings;
    oscar_slice memory;
    oscar_handle log = 0;
    oscar_status status;
    size_t index;
    allow(of, "keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps");
    memory = slice(of, "memory");
    if (memory.data != NULL && strcmp((const char *)memory.data, "local") != 0) broken(of, "memory");
    if (keys != NULL && !json_is_array(keys)) broken(of, "keys");
    oscar_service_settings_init(&settings);
    names = (const char **)lend(of, sizeof *names * (json_array_size(authorities) + 1));
    json_array_foreach(authorities, index, name) {
        if (!json_is_string(name)) broken(of, "authorities");
        names[index] = json_string_value(name);
    }
    settings.authorities = names;
    settings.authorities_len = json_array_size(authorities);
    settings.window_ms = number(of, "window_ms", settings.window_ms);
    settings.max_ttl_s = number(of, "max_ttl_s", settings.max_ttl_s);
    settings.first_start = (uint8_t)truth(of, "first_start", 1);
    status = add_keys(of, keys, &on->keyring);
    if (status == OSCAR_OK)
        status = given(of, "capacity") ? oscar_replay_log_exact((size_t)number(of, "capacity", 0), &log)
                                       : oscar_replay_log_memory(1 << 14, &log);
    if (status == OSCAR_OK) status = oscar_service_new(&settings, on->keyring, log, number(of, "start_ms", 0), &on->service);
    oscar_replay_log_free(log);
    return status;
}

static oscar_status construct_client(judged *of, sequence *on) {
    char secret[OSCAR_SECRET_MAX_LEN];
    oscar_slice delegated, key, raw, audience;
    oscar_client_settings settings;
    oscar_status status;
    allow(of, KEY "delegated steps");
    delegated = slice(of, "delegated");
    key = slice(of, "audience_key");
    audience = slice(of, "audience");
    oscar_client_settings_init(&settings);
    settings.generation = number(of, "generation", 0);
    if (delegated.data != NULL) return oscar_client_from_session((const char *)delegated.data, delegated.len, &settings, &on->client);
    if (key.data != NULL) return oscar_client_from_audience_key((const char *)key.data, key.len, &settings, &on->client);
    if (!given(of, "secret_hex")) broken(of, "no key is given");
    raw = unhexed(of, "secret_hex");
    status = oscar_secret_from_bytes((const uint8_t *)raw.data, raw.len, secret, sizeof secret);
    if (status != OSCAR_OK) return status;
    if (audience.data != NULL && audience.len == 0) return OSCAR_UNSIGNABLE; /* without a name, the C client takes each request's */
    return oscar_client_new(secret, strlen(secret), (const char *)audience.data, audience.len, &settings, &on->client);
}

sequence *construct(judged *of, const char *op, json_t **refusal) {
    sequence *on = made();
    oscar_status status;
    json_t *steps = json_object_get(of->in, "steps");
    if (!json_is_array(steps) || json_array_size(steps) > MAX_STEPS) broken(of, "steps");
    status = strcmp(op, "service") == 0 ? construct_service(of, on) : construct_client(of, on);
    if (status == OSCAR_OK) return on;
    finish(on);
    *refusal = refused(status);
    return NULL;
}

/* Steps of a service */

static json_t *revoke(sequence *on, judged *of, const char *action) {
    const uint8_t *kid = fixed(of, "kid_hex", 8);
    char line[OSCAR_REVOCATION_MAX_LEN];
    oscar_status status;
    if (strcmp(action, "revoke_key") == 0) {
        allow(of, "kid_hex now_ms");
        status = oscar_keyring_revoke_key(on->keyring, kid, line, sizeof line);
    } else if (strcmp(action, "revoke_session") == 0) {
        allow(of, "kid_hex sid_hex now_ms");
        status = oscar_keyring_revoke_session(on->keyring, kid, fixed(of, "sid_hex", 8), line, sizeof line);
    } else {
        allow(of, "kid_hex before_s now_ms");
        status = oscar_keyring_revoke_issued_before(on->keyring, kid, number(of, "before_s", 0), NULL, 0);
    }
    return status == OSCAR_OK ? json_object() : refused(status);
}

static json_t *service_step(sequence *on, judged *of, const char *action) {
    if (strcmp(action, "verify") == 0) {
        allow(of, KEY REQUEST "now_ms toki grant finish_body_hex");
        return verify_step(of, on->service);
    }
    if (strcmp(action, "ticket") == 0) {
        allow(of, KEY "ticket origin now_ms");
        return ticket_step(of, on->service);
    }
    if (strcmp(action, "message") == 0) {
        allow(of, KEY MESSAGE "toki now_ms");
        return message_step(of, on->service);
    }
    if (strcmp(action, "url") == 0) {
        allow(of, KEY "method authority target ext_hex now_ms");
        return url_step(of, on->service);
    }
    if (strcmp(action, "revoke_key") == 0 || strcmp(action, "revoke_session") == 0 || strcmp(action, "revoke_issued_before") == 0)
        return revoke(on, of, action);
    broken(of, "an unknown step");
}

/* Steps of a client */

static json_t *sign(sequence *on, judged *of, size_t index) {
    oscar_request request = request_of(of);
    oscar_signed headers;
    oscar_pack pack;
    oscar_status status;
    const uint8_t *nonce;
    uint32_t options = 0;
    allow(of, REQUEST "now_ms repeatable trust_clock resend_of nonce_hex");
    nonce = fixed(of, "nonce_hex", 8);
    if (truth(of, "repeatable", 0)) options |= OSCAR_SIGN_REPEATABLE;
    if (truth(of, "trust_clock", 0)) options |= OSCAR_SIGN_TRUST_CLOCK;
    if (given(of, "resend_of")) options |= OSCAR_SIGN_RESEND;
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, &request);
    status = pack.failed ? OSCAR_UNSIGNABLE
                         : oscar_hazmat_client_sign(on->client, pack.data, pack.len, (const uint8_t *)request.body.data, request.body.len,
                                                    options, number(of, "now_ms", 0), 0, nonce, &headers, &on->contexts[index]);
    oscar_pack_end(&pack);
    if (status != OSCAR_OK)
        return json_pack("{s:s, s:b, s:b, s:b}", "error", oscar_error_name(status), "may_have_run", 0, "signed", 0, "resend", 0);
    return json_pack("{s:b, s:s, s:s?}", "probe", headers.probe, "toki", headers.toki, "grant",
                     headers.grant[0] != 0 ? headers.grant : NULL);
}

static json_t *accept(sequence *on, judged *of) {
    oscar_answer answer = answer_of(of);
    oscar_outcome outcome;
    oscar_status status;
    int64_t index;
    json_t *result;
    allow(of, ANSWER "of now_ms toki");
    index = number(of, "of", -1);
    if (index < 0 || index >= MAX_STEPS || on->contexts[index] == 0) broken(of, "of");
    answer.toki = slice(of, "toki");
    status = oscar_client_accept_with(on->client, on->contexts[index], &answer, number(of, "now_ms", 0), 0, &outcome);
    result = status == OSCAR_OK ? json_object() : refused(status);
    json_object_set_new(result, "code", outcome.code < 0 ? json_null() : json_integer(outcome.code));
    json_object_set_new(result, "resend", json_boolean(outcome.resend));
    json_object_set_new(result, "may_have_run", json_boolean(outcome.may_have_run));
    json_object_set_new(result, "signed", json_boolean(outcome.authentic));
    json_object_set_new(result, "status", outcome.http_status < 0 ? json_null() : json_integer(outcome.http_status));
    json_object_set_new(result, "offset_ms", outcome.has_offset ? json_integer(outcome.offset_ms) : json_null());
    json_object_set_new(result, "sid_hex", outcome.adopted ? hexed(outcome.sid, 8) : json_null());
    json_object_set_new(result, "grant_error", outcome.grant_error == OSCAR_OK ? json_null() : json_string(oscar_error_name(outcome.grant_error)));
    return result;
}

json_t *step(sequence *on, judged *of, size_t index, const char *action) {
    if (on->client == 0) return service_step(on, of, action);
    if (strcmp(action, "sign") == 0) return sign(on, of, index);
    if (strcmp(action, "accept") == 0) return accept(on, of);
    broken(of, "an unknown step");
}
