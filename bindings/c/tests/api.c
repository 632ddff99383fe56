/* The C API from a C program: what each part does, what it refuses, and what it leaves alone. Takes a private folder.
 * `api --keys DIR` writes key files for http.sh. */
#include <stdio.h>

#include "oscartoki.h"

#define NOW 1795300000000

static const char AUDIENCE[] = "api.example.com";
static char secret[OSCAR_SECRET_MAX_LEN], key[OSCAR_AUDIENCE_KEY_MAX_LEN];
static uint8_t kid[OSCAR_ID_LEN];
static oscar_handle keyring, service, client;

static void fail(int line, const char *what) {
    fprintf(stderr, "api.c:%d: %s (%s)\n", line, what, oscar_last_detail());
    exit(1);
}
#define CHECK(holds) ((holds) ? (void)0 : fail(__LINE__, #holds))
#define OK(call) CHECK((call) == OSCAR_OK)

static void write_file(const char *folder, const char *name, const char *text) {
    char path[4096];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    CHECK(file != NULL);
    fprintf(file, "# for a test\n%s\n", text);
    fclose(file);
}

static void keys(void) {
    char again[OSCAR_AUDIENCE_KEY_MAX_LEN], small[8] = "small";
    uint8_t other[OSCAR_ID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8}, raw[32], equal[32] = {7, 7, 7};
    memset(equal, 7, sizeof equal);
    OK(oscar_secret_generate(secret, sizeof secret));
    CHECK(strncmp(secret, "os2.", 4) == 0 && strlen(secret) + 1 == OSCAR_SECRET_MAX_LEN);
    OK(oscar_secret_kid(secret, strlen(secret), 0, kid));
    OK(oscar_secret_audience_key(secret, strlen(secret), AUDIENCE, strlen(AUDIENCE), 0, key, sizeof key));
    OK(oscar_audience_key_read(key, strlen(key), other, raw));
    CHECK(memcmp(kid, other, sizeof kid) == 0);
    other[0] ^= 1;
    OK(oscar_audience_key_parse(key, strlen(key), other, again, sizeof again));
    CHECK(strcmp(again, key) != 0);
    CHECK(oscar_secret_parse(key, strlen(key), again, sizeof again) == OSCAR_WRONG_KIND);
    CHECK(oscar_secret_parse("os2.", 4, again, sizeof again) == OSCAR_MALFORMED);
    CHECK(oscar_secret_from_bytes(equal, 32, again, sizeof again) == OSCAR_WEAK_SECRET);
    CHECK(oscar_secret_from_bytes(raw, 31, again, sizeof again) == OSCAR_WEAK_SECRET);
    CHECK(oscar_secret_generate(small, sizeof small) == OSCAR_SHORT_BUFFER && strcmp(small, "small") == 0);
    CHECK(oscar_secret_generate(NULL, 100) == OSCAR_NULL_POINTER);
    CHECK(oscar_secret_kid(secret, strlen(secret), -1, kid) == OSCAR_UNSIGNABLE);
}

static void make(void) {
    const char *authorities[] = {"api.example.com", "LOCALHOST:80"};
    oscar_service_settings settings;
    oscar_handle log, none = -7;
    char name[OSCAR_AUTHORITY_MAX_LEN];
    OK(oscar_keyring_new(AUDIENCE, strlen(AUDIENCE), &keyring));
    OK(oscar_keyring_add(keyring, key, strlen(key)));
    CHECK(oscar_keyring_holds(keyring, kid) == 1);
    CHECK(oscar_keyring_add(keyring, secret, strlen(secret)) == OSCAR_WRONG_KIND);
    CHECK(oscar_keyring_load(keyring, "# nothing\nnonsense\n", 19) == OSCAR_MALFORMED && strstr(oscar_last_detail(), "2") != NULL);
    CHECK(oscar_keyring_holds(keyring, kid) == 1);
    CHECK(oscar_keyring_fault_in_keys(keyring, "# nothing\nnonsense\n", 19) == OSCAR_MALFORMED && strstr(oscar_last_detail(), "line 2") != NULL);
    OK(oscar_keyring_fault_in_keys(keyring, "# nothing\n", 10));
    CHECK(oscar_keyring_holds(keyring, kid) == 1);
    OK(oscar_keyring_audience(keyring, name, sizeof name));
    CHECK(strcmp(name, AUDIENCE) == 0);
    CHECK(oscar_keyring_audience(keyring, name, sizeof name - 1) == OSCAR_SHORT_BUFFER && oscar_keyring_audience(0, name, sizeof name) == OSCAR_BAD_HANDLE);
    OK(oscar_replay_log_memory(1024, &log));
    OK(oscar_service_settings_init(&settings));
    CHECK(oscar_service_new(&settings, log, keyring, NOW, &none) == OSCAR_BAD_HANDLE && none == -7);
    settings.window_ms = 999;
    CHECK(oscar_service_new(&settings, keyring, log, NOW, &none) == OSCAR_POLICY && none == -7);
    settings.window_ms = 30000;
    settings.first_start = 1;
    settings.authorities = authorities;
    settings.authorities_len = 2;
    OK(oscar_service_new(&settings, keyring, log, NOW, &service));
    OK(oscar_replay_log_free(log));
    CHECK(oscar_replay_log_free(log) == OSCAR_BAD_HANDLE);
    OK(oscar_client_new(secret, strlen(secret), AUDIENCE, strlen(AUDIENCE), NULL, &client));
}

