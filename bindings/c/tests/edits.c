/* edits [COUNT [SEED]]: so many single-bit flips and single-character edits each of q, r, k, m, u and w, all refused; then the untouched
 * one, accepted. */
#include <stdio.h>

#include "oscartoki.h"

#define NOW 1795300000123

static const char AUDIENCE[] = "api.example.com";
static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const uint8_t NONCE[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static char key[OSCAR_AUDIENCE_KEY_MAX_LEN];
static oscar_handle service;
static oscar_request request;
static oscar_answer answer;
static char q[OSCAR_TOKI_MAX_LEN], session_q[OSCAR_TOKI_MAX_LEN], r[OSCAR_TOKI_MAX_LEN], k[OSCAR_GRANT_MAX_LEN], m[OSCAR_MESSAGE_TOKI_MAX_LEN],
    u[256], w[OSCAR_TICKET_MAX_LEN];

static void must(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "edits: %s\n", what);
    exit(1);
}

/* Each judges a text in the place of the good one. */

static oscar_status judge_verdict(oscar_slice toki, oscar_slice grant) {
    oscar_verdict verdict;
    oscar_request asked = request;
    oscar_status status;
    asked.toki = toki;
    asked.grant = grant;
    status = oscar_service_verify(service, &asked, NOW + 1, &verdict);
    oscar_verdict_free(verdict.context);
    return status;
}

static oscar_status judge_q(oscar_slice text) {
    oscar_slice none = {NULL, 0};
    return judge_verdict(text, none);
}

static oscar_status judge_k(oscar_slice text) { return judge_verdict(oscar_str(session_q), text); }

static oscar_status judge_r(oscar_slice text) {
    oscar_pack pack;
    oscar_outcome outcome;
    oscar_slice none = {NULL, 0};
    oscar_status status;
    oscar_pack_begin(&pack);
    oscar_pack_answer(&pack, &answer);
    oscar_pack_proofs(&pack, text, none);
    status = oscar_hazmat_accept(key, strlen(key), NULL, 0, q, strlen(q), pack.data, pack.len, (const uint8_t *)answer.body.data,
                                 answer.body.len, &outcome);
    oscar_pack_end(&pack);
    return status;
}

static void pack_message(oscar_pack *pack) {
    oscar_pack_begin(pack);
    oscar_pack_slice(pack, oscar_str("billing"));
    oscar_pack_slice(pack, oscar_str("invoice.created"));
    oscar_pack_slice(pack, oscar_str(""));
    oscar_pack_digest(pack, NULL);
}

static oscar_status judge_m(oscar_slice text) {
    oscar_pack pack;
    oscar_verified_message verified;
    oscar_status status;
    pack_message(&pack);
    oscar_pack_slice(&pack, text);
    status = oscar_service_verify_message(service, pack.data, pack.len, (const uint8_t *)"{}", 2, 0, 86400, NOW, &verified);
    oscar_pack_end(&pack);
    if (status == OSCAR_OK) oscar_message_free(verified.context);
    return status;
}

static oscar_status judge_u(oscar_slice text) {
    oscar_pack pack;
    oscar_verified_url verified;
    oscar_request asked;
    oscar_status status;
    memset(&asked, 0, sizeof asked);
    asked.method = oscar_str("GET");
    asked.authority = oscar_str(AUDIENCE);
    asked.target = text;
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, &asked);
    status = oscar_service_verify_url(service, pack.data, pack.len, NOW, &verified);
    oscar_pack_end(&pack);
    return status;
}

static oscar_status judge_w(oscar_slice text) {
    oscar_verified_ticket verified;
    return oscar_service_verify_ticket(service, (const char *)text.data, text.len, NULL, 0, 0, NOW + 1, &verified);
}

