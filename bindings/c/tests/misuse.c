/* misuse [CALLS [SEED [THREADS]]]: random calls with null, stale, freed, forged and wrong-type handles, short buffers, broken packed fields,
 * and frees of what other threads are using. It ends well when nothing crashed, nothing was written on failure, and nothing past a buffer. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "oscartoki.h"

#define POOL 256
#define NOW 1795300000000

static _Atomic int64_t pool[POOL];
static _Atomic uint64_t succeeded;
static char secret[OSCAR_SECRET_MAX_LEN], key[OSCAR_AUDIENCE_KEY_MAX_LEN], session[OSCAR_SESSION_MAX_LEN];
static const char *const AUDIENCE = "api.example.com";

typedef struct fuzz {
    uint64_t state;
    int64_t now_ms;
    oscar_signed signed_headers; /* of this thread's last signed request */
} fuzz;

static uint64_t next(fuzz *f) {
    f->state ^= f->state << 13;
    f->state ^= f->state >> 7;
    f->state ^= f->state << 17;
    return f->state * 0x2545F4914F6CDD1DULL;
}

static uint64_t below(fuzz *f, uint64_t n) { return (next(f) >> 11) % n; }

static void check(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "misuse: %s\n", what);
    abort();
}

/* A handle: mostly one that is or was alive, of whatever type. */
static oscar_handle handle(fuzz *f) {
    oscar_handle known = atomic_load(&pool[below(f, POOL)]);
    switch (below(f, 24)) {
        case 0: return 0;
        case 1: return (oscar_handle)next(f);
        case 2: return (oscar_handle)((uint64_t)known ^ (1ULL << below(f, 64)));
        case 3: return known + (oscar_handle)below(f, 4) - 2;
        case 4: return -known;
        default: return known;
    }
}

static void free_any(oscar_handle h) {
    oscar_status last = oscar_client_free(h);
    if (last != OSCAR_OK) last = oscar_service_free(h);
    if (last != OSCAR_OK) last = oscar_keyring_free(h);
    if (last != OSCAR_OK) last = oscar_replay_log_free(h);
    if (last != OSCAR_OK) last = oscar_sign_context_free(h);
    if (last != OSCAR_OK) last = oscar_verdict_free(h);
    if (last != OSCAR_OK) last = oscar_call_free(h);
    if (last != OSCAR_OK) last = oscar_text_free(h);
    if (last != OSCAR_OK) last = oscar_message_free(h);
    if (last != OSCAR_OK) last = oscar_message_memory_free(h);
    if (last != OSCAR_OK) last = oscar_v1_client_free(h);
    if (last != OSCAR_OK) last = oscar_v1_exchange_free(h);
    if (last != OSCAR_OK) oscar_ring_files_free(h);
}

/* Puts a new handle where another was; that one is freed, sometimes while another thread uses it, sometimes later, through a stale copy. */
static void keep(fuzz *f, oscar_status status, oscar_handle h) {
    if (status != OSCAR_OK) {
        check(h == -7, "a handle was written on failure");
        return;
    }
    check(h > 0, "a new handle is positive");
    atomic_fetch_add(&succeeded, 1);
    free_any(atomic_exchange(&pool[below(f, POOL)], h));
}

/* A buffer on the heap of exactly its length, now and then null. */
typedef struct lent {
    uint8_t *data;
    size_t len;
} lent;

static lent borrow(fuzz *f, const void *data, size_t len) {
    lent made = {NULL, 0};
    if (below(f, 40) == 0) {
        made.len = below(f, 3);
        return made;
    }
    made.len = below(f, 8) == 0 ? below(f, len + 1) : len;
    made.data = (uint8_t *)malloc(made.len + 1);
    if (made.data == NULL) abort();
    if (made.len) memcpy(made.data, data, made.len);
    if (made.len && below(f, 8) == 0) made.data[below(f, made.len)] ^= (uint8_t)(1 << below(f, 8));
    return made;
}

static lent borrow_text(fuzz *f, const char *text) { return borrow(f, text, strlen(text)); }