/* Signs, verifies, answers and accepts; the outcome of the whole. */
static oscar_status exchange(const char *method, const char *target, const char *body, int64_t now_ms, oscar_outcome *outcome) {
    oscar_request request;
    oscar_answer answer;
    oscar_signed headers;
    oscar_verdict verdict;
    oscar_answered answered;
    oscar_handle context;
    oscar_status status;
    memset(&request, 0, sizeof request);
    memset(&answer, 0, sizeof answer);
    request.method = oscar_str(method);
    request.authority = oscar_str(AUDIENCE);
    request.target = oscar_str(target);
    request.body = oscar_str(body);
    OK(oscar_client_sign(client, &request, now_ms, &headers, &context));
    if (headers.probe) {
        request.method = oscar_str("HEAD");
        request.body = oscar_str(NULL);
    }
    request.toki = oscar_str(headers.toki);
    request.grant = oscar_optional(headers.grant);
    status = oscar_service_verify(service, &request, now_ms, &verdict);
    CHECK(status == verdict.status && verdict.context != 0);
    if (status == OSCAR_OK) CHECK(memcmp(verdict.kid, kid, sizeof kid) == 0 && strcmp(verdict.authority, AUDIENCE) == 0);
    answer.status = status == OSCAR_OK ? 200 : verdict.http_status;
    answer.body = oscar_str(status == OSCAR_OK && strcmp(method, "HEAD") != 0 ? "{}" : NULL);
    OK(oscar_service_answer(service, verdict.context, &answer, now_ms, &answered));
    CHECK(oscar_service_answer(service, verdict.context, &answer, now_ms, &answered) == OSCAR_REPLAYED);
    answer.toki = oscar_str(answered.toki);
    answer.grant = oscar_optional(answered.grant);
    status = oscar_client_accept_with(client, context, &answer, now_ms, 0, outcome);
    CHECK(oscar_client_accept(client, context, &answer, now_ms) == OSCAR_REPLAYED);
    if (headers.probe && status == OSCAR_OK) return exchange(method, target, body, now_ms + 1, outcome);
    return status;
}

static void exchanges(void) {
    oscar_outcome outcome;
    oscar_counters counters;
    int64_t offset = -7;
    CHECK(oscar_client_offset(client, &offset) == OSCAR_MISSING && offset == -7);
    OK(exchange("POST", "/v1/transfer?dry=0", "{\"amount\":10}", NOW + 1, &outcome));
    CHECK(outcome.code == 0 && outcome.authentic && outcome.may_have_run && !outcome.probe && !outcome.resend && outcome.http_status == 200);
    OK(exchange("GET", "/", NULL, NOW + 10, &outcome));
    OK(oscar_client_offset(client, &offset));
    CHECK(offset == 0);
    OK(oscar_service_counters(service, &counters));
    CHECK(counters.accepted == 2 && counters.refused[OSCAR_STALE] == 1);
}