static void mint(void) {
    char secret[OSCAR_SECRET_MAX_LEN];
    uint8_t bytes[32];
    const char *authorities[1];
    oscar_service_settings settings;
    oscar_handle ring, log;
    oscar_pack pack;
    size_t at;
    for (at = 0; at < 32; at++) bytes[at] = (uint8_t)at;
    authorities[0] = AUDIENCE;
    must(oscar_secret_from_bytes(bytes, 32, secret, sizeof secret) == OSCAR_OK, "a secret");
    must(oscar_secret_audience_key(secret, strlen(secret), AUDIENCE, strlen(AUDIENCE), 0, key, sizeof key) == OSCAR_OK, "its key");
    must(oscar_keyring_new(AUDIENCE, strlen(AUDIENCE), &ring) == OSCAR_OK && oscar_keyring_add(ring, key, strlen(key)) == OSCAR_OK, "a ring");
    must(oscar_replay_log_memory(4096, &log) == OSCAR_OK, "a memory");
    oscar_service_settings_init(&settings);
    settings.authorities = authorities;
    settings.authorities_len = 1;
    settings.first_start = 1;
    must(oscar_service_new(&settings, ring, log, NOW, &service) == OSCAR_OK, "a service");
    oscar_keyring_free(ring);
    oscar_replay_log_free(log);

    request.method = oscar_str("POST");
    request.authority = oscar_str(AUDIENCE);
    request.target = oscar_str("/v1/transfer?dry=0");
    request.body = oscar_str("{\"amount\":10}");
    answer.status = 200;
    answer.body = oscar_str("{\"ok\":true}");
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, &request);
    must(oscar_hazmat_mint_request(key, strlen(key), NULL, 0, pack.data, pack.len, (const uint8_t *)request.body.data, request.body.len, NOW,
                                   NONCE, 1, q, sizeof q) == OSCAR_OK, "q");
    must(strcmp(q, "ot2.IQofDmVSze76IAGiADgBewECAwQFBgcIW8XPj1Fcadcpvhuo3QgFWA") == 0, "q is the spec's");
    must(oscar_hazmat_mint_grant(key, strlen(key), q, strlen(q), NONCE, NOW / 1000 + 600, 600, k, sizeof k) == OSCAR_OK, "k");
    must(oscar_hazmat_mint_request(key, strlen(key), k, strlen(k), pack.data, pack.len, (const uint8_t *)request.body.data, request.body.len,
                                   NOW, NONCE, 0, session_q, sizeof session_q) == OSCAR_OK, "q in a session");
    oscar_pack_end(&pack);
    oscar_pack_begin(&pack);
    oscar_pack_answer(&pack, &answer);
    must(oscar_hazmat_mint_answer(key, strlen(key), NULL, 0, q, strlen(q), 0, NOW, pack.data, pack.len, (const uint8_t *)answer.body.data,
                                  answer.body.len, r, sizeof r) == OSCAR_OK, "r");
    oscar_pack_end(&pack);
    pack_message(&pack);
    must(oscar_hazmat_mint_message(key, strlen(key), pack.data, pack.len, (const uint8_t *)"{}", 2, NOW, NONCE, 3600, m, sizeof m) == OSCAR_OK,
         "m");
    oscar_pack_end(&pack);
    request.method = oscar_str("GET");
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, &request);
    must(oscar_hazmat_mint_url(key, strlen(key), pack.data, pack.len, NOW + 1000, u, sizeof u) == OSCAR_OK, "u");
    oscar_pack_end(&pack);
    request.method = oscar_str("POST");
    must(oscar_hazmat_mint_ticket(key, strlen(key), (const uint8_t *)"user-42", 7, NULL, 0, NOW, NONCE, w, sizeof w) == OSCAR_OK, "w");
}

/* Edits */

static uint64_t state;

static size_t below(size_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % n);
}

static unsigned value(char c) { return (unsigned)(strchr(ALPHABET, c) - ALPHABET); }

/* Flips one bit of what the base64url from `from` on stands for: of a character's six, but never of the unused ones. */
static void flip(char *text, size_t from) {
    size_t len = strlen(text), bits = (len - from) * 6 / 8 * 8, bit = below(bits), at = from + bit / 6;
    text[at] = ALPHABET[value(text[at]) ^ (32u >> bit % 6)];
}

/* Replaces, inserts or deletes one character. */
static void edit(char *text, size_t from) {
    size_t len = strlen(text), at = from + below(len - from);
    char other = (char)(0x20 + below(0x5F));
    switch (below(3)) {
        case 0:
            while (other == text[at]) other = (char)(0x20 + below(0x5F));
            text[at] = other;
            break;
        case 1: memmove(text + at + 1, text + at, len - at + 1), text[at] = other; break;
        default: memmove(text + at, text + at + 1, len - at); break;
    }
}

static void all(const char *what, const char *good, size_t from, oscar_status (*judge)(oscar_slice), size_t count) {
    char text[512];
    size_t at;
    for (at = 0; at < 2 * count; at++) {
        oscar_status status;
        strcpy(text, good);
        if (at % 2) flip(text, from + (strncmp(good + from, "ot2.", 4) == 0 || strncmp(good + from, "ok2.", 4) == 0 ? 4 : 0));
        else edit(text, from);
        if (strcmp(text, good) == 0) continue;
        status = judge(oscar_str(text));
        if (status >= OSCAR_MALFORMED && status <= OSCAR_REFLECTED) continue;
        fprintf(stderr, "edits: %s taken (%s): %s\n", what, oscar_error_name(status), text);
        exit(1);
    }
    must(judge(oscar_str(good)) == OSCAR_OK, what);
}

int main(int argc, char **argv) {
    size_t count = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 2000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    state = seed * 0x9E3779B97F4A7C15ULL + 1;
    mint();
    all("q", q, 0, judge_q, count);
    all("r", r, 0, judge_r, count);
    all("k", k, 0, judge_k, count);
    all("m", m, 0, judge_m, count);
    all("u", u, (size_t)(strstr(u, "ot2.") - u), judge_u, count);
    all("w", w, 0, judge_w, count);
    oscar_service_free(service);
    printf("%zu flips and %zu edits each of q r k m u w refused, seed %llu\n", count, count, (unsigned long long)seed);
    return 0;
}
