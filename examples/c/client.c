/* A client in C with libcurl: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.
 *
 *   client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... URL
 *
 * FILE holds an os2 secret, an oa2 audience key or an oz2 session. -d without -X is POST.
 *   --ext LIST          covered headers, names with commas between, in the service's order
 *   --repeatable        a POST that may be resent: needs idempotency-key in --ext and -H
 *   --verify-first      a probe goes before the request, whatever the clock says
 *   --trust-clock       no probe
 *   --roll-every        asks for the next grant on every request
 *   --count N           sends it N times, one after another, in one client
 *   --parallel N        in N threads of one client, each --count times
 *   --clock-off-ms N    moves this client's clock, to show what the clock rules do
 *
 * Prints each body, then `verified: status S, code C, requests R[, probed][, resent][, in session]`; a refusal or an answer that is not
 * authentic goes to stderr as `error: NAME: sentence (may have run: yes|no)`. Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network.
 *
 *   cc -std=c99 client.c $(pkg-config --cflags --libs oscartoki libcurl) -lpthread -o client
 */
#define _POSIX_C_SOURCE 200809L
#include <curl/curl.h>
#include <oscartoki.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#define MAX_ANSWER ((size_t)1 << 20)
#define MAX_LIST 32

typedef struct options {
    const char *secret_file, *audience, *method, *body, *url;
    oscar_slice authority;
    char target[8192]; /* as it is sent */
    const char *headers[MAX_LIST];
    size_t headers_len;
    const char *ext[MAX_LIST];
    size_t ext_len;
    uint32_t sign;
    int roll_every, count, parallel;
    int64_t clock_off_ms;
} options;

/* What one thread works with. */
typedef struct worker {
    pthread_t thread;
    const options *given;
    oscar_handle client;
    int exit_code;
} worker;

/* An answer as it comes in. */
typedef struct incoming {
    const options *given;
    oscar_pack head; /* two bytes of status, then the headers */
    long status;
    int64_t wall_ms, mono_ms; /* when the head had arrived */
    char *body;
    size_t body_len;
    int too_large, head_done;
} incoming;

static int64_t clock_ms(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall_ms(const options *given) { return clock_ms(CLOCK_REALTIME) + given->clock_off_ms; }

/* The authority and the target of a URL as they go over the wire: nothing is decoded or normalised. An empty path is sent as /, and a fragment,
 * which is never sent, is refused. */
static int split_url(const char *url, oscar_slice *authority, char *target, size_t capacity) {
    const char *start = strstr(url, "://"), *path;
    if (start == NULL || strchr(start, '#') != NULL) return 0;
    start += 3;
    path = start + strcspn(start, "/?");
    authority->data = start;
    authority->len = (size_t)(path - start);
    return (size_t)snprintf(target, capacity, "%s%s", *path == '/' ? "" : "/", path) < capacity;
}

/* libcurl's callbacks */

static size_t on_header(char *line, size_t size, size_t count, void *data) {
    incoming *in = (incoming *)data;
    size_t len = size * count, name, start, end = len;
    while (end > 0 && strchr("\r\n \t", line[end - 1])) end--;
    if (len > 5 && strncmp(line, "HTTP/", 5) == 0) { /* a status line: what came before was an interim answer */
        const char *space = (const char *)memchr(line, ' ', len);
        in->status = space ? strtol(space, NULL, 10) : 0;
        in->head_done = 0;
        oscar_pack_end(&in->head);
        oscar_pack_begin(&in->head);
        oscar_pack_be16(&in->head, (int32_t)in->status);
        return len;
    }
    if (in->head_done) return len; /* fields behind the content are no headers */
    in->wall_ms = wall_ms(in->given);
    in->mono_ms = clock_ms(CLOCK_MONOTONIC);
    in->head_done = end == 0;
    for (name = 0; name < end && line[name] != ':';) name++;
    if (name == end) return len;
    for (start = name + 1; start < end && strchr(" \t", line[start]);) start++;
    oscar_pack_field(&in->head, line, name);
    oscar_pack_field(&in->head, line + start, end - start);
    return len;
}

static size_t on_body(char *chunk, size_t size, size_t count, void *data) {
    incoming *in = (incoming *)data;
    size_t len = size * count;
    char *grown;
    if (len > MAX_ANSWER - in->body_len) {
        in->too_large = 1;
        return 0; /* ends the transfer */
    }
    grown = (char *)realloc(in->body, in->body_len + len + 1);
    if (grown == NULL) return 0;
    in->body = grown;
    memcpy(in->body + in->body_len, chunk, len);
    in->body_len += len;
    in->body[in->body_len] = 0;
    return len;
}

static void add(struct curl_slist **list, const char *name, const char *value) {
    char line[OSCAR_TICKET_MAX_LEN];
    if (value[0] == 0) return;
    snprintf(line, sizeof line, "%s: %s", name, value);
    *list = curl_slist_append(*list, line);
}

/* Sends what a step says. */
static CURLcode send_step(const worker *w, CURL *curl, const oscar_step *step, incoming *in) {
    const options *given = w->given;
    struct curl_slist *list = NULL;
    int bare = step->headers.probe || given->body == NULL, typed = 0;
    size_t at;
    CURLcode sent;
    for (at = 0; at < given->headers_len; at++) {
        const char *header = given->headers[at];
        if (step->headers.probe && oscar_client_drops_from_probe(w->client, header, strcspn(header, ":"))) continue;
        list = curl_slist_append(list, header);
        typed = typed || strncasecmp(header, "content-type:", 13) == 0;
    }
    add(&list, "oscartoki", step->headers.toki);
    add(&list, "oscartokikey", step->headers.grant);
    add(&list, "Content-Digest", step->content_digest);
    list = curl_slist_append(list, "Expect:");
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, given->url);
    curl_easy_setopt(curl, CURLOPT_REQUEST_TARGET, given->target);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    /* libcurl sends a request again when a kept connection turns out to be dead: nothing is resent behind the protocol's back. */
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    if (strcmp(step->method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else {
        if (!bare || strcmp(step->method, "GET") != 0) {
            if (!typed) list = curl_slist_append(list, "Content-Type:"); /* none of libcurl's own */
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, bare ? 0L : (long)strlen(given->body));
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bare ? "" : given->body);
        }
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, step->method);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, in);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, in);
    sent = curl_easy_perform(curl);
    curl_slist_free_all(list);
    return sent;
}