/* Room for a text: what its macro says, less, or nothing. */
static char *room(fuzz *f, size_t usual, size_t *capacity) {
    char *made;
    *capacity = below(f, 6) == 0 ? below(f, usual) : usual;
    if (below(f, 40) == 0) return NULL;
    made = (char *)malloc(*capacity + 1);
    if (made == NULL) abort();
    memset(made, 0x5A, *capacity + 1);
    return made;
}

static void give_back(oscar_status status, char *made, size_t capacity) {
    if (made == NULL) {
        check(status != OSCAR_OK, "a text went to null");
        return;
    }
    check(made[capacity] == 0x5A, "a text went past its buffer");
    if (status == OSCAR_OK) check(memchr(made, 0, capacity) != NULL, "a text has no end");
    else if (capacity) check(made[0] == 0x5A, "a text was written on failure");
    if (status == OSCAR_OK) atomic_fetch_add(&succeeded, 1);
    free(made);
}

static lent request(fuzz *f, int proofs) {
    static const char *const methods[] = {"GET", "POST", "HEAD", "CONNECT", "get", "OPTIONS"};
    static const char *const targets[] = {"/", "/a?b=c", "*", "", "no", "/x?oscartoki=ot2.JAAfDmVSze76IAGiADyU4N0TfyDcEH63ol88BeDmUnE"};
    static const uint8_t digest[32] = {1, 2, 3};
    oscar_pack pack;
    lent made;
    oscar_pack_begin(&pack);
    oscar_pack_slice(&pack, oscar_str(methods[below(f, 20) == 0 ? below(f, 6) : below(f, 2)]));
    oscar_pack_slice(&pack, oscar_str(below(f, 20) == 0 ? "other" : AUDIENCE));
    oscar_pack_slice(&pack, oscar_str(targets[below(f, 10) == 0 ? below(f, 6) : 0]));
    oscar_pack_slice(&pack, oscar_str(below(f, 10) == 0 ? "ext" : ""));
    oscar_pack_digest(&pack, below(f, 10) == 0 ? digest : NULL);
    if (proofs && below(f, 20) != 0) {
        oscar_pack_slice(&pack, oscar_str(f->signed_headers.toki));
        if (f->signed_headers.grant[0]) oscar_pack_slice(&pack, oscar_str(f->signed_headers.grant));
    }
    made = borrow(f, pack.data, pack.len);
    oscar_pack_end(&pack);
    return made;
}

static lent answer(fuzz *f) {
    oscar_pack pack;
    lent made;
    oscar_pack_begin(&pack);
    oscar_pack_be16(&pack, 200);
    oscar_pack_slice(&pack, oscar_str(""));
    oscar_pack_slice(&pack, oscar_str(""));
    if (below(f, 2)) oscar_pack_slice(&pack, oscar_str("ot2.IgMAAaIAOALIXucNL02fnJRTEmwYnotsXg"));
    made = borrow(f, pack.data, pack.len);
    oscar_pack_end(&pack);
    return made;
}

static lent head(fuzz *f) {
    oscar_pack pack;
    lent made;
    oscar_pack_begin(&pack);
    oscar_pack_slice(&pack, oscar_str("GET"));
    oscar_pack_slice(&pack, oscar_str(""));
    oscar_pack_slice(&pack, oscar_str("/"));
    oscar_pack_header(&pack, "Host", AUDIENCE);
    oscar_pack_header(&pack, "oscartoki", f->signed_headers.toki);
    if (f->signed_headers.grant[0]) oscar_pack_header(&pack, "oscartokikey", f->signed_headers.grant);
    made = borrow(f, pack.data, pack.len);
    oscar_pack_end(&pack);
    return made;
}

static lent answer_head(fuzz *f) {
    oscar_pack pack;
    lent made;
    oscar_pack_begin(&pack);
    oscar_pack_be16(&pack, 204);
    oscar_pack_header(&pack, "content-type", "text/plain");
    made = borrow(f, pack.data, pack.len);
    oscar_pack_end(&pack);
    return made;
}

