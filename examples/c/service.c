/* A service in C with libmicrohttpd: verifies every request, echoes what it was, signs every answer.
 *
 *   service --key FILE --audience NAME [--authority NAME]... [--port N] [--memory local|FILE] [--first-start] [--ext LIST] [--answer-ext LIST]
 *
 * FILE holds one oa2 audience key per line. The service answers to NAME, to each --authority, and to 127.0.0.1:PORT and localhost:PORT.
 * --memory is local (this process) unless it names a file that the processes of this machine share. It prints
 * `listening on http://127.0.0.1:PORT` once it is ready, and runs until SIGTERM or SIGINT. Every path answers 200 with
 * {"client": kid, "session": sid or null, "method", "target", "body_sha256": hex or null}. Exit 2: usage; 3: key or configuration.
 *
 *   cc -std=c99 service.c $(pkg-config --cflags --libs oscartoki libmicrohttpd) -o service
 */
#define _POSIX_C_SOURCE 200809L
#include <microhttpd.h>
#include <oscartoki.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define MAX_BODY ((size_t)1 << 20)
#define MAX_NAMES 32

/* A request on its way in. */
typedef struct incoming {
    char *target; /* raw, as libmicrohttpd's log callback saw it: its `url` is decoded already */
    oscar_pack head;
    oscar_verdict verdict;
    uint8_t *body;
    size_t body_len;
    int begun, judged, too_large;
} incoming;

static oscar_handle service;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *on_target(void *none, const char *target, struct MHD_Connection *connection) {
    incoming *in = (incoming *)calloc(1, sizeof *in);
    (void)none, (void)connection;
    if (in == NULL) return NULL;
    in->target = strdup(target);
    oscar_pack_begin(&in->head);
    return in;
}

static void on_end(void *none, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
    incoming *in = (incoming *)*state;
    (void)none, (void)connection, (void)why;
    if (in == NULL) return;
    oscar_verdict_free(in->verdict.context);
    oscar_pack_end(&in->head);
    free(in->target);
    free(in->body);
    free(in);
    *state = NULL;
}

static enum MHD_Result on_header(void *data, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    oscar_pack_header((oscar_pack *)data, name, value ? value : "");
    return MHD_YES;
}

static void hex(const uint8_t *data, size_t len, char *out) {
    size_t at;
    for (at = 0; at < len; at++) sprintf(out + 2 * at, "%02x", data[at]);
}

/* Quotes a text for JSON; method and target hold nothing below 0x20. */
static char *quoted(const char *text) {
    char *out = (char *)malloc(2 * strlen(text) + 1), *at = out;
    for (; out != NULL && *text != 0; text++) {
        if (*text == '"' || *text == '\\') *at++ = '\\';
        *at++ = *text;
    }
    if (out != NULL) *at = 0;
    return out;
}

static char *echo(const incoming *in, const char *method) {
    char client[17], session[19] = "null", digest[67] = "null", *target = quoted(in->target), *body;
    uint8_t raw[32];
    hex(in->verdict.kid, 8, client);
    if (in->verdict.in_session) {
        session[0] = '"';
        hex(in->verdict.sid, 8, session + 1);
        memcpy(session + 17, "\"", 2);
    }
    if (in->body_len > 0 && oscar_sha256(in->body, in->body_len, raw) == OSCAR_OK) {
        digest[0] = '"';
        hex(raw, 32, digest + 1);
        memcpy(digest + 65, "\"", 2);
    }
    body = target == NULL ? NULL : (char *)malloc(strlen(target) + 256);
    if (body != NULL)
        sprintf(body, "{\"client\":\"%s\",\"session\":%s,\"method\":\"%s\",\"target\":\"%s\",\"body_sha256\":%s}", client, session, method, target,
                digest);
    free(target);
    return body;
}

