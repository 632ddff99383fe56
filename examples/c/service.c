/* A service in C with libmicrohttpd: verifies every request, echoes what it was, signs every answer.
 *
 *   service --listen 127.0.0.1:0 --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE|redis://…] [--workers N]
 *           [--ext LIST] [--answer-ext LIST] [--first-start]
 *
 * Each --key FILE holds oa2 keys and v1 lines; key files and revocations are reread within two seconds of a change. The service answers to NAME, to
 * HOST:PORT and to each --authority. `--memory` is shared by all processes on this machine that accept the same keys, so by the `--workers` too;
 * without it, a file of this user is. Prints `listening on http://HOST:PORT` once it is ready, and runs until SIGTERM or SIGINT. `/echo` and
 * everything under it take any method and answer {"client": kid, "session": sid or null, "method", "target", "body_sha256": hex or null}.
 * Exit 2: usage; 3: key or configuration.
 *
 *   cc -std=c99 service.c $(pkg-config --cflags --libs oscartoki libmicrohttpd) -o service
 */
#define _POSIX_C_SOURCE 200809L
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <oscartoki.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_BODY ((size_t)1 << 20)
#define MAX_NAMES 32
#define MAX_WORKERS 64

/* A request on its way in. */
typedef struct incoming {
    char *target; /* raw, as libmicrohttpd's log callback saw it: its `url` is decoded already */
    oscar_pack head;
    oscar_verdict verdict;
    uint8_t *body;
    size_t body_len;
    int begun, judged, too_large;
} incoming;

static oscar_handle service, files;
static const char JSON[] = "application/json";

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

/* The application, which knows nothing of tokis but who asks. */
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
        sprintf(body, "{\"client\": \"%s\", \"session\": %s, \"method\": \"%s\", \"target\": \"%s\", \"body_sha256\": %s}", client, session, method, target,
                digest);
    free(target);
    return body;
}

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response) {
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static struct MHD_Response *respond(const char *body) {
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(body), (void *)body, MHD_RESPMEM_MUST_COPY);
    if (response != NULL && body[0] != 0) MHD_add_response_header(response, "Content-Type", JSON);
    return response;
}

/* The first step of OscarToki v1. */
static enum MHD_Result handshake(struct MHD_Connection *connection, incoming *in) {
    char toki[OSCAR_ANSWER_TOKI_MAX_LEN], body[OSCAR_HANDSHAKE_BODY_MAX_LEN];
    oscar_status made = oscar_service_handshake(in->verdict.context, toki, sizeof toki, body, sizeof body);
    struct MHD_Response *response = made == OSCAR_OK ? respond(body) : NULL;
    in->verdict.context = 0;
    if (response == NULL) return MHD_NO;
    MHD_add_response_header(response, "oscartoki", toki);
    MHD_add_response_header(response, "Cache-Control", "no-store, no-transform");
    return send_response(connection, 200, response);
}

/* Not signed: it names itself. Clients of OscarToki v1 read their refusals in the body. */
static enum MHD_Result refuse(struct MHD_Connection *connection, const oscar_verdict *verdict, int bare) {
    char body[128] = "";
    struct MHD_Response *response;
    if (verdict->version == 1 && !bare) sprintf(body, "{\"status\":\"error\",\"message\":\"%s\"}", oscar_error_name(verdict->status));
    response = respond(body);
    if (response == NULL) return MHD_NO;
    if (verdict->www_authenticate) MHD_add_response_header(response, "WWW-Authenticate", "oscartoki");
    MHD_add_response_header(response, "oscartoki-error", oscar_error_name(verdict->status));
    return send_response(connection, (unsigned)verdict->http_status, response);
}

/* Signs the answer and sends it. A signed refusal has no body. */
static enum MHD_Result answer(struct MHD_Connection *connection, incoming *in, const char *method) {
    oscar_verdict *verdict = &in->verdict;
    int runs = verdict->status == OSCAR_OK, known = strncmp(in->target, "/echo", 5) == 0 && strchr("/?", in->target[5]) != NULL;
    unsigned status = !runs ? (unsigned)verdict->http_status : known ? 200 : 404;
    char *body = runs && known ? echo(in, method) : strdup(runs ? "{\"error\": \"not found\"}" : "");
    struct MHD_Response *response = body == NULL ? NULL : respond(body);
    oscar_answered headers;
    oscar_pack head;
    oscar_status minted;
    if (response == NULL) {
        free(body);
        return MHD_NO;
    }
    if (verdict->www_authenticate) MHD_add_response_header(response, "WWW-Authenticate", "oscartoki");
    MHD_add_response_header(response, "Cache-Control", "no-store, no-transform");
    oscar_pack_begin(&head);
    oscar_pack_be16(&head, (int32_t)status);
    if (body[0] != 0) oscar_pack_header(&head, "Content-Type", JSON);
    minted = oscar_service_answer_head(service, verdict->context, head.data, head.len, (const uint8_t *)body, strlen(body), now_ms(), &headers);
    oscar_pack_end(&head);
    free(body);
    verdict->context = 0;
    if (minted == OSCAR_OK) {
        MHD_add_response_header(response, "oscartoki", headers.toki);
        if (headers.grant[0]) MHD_add_response_header(response, "oscartokikey", headers.grant);
    }
    return send_response(connection, status, response);
}