static void pending(void) {
    oscar_request request;
    oscar_signed headers;
    oscar_verdict verdict;
    oscar_handle context, first;
    uint8_t digest[32];
    int round;
    memset(&request, 0, sizeof request);
    OK(oscar_sha256((const uint8_t *)"body", 4, digest));
    request.method = oscar_str("POST");
    request.authority = oscar_str(AUDIENCE);
    request.target = oscar_str("/");
    request.digest = digest;
    for (round = 0; round < 3; round++) {
        OK(oscar_client_sign_with(client, &request, OSCAR_SIGN_TRUST_CLOCK, NOW + 20 + round, 0, &headers, &context));
        OK(oscar_sign_context_free(context));
        request.toki = oscar_str(headers.toki);
        request.grant = oscar_optional(headers.grant);
        CHECK(oscar_service_verify(service, &request, NOW + 20 + round, &verdict) == OSCAR_PENDING);
        first = verdict.context;
        if (round == 0) OK(oscar_service_finish(first, (const uint8_t *)"body", 4, NULL, &verdict));
        if (round == 1) CHECK(oscar_service_finish(first, (const uint8_t *)"bodY", 4, NULL, &verdict) == OSCAR_BODY_MISMATCH);
        if (round == 2) CHECK(oscar_service_too_large(first, &verdict) == OSCAR_POLICY && verdict.http_status == 413);
        CHECK(verdict.code == (round == 0 ? 0 : round == 1 ? 5 : 6) && verdict.context != first);
        OK(oscar_verdict_free(verdict.context));
        CHECK(oscar_service_finish(first, NULL, 0, NULL, &verdict) == OSCAR_REPLAYED && verdict.code == -1 && verdict.context == 0);
    }
}

static void refusals(void) {
    oscar_request request;
    oscar_verdict verdict;
    char line[OSCAR_REVOCATION_MAX_LEN], copy[256] = "";
    oscar_handle text;
    size_t len;
    oscar_outcome outcome;
    memset(&request, 0, sizeof request);
    CHECK(oscar_service_verify(service, &request, NOW, &verdict) == OSCAR_MISSING && verdict.http_status == 401 && verdict.www_authenticate);
    CHECK(verdict.context == 0 && verdict.code == -1);
    request.toki = oscar_str("");
    CHECK(oscar_service_verify(service, &request, NOW, &verdict) == OSCAR_MALFORMED && verdict.http_status == 400);
    CHECK(oscar_service_verify(0, &request, NOW, &verdict) == OSCAR_BAD_HANDLE && verdict.status == OSCAR_BAD_HANDLE);
    CHECK(oscar_service_verify(client, &request, NOW, &verdict) == OSCAR_BAD_HANDLE);
    CHECK(oscar_service_verify_packed(service, NULL, 3, NULL, 0, NOW, &verdict) == OSCAR_NULL_POINTER);
    CHECK(oscar_service_verify_packed(service, (const uint8_t *)"\0\1", 2, NULL, 0, NOW, &verdict) == OSCAR_BAD_PACKED);
    CHECK(oscar_service_verify(service, &request, NOW, NULL) == OSCAR_NULL_POINTER);
    OK(oscar_keyring_revoke_key(keyring, kid, line, sizeof line));
    CHECK(strncmp(line, "revoked ", 8) == 0 && strlen(line) == 24);
    OK(oscar_keyring_revocations(keyring, &text));
    OK(oscar_text_len(text, &len));
    CHECK(oscar_text_copy(text, copy, len - 1) == OSCAR_SHORT_BUFFER && copy[0] == 0);
    OK(oscar_text_copy(text, copy, sizeof copy));
    CHECK(len == 25 && strncmp(copy, line, 24) == 0);
    OK(oscar_text_free(text));
    CHECK(exchange("GET", "/", NULL, NOW + 100, &outcome) == OSCAR_REVOKED && outcome.code == 4 && outcome.http_status == 403);
}