static lent message(fuzz *f) {
    oscar_pack pack;
    lent made;
    oscar_pack_begin(&pack);
    oscar_pack_slice(&pack, oscar_str("billing"));
    oscar_pack_slice(&pack, oscar_str("invoice.created"));
    oscar_pack_slice(&pack, oscar_str(""));
    oscar_pack_slice(&pack, oscar_str(""));
    if (below(f, 2)) oscar_pack_slice(&pack, oscar_str("ot2.IwIfDmVSze76IAGiADgBewECAwQFBgcIAAAOEGloOOowjJt_MeMeWsOXsTU"));
    made = borrow(f, pack.data, pack.len);
    oscar_pack_end(&pack);
    return made;
}

static void judged(fuzz *f, oscar_status status, const oscar_verdict *verdict) {
    check(status == verdict->status, "a verdict says what the call returned");
    check(verdict->context != -7, "a verdict was not filled");
    if (verdict->context != 0) keep(f, OSCAR_OK, verdict->context);
}

#define N(type, place) (below(f, 60) == 0 ? (type *)NULL : (place))

static void make(fuzz *f) {
    oscar_handle made = -7;
    oscar_status status = OSCAR_INTERNAL;
    lent a = borrow_text(f, secret), b = borrow_text(f, AUDIENCE), k = borrow_text(f, key), s = borrow_text(f, session);
    oscar_service_settings service;
    oscar_client_settings client;
    const char *names[2];
    oscar_service_settings_init(&service);
    oscar_client_settings_init(&client);
    names[0] = AUDIENCE;
    names[1] = below(f, 8) ? "localhost:8080" : NULL;
    service.authorities = names;
    service.authorities_len = below(f, 3);
    service.first_start = 1;
    service.window_ms = (int64_t)below(f, 10) == 0 ? (int64_t)next(f) : service.window_ms;
    client.trust_clock = (uint8_t)below(f, 2);
    client.ext = names;
    client.ext_len = below(f, 20) == 0;
    switch (below(f, 13)) {
        case 0: status = oscar_client_new((char *)a.data, a.len, (char *)b.data, b.len, below(f, 2) ? &client : NULL, N(oscar_handle, &made)); break;
        case 1: status = oscar_client_from_audience_key((char *)k.data, k.len, &client, &made); break;
        case 2: status = oscar_client_from_session((char *)s.data, s.len, NULL, N(oscar_handle, &made)); break;
        case 3: status = oscar_client_for_audience(handle(f), (char *)b.data, b.len, &made); break;
        case 4: status = oscar_keyring_new((char *)b.data, b.len, N(oscar_handle, &made)); break;
        case 5: status = oscar_replay_log_memory(below(f, 100), N(oscar_handle, &made)); break;
        case 6: status = oscar_replay_log_exact(below(f, 100), &made); break;
        case 7: status = oscar_replay_log_none(&made); break;
        case 8:
        case 9: status = oscar_service_new(N(oscar_service_settings, &service), handle(f), handle(f), f->now_ms, N(oscar_handle, &made)); break;
        case 10: status = oscar_v1_client_new(k.data, k.len, (uint32_t)below(f, 4), &made); break;
        case 11: status = oscar_ring_files_open(handle(f), a.data, below(f, 4) ? 0 : a.len, (char *)k.data, k.len, NULL, 0, &made); break;
        default: status = oscar_message_memory_new(handle(f), 1, f->now_ms, &made); break;
    }
    keep(f, status, made);
    free(a.data), free(b.data), free(k.data), free(s.data);
}