/* Signs the answer and sends it. A refusal has no body; one that is not signed names itself. */
static enum MHD_Result reply(struct MHD_Connection *connection, incoming *in, const char *method) {
    oscar_verdict *verdict = &in->verdict;
    char *body = verdict->status == OSCAR_OK ? echo(in, method) : NULL;
    unsigned status = verdict->status == OSCAR_OK ? (body ? 200 : 500) : (unsigned)verdict->http_status;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body ? strlen(body) : 0, body ? body : (void *)"", body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    enum MHD_Result queued;
    if (response == NULL) return MHD_NO;
    if (body != NULL) MHD_add_response_header(response, "Content-Type", "application/json");
    if (verdict->www_authenticate) MHD_add_response_header(response, "WWW-Authenticate", "oscartoki");
    if (verdict->context != 0) {
        oscar_answered headers;
        oscar_pack head;
        oscar_status minted;
        oscar_pack_begin(&head);
        oscar_pack_be16(&head, (int32_t)status);
        if (body != NULL) oscar_pack_header(&head, "Content-Type", "application/json");
        minted = oscar_service_answer_head(service, verdict->context, head.data, head.len, (const uint8_t *)body, body ? strlen(body) : 0,
                                           now_ms(), &headers);
        oscar_pack_end(&head);
        verdict->context = 0;
        if (minted == OSCAR_OK) {
            MHD_add_response_header(response, "oscartoki", headers.toki);
            if (headers.grant[0]) MHD_add_response_header(response, "oscartokikey", headers.grant);
            MHD_add_response_header(response, "Cache-Control", "no-store, no-transform");
        }
    } else if (verdict->status != OSCAR_OK) {
        MHD_add_response_header(response, "oscartoki-error", oscar_error_name(verdict->status));
    }
    queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result on_request(void *none, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                  const char *chunk, size_t *chunk_len, void **state) {
    incoming *in = (incoming *)*state;
    (void)none, (void)url, (void)version;
    if (in == NULL || in->target == NULL) return MHD_NO;
    if (!in->begun) { /* the head is here, the body is not */
        in->begun = 1;
        oscar_pack_slice(&in->head, oscar_str(method));
        oscar_pack_slice(&in->head, oscar_str(""));
        oscar_pack_slice(&in->head, oscar_str(in->target));
        MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &in->head);
        if (in->head.failed) return MHD_NO;
        if (!oscar_service_wants_body(service, in->head.data, in->head.len)) {
            in->judged = 1;
            oscar_service_verify_head(service, in->head.data, in->head.len, NULL, 0, now_ms(), &in->verdict);
        }
        return MHD_YES;
    }
    if (*chunk_len > 0) { /* at most the limit and one byte more is kept */
        size_t room = MAX_BODY + 1 - in->body_len, take = *chunk_len < room ? *chunk_len : room;
        uint8_t *grown = (uint8_t *)realloc(in->body, in->body_len + take + 1);
        if (grown == NULL) return MHD_NO;
        in->body = grown;
        memcpy(in->body + in->body_len, chunk, take);
        in->body_len += take;
        in->too_large = in->body_len > MAX_BODY;
        *chunk_len = 0;
        return MHD_YES;
    }
    if (!in->judged) oscar_service_verify_head(service, in->head.data, in->head.len, in->body, in->body_len, now_ms(), &in->verdict);
    else if (in->verdict.status == OSCAR_PENDING && in->too_large) oscar_service_too_large(in->verdict.context, &in->verdict);
    else if (in->verdict.status == OSCAR_PENDING) oscar_service_finish(in->verdict.context, in->body, in->body_len, NULL, &in->verdict);
    return reply(connection, in, method);
}

/* Set-up */

typedef struct options {
    const char *key_file, *audience, *memory;
    const char *authorities[MAX_NAMES], *ext[MAX_NAMES], *answer_ext[MAX_NAMES];
    size_t authorities_len, ext_len, answer_ext_len;
    unsigned short port;
    int first_start;
} options;

static size_t split(char *list, const char **names) {
    size_t len = 0;
    char *one;
    for (one = strtok(list, ","); one != NULL && len < MAX_NAMES; one = strtok(NULL, ",")) names[len++] = one;
    return len;
}