static void states(void) {
    oscar_handle state, delegate;
    char text[1024], session[OSCAR_SESSION_MAX_LEN];
    size_t len;
    OK(oscar_client_export_state(client, &state));
    OK(oscar_text_len(state, &len));
    CHECK(len < sizeof text);
    OK(oscar_text_copy(state, text, sizeof text));
    OK(oscar_text_free(state));
    OK(oscar_client_import_state(client, text, len));
    CHECK(oscar_client_import_state(client, "nonsense", 8) == OSCAR_MALFORMED);
    OK(oscar_client_hand_out(client, 600, NOW, session, sizeof session));
    CHECK(oscar_client_hand_out(client, 601, NOW, session, sizeof session) == OSCAR_UNSIGNABLE);
    OK(oscar_client_from_session(session, strlen(session), NULL, &delegate));
    CHECK(oscar_client_hand_out(delegate, 60, NOW, session, sizeof session) == OSCAR_UNSIGNABLE);
    OK(oscar_client_free(delegate));
}

static void explanations(void) {
    oscar_request request;
    oscar_signed headers;
    oscar_pack keys_at_hand, pack;
    oscar_handle context, told = -7;
    char sentence[512] = "";
    memset(&request, 0, sizeof request);
    request.method = oscar_str("GET");
    request.authority = oscar_str(AUDIENCE);
    request.target = oscar_str("/a");
    OK(oscar_client_sign(client, &request, NOW, &headers, &context));
    OK(oscar_sign_context_free(context));
    request.target = oscar_str("/a?b=1");
    oscar_pack_begin(&keys_at_hand);
    oscar_pack_slice(&keys_at_hand, oscar_str("ours"));
    oscar_pack_slice(&keys_at_hand, oscar_str(key));
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, &request);
    CHECK(oscar_explain(keys_at_hand.data, keys_at_hand.len, pack.data, pack.len, NULL, 0, &told) == OSCAR_MISSING && told == -7);
    oscar_pack_proofs(&pack, oscar_str(headers.toki), oscar_optional(headers.grant));
    OK(oscar_explain(keys_at_hand.data, keys_at_hand.len, pack.data, pack.len, NULL, 0, &told));
    OK(oscar_text_copy(told, sentence, sizeof sentence));
    CHECK(strstr(sentence, "query") != NULL);
    OK(oscar_text_free(told));
    oscar_pack_end(&pack);
    oscar_pack_end(&keys_at_hand);
}

static void memories(const char *folder) {
    char path[4096], short_path[16];
    oscar_handle log = -7, again;
    snprintf(path, sizeof path, "%s/memory", folder);
    OK(oscar_replay_log_mapped(path, strlen(path), 1000, &log));
    OK(oscar_replay_log_mapped(path, strlen(path), 0, &again));
    OK(oscar_replay_log_free(log));
    OK(oscar_replay_log_free(again));
    log = -7;
    CHECK(oscar_replay_log_mapped("/nowhere/at/all", 15, 0, &log) == OSCAR_STORE && log == -7 && strstr(oscar_last_detail(), "/nowhere"));
    CHECK(oscar_replay_log_memory((size_t)1 << 40, &log) == OSCAR_BAD_PACKED && log == -7);
    CHECK(oscar_replay_log_default_path(keyring, short_path, sizeof short_path) == OSCAR_SHORT_BUFFER);
    CHECK(oscar_replay_log_default_path(0, path, sizeof path) == OSCAR_BAD_HANDLE);
}