static void use_client(fuzz *f) {
    oscar_handle made = -7;
    oscar_signed headers;
    oscar_outcome outcome;
    oscar_step step;
    oscar_status status;
    size_t capacity;
    char *text;
    int64_t offset;
    uint8_t ext[64], nonce[8] = {0};
    size_t ext_len;
    lent r = request(f, 0), a = answer(f), h = answer_head(f), m = message(f), body = borrow_text(f, "{}");
    memset(&headers, 0x5A, sizeof headers);
    outcome.status = -7;
    switch (below(f, 18)) {
        case 0:
        case 1:
        case 2:
            status = oscar_client_sign_packed(handle(f), r.data, r.len, NULL, 0, (uint32_t)below(f, 33), f->now_ms, (int64_t)below(f, 2), N(oscar_signed, &headers), N(oscar_handle, &made));
            if (status == OSCAR_OK) f->signed_headers = headers;
            else check(headers.toki[0] == 0x5A, "headers were written on failure");
            keep(f, status, made);
            break;
        case 3:
            status = oscar_hazmat_client_sign(handle(f), r.data, r.len, body.data, body.len, 2, f->now_ms, 0, N(uint8_t, nonce), &headers, &made);
            keep(f, status, made);
            break;
        case 4:
        case 5:
            status = oscar_client_accept_packed(handle(f), handle(f), a.data, a.len, body.data, body.len, f->now_ms, 0, &outcome);
            check(status == outcome.status, "an outcome says what the call returned");
            break;
        case 6: oscar_client_accept_head(handle(f), handle(f), h.data, h.len, body.data, body.len, f->now_ms, 0, N(oscar_outcome, &outcome)); break;
        case 7: oscar_client_accept_too_large(handle(f), handle(f), 200, &outcome); break;
        case 8: oscar_client_accept_none(handle(f), handle(f), &outcome); break;
        case 9:
            text = room(f, OSCAR_SESSION_MAX_LEN, &capacity);
            status = oscar_client_hand_out(handle(f), (int64_t)below(f, 700), f->now_ms, text, capacity);
            give_back(status, text, capacity);
            break;
        case 10: oscar_client_offset(handle(f), N(int64_t, &offset)); break;
        case 11:
            status = oscar_client_export_state(handle(f), &made);
            keep(f, status, made);
            break;
        case 12: oscar_client_import_state(handle(f), (char *)a.data, a.len); break;
        case 13: oscar_client_request_ext(handle(f), h.data, h.len, N(uint8_t, ext), below(f, sizeof ext), N(size_t, &ext_len)); break;
        case 14:
            text = room(f, OSCAR_MESSAGE_TOKI_MAX_LEN, &capacity);
            status = oscar_client_mint_message(handle(f), m.data, m.len, body.data, body.len, 60, f->now_ms, text, capacity, &made);
            if (made != -7) keep(f, OSCAR_OK, made);
            give_back(status, text, capacity);
            break;
        case 15:
            text = room(f, OSCAR_TICKET_MAX_LEN, &capacity);
            status = oscar_client_mint_ticket(handle(f), a.data, a.len, NULL, 0, f->now_ms, text, capacity);
            give_back(status, text, capacity);
            break;
        case 16:
            text = room(f, 300, &capacity);
            status = oscar_client_sign_url(handle(f), r.data, r.len, f->now_ms + 1000, text, capacity);
            give_back(status, text, capacity);
            break;
        default:
            switch (below(f, 5)) {
                case 0:
                    status = oscar_call_new(handle(f), r.data, r.len, body.data, body.len, 0, &made);
                    keep(f, status, made);
                    break;
                case 1: oscar_call_next(handle(f), f->now_ms, 0, N(oscar_step, &step)); break;
                case 2: oscar_call_received(handle(f), h.data, h.len, NULL, 0, f->now_ms, 0); break;
                case 3: oscar_call_failed(handle(f)); break;
                default: oscar_call_too_large(handle(f), 200); break;
            }
    }
    free(r.data), free(a.data), free(h.data), free(m.data), free(body.data);
}