static enum MHD_Result reply(struct MHD_Connection *connection, incoming *in, const char *method) {
    if (in->verdict.status == OSCAR_HANDSHAKE) return handshake(connection, in);
    if (in->verdict.context == 0) return refuse(connection, &in->verdict, strcmp(method, "HEAD") == 0);
    return answer(connection, in, method);
}

/* Judges by the raw head, after a look at the files of keys and revocations, which costs a look at the clock. */
static void verify(incoming *in) {
    oscar_status looked = oscar_ring_files_refresh(files);
    if (looked != OSCAR_OK) fprintf(stderr, "a file is not taken over: %s: %s\n", oscar_error_name(looked), oscar_last_detail());
    oscar_service_verify_head(service, in->head.data, in->head.len, in->body, in->body_len, now_ms(), &in->verdict);
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
            verify(in);
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
    if (!in->judged) verify(in);
    else if (in->verdict.status == OSCAR_PENDING && in->too_large) oscar_service_too_large(in->verdict.context, &in->verdict);
    else if (in->verdict.status == OSCAR_PENDING) oscar_service_finish(in->verdict.context, in->body, in->body_len, NULL, &in->verdict);
    return reply(connection, in, method);
}

/* Set-up */

typedef struct options {
    const char *listen, *audience, *memory, *revocations;
    const char *keys[MAX_NAMES], *authorities[MAX_NAMES], *ext[MAX_NAMES], *answer_ext[MAX_NAMES];
    size_t keys_len, authorities_len, ext_len, answer_ext_len;
    int first_start, workers;
    char host[256], address[280]; /* of --listen, and with the port that it has */
} options;

static size_t split(char *list, const char **names) {
    size_t len = 0;
    char *one;
    for (one = strtok(list, ", "); one != NULL && len < MAX_NAMES; one = strtok(NULL, ", ")) names[len++] = one;
    return len;
}

static int parse(int argc, char **argv, options *given) {
    int at;
    memset(given, 0, sizeof *given);
    given->listen = "127.0.0.1:8080";
    given->workers = 1;
    for (at = 1; at < argc; at++) {
        const char *name = argv[at], *value = at + 1 < argc ? argv[at + 1] : NULL;
        if (strcmp(name, "--first-start") == 0) given->first_start = 1;
        else if (value == NULL) return 0;
        else if (at++, strcmp(name, "--listen") == 0) given->listen = value;
        else if (strcmp(name, "--audience") == 0) given->audience = value;
        else if (strcmp(name, "--memory") == 0) given->memory = value;
        else if (strcmp(name, "--revocations") == 0) given->revocations = value;
        else if (strcmp(name, "--workers") == 0) given->workers = atoi(value);
        else if (strcmp(name, "--ext") == 0) given->ext_len = split(argv[at], given->ext);
        else if (strcmp(name, "--answer-ext") == 0) given->answer_ext_len = split(argv[at], given->answer_ext);
        else if (strcmp(name, "--key") == 0 && given->keys_len < MAX_NAMES) given->keys[given->keys_len++] = value;
        else if (strcmp(name, "--authority") == 0 && given->authorities_len < MAX_NAMES - 2) given->authorities[given->authorities_len++] = value;
        else return 0;
    }
    return given->keys_len > 0 && given->audience != NULL && given->workers > 0 && given->workers <= MAX_WORKERS;
}

/* A socket that listens; all workers serve it. */
static int listen_on(options *given) {
    const char *colon = strrchr(given->listen, ':');
    struct addrinfo wanted, *found = NULL;
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char host[256];
    int on = 1, made = -1;
    if (colon == NULL || (size_t)(colon - given->listen) >= sizeof host) return -1;
    memcpy(given->host, given->listen, (size_t)(colon - given->listen));
    strcpy(host, given->host[0] == '[' ? given->host + 1 : given->host);
    host[strcspn(host, "]")] = 0;
    memset(&wanted, 0, sizeof wanted);
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE;
    if (getaddrinfo(host, colon + 1, &wanted, &found) != 0) return -1;
    made = socket(found->ai_family, SOCK_STREAM, 0);
    if (made >= 0 && (setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 || bind(made, found->ai_addr, found->ai_addrlen) != 0 ||
                      listen(made, 1024) != 0 || getsockname(made, (struct sockaddr *)&bound, &len) != 0)) {
        close(made);
        made = -1;
    }
    freeaddrinfo(found);
    if (made >= 0)
        snprintf(given->address, sizeof given->address, "%s:%u", given->host,
                 ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port));
    return made;
}