static void files(const char *folder) {
    static const char revoked[] = "revoked 0102030405060708 before 5";
    char path[4096], revocations[4096], text[256] = "", other[OSCAR_SECRET_MAX_LEN], other_key[OSCAR_AUDIENCE_KEY_MAX_LEN];
    oscar_handle ring, opened = -7, told;
    oscar_pack paths;
    write_file(folder, "ring-keys", key);
    snprintf(path, sizeof path, "%s/ring-keys", folder);
    snprintf(revocations, sizeof revocations, "%s/ring-revoked", folder);
    remove(revocations);
    OK(oscar_keyring_new(AUDIENCE, strlen(AUDIENCE), &ring));
    oscar_pack_begin(&paths);
    oscar_pack_slice(&paths, oscar_str(path));
    OK(oscar_secret_generate(other, sizeof other));
    OK(oscar_secret_audience_key(other, strlen(other), AUDIENCE, strlen(AUDIENCE), 0, other_key, sizeof other_key));
    CHECK(oscar_ring_files_open(ring, paths.data, paths.len, other, strlen(other), NULL, 0, &opened) == OSCAR_WRONG_KIND && opened == -7);
    CHECK(strstr(oscar_last_detail(), "line 1") != NULL && strstr(oscar_last_detail(), other + 4) == NULL);
    CHECK(oscar_ring_files_open(ring, paths.data, paths.len - 1, NULL, 0, NULL, 0, &opened) == OSCAR_BAD_PACKED && opened == -7);
    CHECK(oscar_ring_files_open(client, NULL, 0, NULL, 0, NULL, 0, &opened) == OSCAR_BAD_HANDLE && opened == -7);
    CHECK(oscar_keyring_holds(ring, kid) == 0);
    OK(oscar_ring_files_open(ring, paths.data, paths.len, other_key, strlen(other_key), revocations, strlen(revocations), &opened));
    CHECK(oscar_keyring_holds(ring, kid) == 1);
    OK(oscar_ring_files_refresh(opened));
    CHECK(oscar_ring_files_append(opened, "nonsense", 8) == OSCAR_MALFORMED);
    OK(oscar_ring_files_append(opened, revoked, strlen(revoked)));
    OK(oscar_ring_files_free(opened));
    CHECK(oscar_ring_files_refresh(opened) == OSCAR_BAD_HANDLE && oscar_ring_files_free(opened) == OSCAR_BAD_HANDLE);
    OK(oscar_ring_files_open(ring, NULL, 0, NULL, 0, revocations, strlen(revocations), &opened));
    OK(oscar_keyring_revocations(ring, &told));
    OK(oscar_text_copy(told, text, sizeof text));
    OK(oscar_text_free(told));
    CHECK(strncmp(text, revoked, strlen(revoked)) == 0 && oscar_keyring_holds(ring, kid) == 1);
    OK(oscar_ring_files_free(opened));
    OK(oscar_ring_files_free(0));
    remove(path);
    CHECK(oscar_ring_files_open(ring, paths.data, paths.len, NULL, 0, NULL, 0, &opened) == OSCAR_STORE);
    CHECK(strstr(oscar_last_detail(), path) != NULL);
    oscar_pack_end(&paths);
    OK(oscar_keyring_free(ring));
}

/* Fields that lp can't hold, and one that needs the heap. */
static void packing(void) {
    static char target[70000];
    oscar_request request;
    oscar_signed headers;
    oscar_handle context;
    memset(&request, 0, sizeof request);
    memset(target, 'a', sizeof target);
    target[0] = '/';
    request.method = oscar_str("GET");
    request.authority = oscar_str(AUDIENCE);
    request.target.data = target;
    request.target.len = 60000;
    OK(oscar_client_sign(client, &request, NOW, &headers, &context));
    OK(oscar_sign_context_free(context));
    request.target.len = 65536;
    CHECK(oscar_client_sign(client, &request, NOW, &headers, &context) == OSCAR_UNSIGNABLE);
    CHECK(oscar_client_sign(client, NULL, NOW, &headers, &context) == OSCAR_NULL_POINTER);
}

int main(int argc, char **argv) {
    CHECK(oscar_abi_version() == OSCAR_ABI_VERSION);
    CHECK(strcmp(oscar_error_name(OSCAR_BODY_MISMATCH), "body_mismatch") == 0 && oscar_error_name(1000) == NULL);
    CHECK(oscar_status_from_name("stale") == OSCAR_STALE && oscar_status_from_name("nonsense") == -1);
    CHECK(strlen(oscar_status_message(OSCAR_STALE)) > 0 && strlen(oscar_version()) > 0);
    keys();
    if (argc == 3 && strcmp(argv[1], "--keys") == 0) {
        write_file(argv[2], "secret", secret);
        write_file(argv[2], "key", key);
        OK(oscar_secret_generate(secret, sizeof secret));
        write_file(argv[2], "other", secret);
        return 0;
    }
    make();
    exchanges();
    pending();
    states();
    packing();
    explanations();
    memories(argc > 1 ? argv[1] : ".");
    files(argc > 1 ? argv[1] : ".");
    refusals();
    OK(oscar_client_free(client));
    CHECK(oscar_client_free(client) == OSCAR_BAD_HANDLE);
    OK(oscar_service_free(service));
    OK(oscar_keyring_free(keyring));
    OK(oscar_client_free(0));
    printf("the C API does what it says\n");
    return 0;
}
