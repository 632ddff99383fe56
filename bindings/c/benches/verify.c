/* verify [ROUNDS]: what verify (and giving its context back), sign and answer cost through the C ABI, in ns, best of so many rounds; and OpenSSL's HMAC,
 * keyed beforehand, over a message of the same length. One line each: NAME NS. */
#define _POSIX_C_SOURCE 200809L
#include <openssl/hmac.h>
#include <stdio.h>
#include <time.h>

#include "oscartoki.h"

#define NOW 1795300000000
#define COUNT 50000

static const char AUDIENCE[] = "api.example.com";
static oscar_signed headers[COUNT];
static oscar_handle contexts[COUNT];

static double ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int holds) {
    if (!holds) {
        fprintf(stderr, "verify: a call failed: %s\n", oscar_last_detail());
        exit(1);
    }
}

static void best(double *kept, double start) {
    double taken = (ns() - start) / COUNT;
    if (*kept == 0 || taken < *kept) *kept = taken;
}

/* A message of 100 bytes: what M has in the request below. */
static double openssl(int rounds) {
    unsigned char key[32] = {1}, message[100] = {2}, tag[32];
    unsigned len;
    double kept = 0;
    int round, at;
    HMAC_CTX *keyed = HMAC_CTX_new(), *one = HMAC_CTX_new();
    must(HMAC_Init_ex(keyed, key, sizeof key, EVP_sha256(), NULL));
    for (round = 0; round < rounds; round++) {
        double start = ns();
        for (at = 0; at < COUNT; at++) {
            message[0] = (unsigned char)at;
            must(HMAC_CTX_copy(one, keyed) && HMAC_Update(one, message, sizeof message) && HMAC_Final(one, tag, &len));
        }
        best(&kept, start);
    }
    HMAC_CTX_free(keyed);
    HMAC_CTX_free(one);
    return kept;
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 5, round, at;
    double sign = 0, verify = 0, answered = 0;
    char secret[OSCAR_SECRET_MAX_LEN], key[OSCAR_AUDIENCE_KEY_MAX_LEN];
    const char *authorities[1];
    oscar_handle client, ring, log, service;
    oscar_service_settings settings;
    oscar_client_settings trusting;
    oscar_request request;
    oscar_answer answer;
    memset(&request, 0, sizeof request);
    memset(&answer, 0, sizeof answer);
    authorities[0] = AUDIENCE;
    must(oscar_secret_generate(secret, sizeof secret) == OSCAR_OK);
    must(oscar_secret_audience_key(secret, strlen(secret), AUDIENCE, strlen(AUDIENCE), 0, key, sizeof key) == OSCAR_OK);
    oscar_client_settings_init(&trusting);
    trusting.trust_clock = 1;
    must(oscar_client_new(secret, strlen(secret), AUDIENCE, strlen(AUDIENCE), &trusting, &client) == OSCAR_OK);
    must(oscar_keyring_new(AUDIENCE, strlen(AUDIENCE), &ring) == OSCAR_OK && oscar_keyring_add(ring, key, strlen(key)) == OSCAR_OK);
    oscar_service_settings_init(&settings);
    settings.authorities = authorities;
    settings.authorities_len = 1;
    settings.first_start = 1;
    request.method = oscar_str("GET");
    request.authority = oscar_str(AUDIENCE);
    request.target = oscar_str("/v1/accounts?limit=10&filter=open&sort=date+name"); /* M: 100 bytes */
    answer.status = 200;
    for (round = 0; round < rounds; round++) {
        double start;
        oscar_answered out;
        must(oscar_replay_log_memory(1 << 18, &log) == OSCAR_OK);
        must(oscar_service_new(&settings, ring, log, NOW, &service) == OSCAR_OK);
        start = ns();
        for (at = 0; at < COUNT; at++) must(oscar_client_sign(client, &request, NOW + 1, &headers[at], &contexts[at]) == OSCAR_OK);
        best(&sign, start);
        for (at = 0; at < COUNT; at++) oscar_sign_context_free(contexts[at]);
        start = ns();
        for (at = 0; at < COUNT; at++) {
            oscar_verdict verdict;
            request.toki = oscar_str(headers[at].toki);
            must(oscar_service_verify(service, &request, NOW + 2, &verdict) == OSCAR_OK);
            must(oscar_verdict_free(verdict.context) == OSCAR_OK);
        }
        best(&verify, start);
        oscar_service_free(service);
        oscar_replay_log_free(log);
        must(oscar_replay_log_memory(1 << 18, &log) == OSCAR_OK);
        must(oscar_service_new(&settings, ring, log, NOW, &service) == OSCAR_OK);
        for (at = 0; at < COUNT; at++) {
            oscar_verdict verdict;
            request.toki = oscar_str(headers[at].toki);
            must(oscar_service_verify(service, &request, NOW + 2, &verdict) == OSCAR_OK);
            contexts[at] = verdict.context;
        }
        start = ns();
        for (at = 0; at < COUNT; at++) must(oscar_service_answer(service, contexts[at], &answer, NOW + 3, &out) == OSCAR_OK);
        best(&answered, start);
        oscar_service_free(service);
        oscar_replay_log_free(log);
    }
    printf("sign %.1f\nverify %.1f\nanswer %.1f\nopenssl_hmac %.1f\n", sign, verify, answered, openssl(rounds));
    oscar_client_free(client);
    oscar_keyring_free(ring);
    return 0;
}