static oscar_status make_service(options *given) {
    char path[OSCAR_PATH_MAX_LEN];
    oscar_handle ring = 0, memory = 0;
    oscar_service_settings settings;
    oscar_pack keys;
    oscar_status status = oscar_keyring_new(given->audience, strlen(given->audience), &ring);
    size_t at;
    oscar_pack_begin(&keys);
    for (at = 0; at < given->keys_len; at++) oscar_pack_slice(&keys, oscar_str(given->keys[at]));
    given->authorities[given->authorities_len++] = given->audience;
    given->authorities[given->authorities_len++] = given->address;
    oscar_service_settings_init(&settings);
    settings.authorities = given->authorities;
    settings.authorities_len = given->authorities_len;
    settings.ext = given->ext;
    settings.ext_len = given->ext_len;
    settings.answer_ext = given->answer_ext;
    settings.answer_ext_len = given->answer_ext_len;
    settings.first_start = (uint8_t)given->first_start;
    if (status == OSCAR_OK)
        status = oscar_ring_files_open(ring, keys.data, keys.len, NULL, 0, given->revocations, given->revocations ? strlen(given->revocations) : 0,
                                       &files);
    if (status == OSCAR_OK && given->memory == NULL) {
        status = oscar_replay_log_default_path(ring, path, sizeof path);
        given->memory = path;
    }
    if (status == OSCAR_OK)
        status = strncmp(given->memory, "redis", 5) == 0 && strstr(given->memory, "://") != NULL
                     ? oscar_replay_log_redis(given->memory, strlen(given->memory), given->audience, strlen(given->audience), 0, &memory)
                     : oscar_replay_log_mapped(given->memory, strlen(given->memory), 0, &memory);
    if (status == OSCAR_OK) status = oscar_service_new(&settings, ring, memory, now_ms(), &service);
    oscar_pack_end(&keys);
    oscar_keyring_free(ring);
    oscar_replay_log_free(memory);
    return status;
}

/* Serves until a signal, which is blocked. */
static int serve(int socket, const sigset_t *stop) {
    int number;
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, NULL,
                                                 MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
                                                 MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_THREAD_POOL_SIZE, 4u, MHD_OPTION_END);
    if (daemon == NULL) return 3;
    sigwait(stop, &number);
    MHD_stop_daemon(daemon);
    return 0;
}

/* Children that serve one socket; a signal to the parent ends them all, and so does the end of one. */
static int serve_by(int workers, int socket, const sigset_t *stop) {
    pid_t children[MAX_WORKERS];
    int at, number, status, worst = 0;
    for (at = 0; at < workers; at++) {
        children[at] = fork();
        if (children[at] == 0) _exit(serve(socket, stop));
    }
    sigwait(stop, &number);
    for (at = 0; at < workers; at++)
        if (children[at] > 0) kill(children[at], SIGTERM);
    for (at = 0; at < workers; at++)
        if (children[at] < 0 || waitpid(children[at], &status, 0) < 0 || status != 0) worst = 1;
    return number == SIGCHLD ? 1 : worst;
}

int main(int argc, char **argv) {
    static options given;
    oscar_status status;
    sigset_t stop;
    int64_t ready_at = 0;
    int socket, code;
    if (!parse(argc, argv, &given)) {
        fprintf(stderr, "usage: service --listen HOST:PORT --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE]\n"
                        "               [--workers N] [--ext LIST] [--answer-ext LIST] [--first-start]\n");
        return 2;
    }
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    socket = listen_on(&given);
    if (socket < 0) {
        fprintf(stderr, "error: network: can't listen on %s\n", given.listen);
        return 3;
    }
    status = make_service(&given);
    if (status != OSCAR_OK) {
        fprintf(stderr, "error: %s: %s\n", oscar_error_name(status), oscar_last_detail());
        return 3;
    }
    oscar_service_ready_at(service, &ready_at);
    while (now_ms() < ready_at) {
        struct timespec pause = {0, 50000000};
        nanosleep(&pause, NULL);
    }
    printf("listening on http://%s\n", given.address);
    fflush(stdout);
    code = given.workers > 1 ? serve_by(given.workers, socket, &stop) : serve(socket, &stop);
    oscar_service_free(service);
    oscar_ring_files_free(files);
    return code;
}