/* What the service sees of the headers: the covered ones. */
static oscar_status covered(const worker *w, uint8_t *ext, size_t capacity, size_t *len) {
    const options *given = w->given;
    oscar_pack pack;
    oscar_status status;
    size_t at;
    oscar_pack_begin(&pack);
    for (at = 0; at < given->headers_len; at++) {
        const char *header = given->headers[at];
        size_t name = strcspn(header, ":"), start = name + (header[name] == ':');
        start += strspn(header + start, " ");
        oscar_pack_field(&pack, header, name);
        oscar_pack_field(&pack, header + start, strlen(header + start));
    }
    status = oscar_client_request_ext(w->client, pack.data, pack.len, ext, capacity, len);
    oscar_pack_end(&pack);
    return status;
}

static int fail(oscar_status status, int may_have_run) {
    fprintf(stderr, "error: %s: %s (may have run: %s)\n", oscar_error_name(status), oscar_last_detail(), may_have_run ? "yes" : "no");
    return 1;
}

/* One call: the loop that every HTTP client runs. */
static int call(const worker *w, CURL *curl) {
    uint8_t ext[8192];
    const options *given = w->given;
    oscar_request request;
    oscar_pack pack;
    oscar_handle on = 0;
    oscar_status status;
    oscar_step step;
    incoming in;
    CURLcode sent = CURLE_OK;
    size_t ext_len = 0;
    int code = 1;
    memset(&request, 0, sizeof request);
    memset(&in, 0, sizeof in);
    in.given = given;
    oscar_pack_begin(&in.head);
    if (given->ext_len > 0 && (status = covered(w, ext, sizeof ext, &ext_len)) != OSCAR_OK) return fail(status, 0);
    request.method = oscar_str(given->method);
    request.authority = given->authority;
    request.target = oscar_str(given->target);
    request.ext.data = ext;
    request.ext.len = ext_len;
    request.body = oscar_str(given->body);
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, &request);
    status = pack.failed ? OSCAR_UNSIGNABLE
                         : oscar_call_new(w->client, pack.data, pack.len, (const uint8_t *)request.body.data, request.body.len, given->sign, &on);
    oscar_pack_end(&pack);
    if (status != OSCAR_OK) return fail(status, 0);
    for (;;) {
        status = oscar_call_next(on, wall_ms(given), clock_ms(CLOCK_MONOTONIC), &step);
        if (status != OSCAR_OK || step.kind != OSCAR_STEP_SEND) break;
        in.body_len = 0;
        in.too_large = 0;
        sent = send_step(w, curl, &step, &in);
        if (in.too_large) oscar_call_too_large(on, (uint16_t)in.status);
        else if (sent != CURLE_OK) oscar_call_failed(on);
        else oscar_call_received(on, in.head.data, in.head.len, (const uint8_t *)in.body, in.body_len, in.wall_ms, in.mono_ms);
    }
    if (status != OSCAR_OK) {
        code = fail(status, 1);
    } else if (step.kind == OSCAR_STEP_DONE) {
        printf("%s\nverified: status %d, code %d, requests %u%s%s%s\n", in.body_len ? in.body : "", step.outcome.http_status, step.outcome.code,
               step.requests, step.probed ? ", probed" : "", step.resent ? ", resent" : "", step.in_session ? ", in session" : "");
        code = 0;
    } else if (sent != CURLE_OK && !in.too_large) {
        fprintf(stderr, "error: network: %s (may have run: %s)\n", curl_easy_strerror(sent), step.outcome.may_have_run ? "yes" : "no");
        code = 4;
    } else {
        code = fail(step.outcome.status, step.outcome.may_have_run);
    }
    oscar_call_free(on);
    oscar_pack_end(&in.head);
    free(in.body);
    return code;
}