static void use_service(fuzz *f) {
    oscar_verdict verdict;
    oscar_answered answered;
    oscar_counters counters;
    oscar_verified_message verified;
    oscar_verified_url url;
    oscar_verified_ticket ticket;
    oscar_status status;
    int64_t ms;
    lent r = request(f, 1), h = head(f), a = answer(f), ah = answer_head(f), m = message(f), body = borrow_text(f, "{}");
    memset(&answered, 0x5A, sizeof answered);
    verdict.context = -7;
    verified.context = -7;
    switch (below(f, 16)) {
        case 0:
        case 1:
        case 2:
            status = oscar_service_verify_packed(handle(f), r.data, r.len, below(f, 8) ? NULL : body.data, 0, f->now_ms, &verdict);
            judged(f, status, &verdict);
            break;
        case 3:
        case 4:
            status = oscar_service_verify_head(handle(f), h.data, h.len, NULL, 0, f->now_ms, &verdict);
            judged(f, status, &verdict);
            break;
        case 5: oscar_service_wants_body(handle(f), h.data, h.len); break;
        case 6:
            status = oscar_service_finish(handle(f), body.data, body.len, NULL, &verdict);
            judged(f, status, &verdict);
            break;
        case 7:
            status = oscar_service_too_large(handle(f), &verdict);
            judged(f, status, &verdict);
            break;
        case 8:
        case 9:
            status = oscar_service_answer_packed(handle(f), handle(f), a.data, a.len, body.data, body.len, f->now_ms, N(oscar_answered, &answered));
            if (status != OSCAR_OK) check(answered.toki[0] == 0x5A, "headers were written on failure");
            break;
        case 10: oscar_service_answer_head(handle(f), handle(f), ah.data, ah.len, NULL, 0, f->now_ms, &answered); break;
        case 11: oscar_service_ready_at(handle(f), N(int64_t, &ms)), oscar_service_floor(handle(f), &ms); break;
        case 12: oscar_service_counters(handle(f), N(oscar_counters, &counters)); break;
        case 13:
            status = oscar_service_verify_message(handle(f), m.data, m.len, body.data, body.len, below(f, 2) ? handle(f) : 0, 86400, f->now_ms, &verified);
            if (status == OSCAR_OK) keep(f, OSCAR_OK, verified.context);
            break;
        case 14: oscar_service_verify_url(handle(f), r.data, r.len, f->now_ms, &url), oscar_service_verify_url_head(handle(f), h.data, h.len, f->now_ms, &url); break;
        default: oscar_service_verify_ticket(handle(f), (char *)body.data, body.len, NULL, 0, 0, f->now_ms, N(oscar_verified_ticket, &ticket)); break;
    }
    free(r.data), free(h.data), free(a.data), free(ah.data), free(m.data), free(body.data);
}