static int parse(int argc, char **argv, options *given) {
    int at;
    memset(given, 0, sizeof *given);
    given->memory = "local";
    for (at = 1; at < argc; at++) {
        const char *name = argv[at], *value = at + 1 < argc ? argv[at + 1] : NULL;
        if (strcmp(name, "--first-start") == 0) given->first_start = 1;
        else if (value == NULL) return 0;
        else if (at++, strcmp(name, "--key") == 0) given->key_file = value;
        else if (strcmp(name, "--audience") == 0) given->audience = value;
        else if (strcmp(name, "--memory") == 0) given->memory = value;
        else if (strcmp(name, "--port") == 0) given->port = (unsigned short)atoi(value);
        else if (strcmp(name, "--ext") == 0) given->ext_len = split(argv[at], given->ext);
        else if (strcmp(name, "--answer-ext") == 0) given->answer_ext_len = split(argv[at], given->answer_ext);
        else if (strcmp(name, "--authority") == 0 && given->authorities_len < MAX_NAMES - 3) given->authorities[given->authorities_len++] = value;
        else return 0;
    }
    return given->key_file != NULL && given->audience != NULL;
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "r");
    char *text = (char *)calloc(1, 65536);
    if (file != NULL && text != NULL) text[fread(text, 1, 65535, file)] = 0;
    if (file != NULL) fclose(file);
    return file == NULL ? NULL : text;
}

static oscar_status make_service(options *given, unsigned short port) {
    static char loopback[2][32];
    oscar_handle ring = 0, memory = 0;
    oscar_service_settings settings;
    char *keys = read_file(given->key_file);
    oscar_status status = oscar_keyring_new(given->audience, strlen(given->audience), &ring);
    if (keys == NULL) return OSCAR_MISSING;
    sprintf(loopback[0], "127.0.0.1:%u", port);
    sprintf(loopback[1], "localhost:%u", port);
    given->authorities[given->authorities_len++] = given->audience;
    given->authorities[given->authorities_len++] = loopback[0];
    given->authorities[given->authorities_len++] = loopback[1];
    oscar_service_settings_init(&settings);
    settings.authorities = given->authorities;
    settings.authorities_len = given->authorities_len;
    settings.ext = given->ext;
    settings.ext_len = given->ext_len;
    settings.answer_ext = given->answer_ext;
    settings.answer_ext_len = given->answer_ext_len;
    settings.first_start = (uint8_t)given->first_start;
    if (status == OSCAR_OK) status = oscar_keyring_load(ring, keys, strlen(keys));
    if (status == OSCAR_OK)
        status = strcmp(given->memory, "local") == 0 ? oscar_replay_log_memory(1 << 18, &memory)
                                                     : oscar_replay_log_mapped(given->memory, strlen(given->memory), 0, &memory);
    if (status == OSCAR_OK) status = oscar_service_new(&settings, ring, memory, now_ms(), &service);
    oscar_keyring_free(ring);
    oscar_replay_log_free(memory);
    free(keys);
    return status;
}

int main(int argc, char **argv) {
    options given;
    struct MHD_Daemon *daemon;
    const union MHD_DaemonInfo *info;
    oscar_status status;
    sigset_t stop;
    int64_t ready_at = 0;
    int signal_number;
    if (!parse(argc, argv, &given)) {
        fprintf(stderr, "usage: service --key FILE --audience NAME [--authority NAME]... [--port N] [--memory local|FILE] [--first-start]\n"
                        "               [--ext LIST] [--answer-ext LIST]\n");
        return 2;
    }
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    /* Until the service is made, its handle is 0 and every verdict a refusal. */
    daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, given.port, NULL, NULL, on_request, NULL,
                              MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
                              MHD_OPTION_THREAD_POOL_SIZE, 4u, MHD_OPTION_END);
    if (daemon == NULL) return 3;
    info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    given.port = info->port;
    status = make_service(&given, given.port);
    if (status != OSCAR_OK) {
        fprintf(stderr, "error: %s: %s\n", oscar_error_name(status), oscar_last_detail());
        MHD_stop_daemon(daemon);
        return 3;
    }
    oscar_service_ready_at(service, &ready_at);
    while (now_ms() < ready_at) {
        struct timespec pause = {0, 50000000};
        nanosleep(&pause, NULL);
    }
    printf("listening on http://127.0.0.1:%u\n", given.port);
    fflush(stdout);
    sigwait(&stop, &signal_number);
    MHD_stop_daemon(daemon);
    oscar_service_free(service);
    return 0;
}