static void *work(void *data) {
    worker *w = (worker *)data;
    CURL *curl = curl_easy_init();
    int at;
    if (curl == NULL) {
        w->exit_code = 4;
        return NULL;
    }
    for (at = 0; at < w->given->count; at++) {
        int code = call(w, curl);
        if (code > w->exit_code) w->exit_code = code;
    }
    curl_easy_cleanup(curl);
    return NULL;
}

/* The first line that is neither blank nor a comment. */
static int read_key(const char *path, char *line, size_t capacity) {
    FILE *file = fopen(path, "r");
    int found = 0;
    if (file == NULL) return 0;
    while (!found && fgets(line, (int)capacity, file) != NULL) {
        line[strcspn(line, " \t\r\n")] = 0;
        found = line[0] != 0 && line[0] != '#';
    }
    fclose(file);
    return found;
}

static oscar_status make_client(const options *given, oscar_handle *client) {
    char key[OSCAR_SESSION_MAX_LEN + 1];
    oscar_client_settings settings;
    oscar_status status;
    oscar_client_settings_init(&settings);
    settings.roll_every = (uint8_t)given->roll_every;
    settings.ext = given->ext;
    settings.ext_len = given->ext_len;
    if (!read_key(given->secret_file, key, sizeof key)) return OSCAR_MISSING;
    if (strncmp(key, "oz2.", 4) == 0) status = oscar_client_from_session(key, strlen(key), &settings, client);
    else if (strncmp(key, "oa2.", 4) == 0) status = oscar_client_from_audience_key(key, strlen(key), &settings, client);
    else status = oscar_client_new(key, strlen(key), given->audience, given->audience ? strlen(given->audience) : 0, &settings, client);
    memset(key, 0, sizeof key);
    return status;
}

static int parse(int argc, char **argv, options *given) {
    int at;
    memset(given, 0, sizeof *given);
    given->count = given->parallel = 1;
    for (at = 1; at < argc; at++) {
        const char *name = argv[at], *value = at + 1 < argc ? argv[at + 1] : NULL;
        if (strcmp(name, "--repeatable") == 0) given->sign |= OSCAR_SIGN_REPEATABLE;
        else if (strcmp(name, "--verify-first") == 0) given->sign |= OSCAR_SIGN_VERIFY_FIRST;
        else if (strcmp(name, "--trust-clock") == 0) given->sign |= OSCAR_SIGN_TRUST_CLOCK;
        else if (strcmp(name, "--roll-every") == 0) given->roll_every = 1;
        else if (name[0] != '-' && given->url == NULL) given->url = name;
        else if (value == NULL) return 0;
        else if (at++, strcmp(name, "--secret") == 0) given->secret_file = value;
        else if (strcmp(name, "--audience") == 0) given->audience = value;
        else if (strcmp(name, "-X") == 0) given->method = value;
        else if (strcmp(name, "-d") == 0) given->body = value;
        else if (strcmp(name, "-H") == 0 && given->headers_len < MAX_LIST) given->headers[given->headers_len++] = value;
        else if (strcmp(name, "--count") == 0) given->count = atoi(value);
        else if (strcmp(name, "--parallel") == 0) given->parallel = atoi(value);
        else if (strcmp(name, "--clock-off-ms") == 0) given->clock_off_ms = strtoll(value, NULL, 10);
        else if (strcmp(name, "--ext") == 0) {
            char *list = argv[at], *one;
            for (one = strtok(list, ","); one != NULL && given->ext_len < MAX_LIST; one = strtok(NULL, ",")) given->ext[given->ext_len++] = one;
        } else return 0;
    }
    if (given->method == NULL) given->method = given->body ? "POST" : "GET";
    return given->url != NULL && split_url(given->url, &given->authority, given->target, sizeof given->target) && given->secret_file != NULL && given->count > 0 && given->parallel > 0 && given->parallel <= 256;
}

int main(int argc, char **argv) {
    static worker workers[256];
    static options given;
    oscar_handle client = 0;
    oscar_status status;
    int at, code = 0;
    if (!parse(argc, argv, &given)) {
        fprintf(stderr, "usage: client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... [--ext LIST] [--repeatable]\n"
                        "              [--verify-first] [--trust-clock] [--roll-every] [--count N] [--parallel N] [--clock-off-ms N] URL\n");
        return 2;
    }
    if ((status = make_client(&given, &client)) != OSCAR_OK) {
        fprintf(stderr, "error: %s: %s\n", oscar_error_name(status), given.secret_file);
        return 3;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (at = 0; at < given.parallel; at++) {
        workers[at].given = &given;
        workers[at].client = client;
        if (at > 0) pthread_create(&workers[at].thread, NULL, work, &workers[at]);
    }
    work(&workers[0]);
    for (at = 0; at < given.parallel; at++) {
        if (at > 0) pthread_join(workers[at].thread, NULL);
        if (workers[at].exit_code > code) code = workers[at].exit_code;
    }
    oscar_client_free(client);
    curl_global_cleanup();
    return code;
}