static void use_rest(fuzz *f) {
    oscar_handle made = -7;
    oscar_status status = OSCAR_INTERNAL;
    size_t capacity, len;
    char *text = room(f, 500, &capacity);
    uint8_t kid[8] = {1}, sid[8] = {2};
    lent k = borrow_text(f, key), s = borrow_text(f, secret), m = message(f), z = borrow_text(f, session);
    oscar_grant_claims claims;
    switch (below(f, 19)) {
        case 0:
        case 1: oscar_keyring_add(handle(f), (char *)k.data, k.len); break;
        case 2: oscar_keyring_load(handle(f), (char *)k.data, k.len); break;
        case 3: oscar_keyring_load_revocations(handle(f), (char *)k.data, k.len); break;
        case 4: status = oscar_keyring_revoke_key(handle(f), N(uint8_t, kid), text, capacity); break;
        case 5: status = oscar_keyring_revoke_session(handle(f), kid, N(uint8_t, sid), text, capacity); break;
        case 6: status = oscar_keyring_revoke_issued_before(handle(f), kid, (int64_t)next(f), text, capacity); break;
        case 7: oscar_keyring_holds(handle(f), N(uint8_t, kid)); break;
        case 8:
        case 9: {
            oscar_status told = below(f, 2) ? oscar_keyring_kids(handle(f), &made) : oscar_keyring_revocations(handle(f), &made);
            keep(f, told, made);
            break;
        }
        case 10: oscar_text_len(handle(f), N(size_t, &len)); break;
        case 11: oscar_text_copy(handle(f), text, capacity); break;
        case 12: status = oscar_secret_parse((char *)s.data, s.len, text, capacity); break;
        case 13: status = oscar_audience_key_parse((char *)k.data, k.len, N(uint8_t, kid), text, capacity); break;
        case 14: status = oscar_session_parse((char *)z.data, z.len, text, capacity, N(oscar_grant_claims, &claims)); break;
        case 15: oscar_ring_files_refresh(handle(f)), oscar_ring_files_append(handle(f), (char *)k.data, k.len); break;
        case 16: status = oscar_keyring_audience(handle(f), text, capacity), oscar_keyring_fault_in_keys(handle(f), (char *)k.data, k.len); break;
        case 17: oscar_message_accept_reply(handle(f), m.data, m.len, NULL, 0, NULL); break;
        default:
            switch (below(f, 3)) {
                case 0: status = oscar_message_reply(handle(f), NULL, 0, k.data, k.len, f->now_ms, text, capacity); break;
                case 1: {
                    oscar_status begun = oscar_v1_client_begin(handle(f), f->now_ms, text, capacity, &made);
                    keep(f, begun, made);
                    break;
                }
                default: oscar_v1_exchange_accept_first(handle(f), k.data, k.len, NULL, 0, f->now_ms, text, capacity); break;
            }
    }
    /* A line of a revocation may go nowhere. */
    if (status == OSCAR_OK && text != NULL) give_back(status, text, capacity);
    else free(text);
    free(k.data), free(s.data), free(m.data), free(z.data);
}

typedef struct worker {
    pthread_t thread;
    uint64_t seed, calls;
} worker;

static void *work(void *given) {
    worker *w = (worker *)given;
    fuzz f;
    uint64_t at;
    memset(&f, 0, sizeof f);
    f.state = w->seed * 0x9E3779B97F4A7C15ULL + 1;
    for (at = 0; at < w->calls; at++) {
        f.now_ms = NOW + (int64_t)(at & 1023);
        switch (below(&f, 16)) {
            case 0:
            case 1: make(&f); break;
            case 2: free_any(handle(&f)); break;
            case 3:
            case 4:
            case 5: use_rest(&f); break;
            case 6:
            case 7:
            case 8:
            case 9:
            case 10: use_service(&f); break;
            default: use_client(&f); break;
        }
        if (below(&f, 64) == 0) check(oscar_last_detail() != NULL && oscar_status_message((int32_t)next(&f)) != NULL, "a sentence is never null");
    }
    return NULL;
}

int main(int argc, char **argv) {
    uint64_t calls = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    unsigned threads = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 4, at;
    worker workers[64];
    oscar_handle client = 0;
    if (threads < 1 || threads > 64) return 2;
    check(oscar_secret_generate(secret, sizeof secret) == OSCAR_OK, "a secret");
    check(oscar_secret_audience_key(secret, strlen(secret), AUDIENCE, strlen(AUDIENCE), 0, key, sizeof key) == OSCAR_OK, "its key");
    check(oscar_client_new(secret, strlen(secret), AUDIENCE, strlen(AUDIENCE), NULL, &client) == OSCAR_OK, "a client");
    check(oscar_client_hand_out(client, 600, NOW, session, sizeof session) == OSCAR_OK, "a session");
    oscar_client_free(client);
    for (at = 0; at < threads; at++) {
        workers[at].seed = seed * 64 + at;
        workers[at].calls = calls / threads;
        if (pthread_create(&workers[at].thread, NULL, work, &workers[at]) != 0) abort();
    }
    for (at = 0; at < threads; at++) pthread_join(workers[at].thread, NULL);
    for (at = 0; at < POOL; at++) free_any(atomic_load(&pool[at]));
    check(succeeded > calls / 50, "too few calls were good ones");
    printf("%llu calls, %llu of them made something, seed %llu: no crash\n", (unsigned long long)calls,
           (unsigned long long)succeeded, (unsigned long long)seed);
    return 0;
}
