
/* ---- Helpers, inline: they pack what the calls above read. ---- */

/* Bytes that somebody else owns. */
typedef struct oscar_slice {
    const void *data;
    size_t len;
} oscar_slice;

/* The slice of a zero-terminated text; null is empty. */
static inline oscar_slice oscar_str(const char *text) {
    oscar_slice slice;
    slice.data = text;
    slice.len = text == NULL ? 0 : strlen(text);
    return slice;
}

/* The same of a header that may be absent, as the structs above give it: an empty text is no header. */
static inline oscar_slice oscar_optional(const char *text) {
    return oscar_str(text == NULL || text[0] == 0 ? NULL : text);
}

/* A request as it goes over the wire. All zero but what is needed. */
typedef struct oscar_request {
    oscar_slice method;    /* upper case */
    oscar_slice authority; /* the Host value */
    oscar_slice target;    /* path and query as written on the wire */
    oscar_slice ext;       /* of oscar_client_request_ext; empty without covered headers */
    oscar_slice body;      /* the content, or */
    const uint8_t *digest; /* its SHA-256, 32 bytes */
    oscar_slice toki;      /* for a service: the header oscartoki; data is null when it is absent */
    oscar_slice grant;     /* for a service: the header oscartokikey; data is null when it is absent */
} oscar_request;

/* An answer. All zero but what is needed. */
typedef struct oscar_answer {
    int32_t status; /* 0 to 65535 */
    oscar_slice ext;
    oscar_slice body;      /* the content, or */
    const uint8_t *digest; /* its SHA-256, 32 bytes */
    oscar_slice toki;      /* for a client: the header oscartoki; data is null when it is absent */
    oscar_slice grant;     /* for a client: the header oscartokikey; data is null when it is absent */
} oscar_answer;

/* A buffer that grows out of its first room on the stack. Begin with oscar_pack_begin, end with oscar_pack_end. */
typedef struct oscar_pack {
    uint8_t *data;
    size_t len;
    size_t capacity;
    int failed; /* not 0: a number or field that does not fit, or no memory */
    uint8_t room[1024];
} oscar_pack;

static inline void oscar_pack_begin(oscar_pack *pack) {
    pack->data = pack->room;
    pack->len = 0;
    pack->capacity = sizeof pack->room;
    pack->failed = 0;
}

static inline void oscar_pack_end(oscar_pack *pack) {
    if (pack->data != pack->room) free(pack->data);
    pack->data = pack->room;
    pack->len = 0;
    pack->capacity = sizeof pack->room;
}

static inline uint8_t *oscar_pack_reserve(oscar_pack *pack, size_t more) {
    uint8_t *place;
    if (pack->capacity - pack->len < more) {
        size_t capacity = pack->capacity * 2 + more;
        uint8_t *grown = (uint8_t *)malloc(capacity);
        if (grown == NULL) {
            pack->failed = 1;
            return NULL;
        }
        memcpy(grown, pack->data, pack->len);
        if (pack->data != pack->room) free(pack->data);
        pack->data = grown;
        pack->capacity = capacity;
    }
    place = pack->data + pack->len;
    pack->len += more;
    return place;
}

/* Two bytes, big endian. */
static inline void oscar_pack_be16(oscar_pack *pack, int32_t number) {
    uint8_t *place = oscar_pack_reserve(pack, 2);
    if (number < 0 || number > 65535) pack->failed = 1;
    if (place == NULL) return;
    place[0] = (uint8_t)(number >> 8);
    place[1] = (uint8_t)(number & 255);
}

/* lp(field). */
static inline void oscar_pack_field(oscar_pack *pack, const void *data, size_t len) {
    uint8_t *place;
    if (len > 65535) {
        pack->failed = 1;
        return;
    }
    place = oscar_pack_reserve(pack, 2 + len);
    if (place == NULL) return;
    place[0] = (uint8_t)(len >> 8);
    place[1] = (uint8_t)(len & 255);
    if (len != 0) memcpy(place + 2, data, len);
}

/* lp(name) lp(value) of one header. */
static inline void oscar_pack_header(oscar_pack *pack, const char *name, const char *value) {
    oscar_pack_field(pack, name, strlen(name));
    oscar_pack_field(pack, value, strlen(value));
}

static inline void oscar_pack_slice(oscar_pack *pack, oscar_slice slice) {
    oscar_pack_field(pack, slice.data, slice.len);
}

static inline void oscar_pack_digest(oscar_pack *pack, const uint8_t *digest) {
    oscar_pack_field(pack, digest, digest == NULL ? 0 : 32);
}

/* Toki and grant stand last, and only when they are there. */
static inline void oscar_pack_proofs(oscar_pack *pack, oscar_slice toki, oscar_slice grant) {
    if (toki.data == NULL) return;
    oscar_pack_slice(pack, toki);
    if (grant.data != NULL) oscar_pack_slice(pack, grant);
}

static inline void oscar_pack_request(oscar_pack *pack, const oscar_request *request) {
    oscar_pack_slice(pack, request->method);
    oscar_pack_slice(pack, request->authority);
    oscar_pack_slice(pack, request->target);
    oscar_pack_slice(pack, request->ext);
    oscar_pack_digest(pack, request->digest);
}

static inline void oscar_pack_answer(oscar_pack *pack, const oscar_answer *answer) {
    oscar_pack_be16(pack, answer->status);
    oscar_pack_slice(pack, answer->ext);
    oscar_pack_digest(pack, answer->digest);
}

/* oscar_client_sign_packed over a struct. */
static inline oscar_status oscar_client_sign_with(oscar_handle client, const oscar_request *request, uint32_t options, int64_t now_ms,
                                                  int64_t mono_ms, oscar_signed *headers, oscar_handle *context) {
    oscar_pack pack;
    oscar_status status = OSCAR_UNSIGNABLE;
    if (request == NULL) return OSCAR_NULL_POINTER;
    oscar_pack_begin(&pack);
    oscar_pack_request(&pack, request);
    if (!pack.failed)
        status = oscar_client_sign_packed(client, pack.data, pack.len, (const uint8_t *)request->body.data, request->body.len, options,
                                          now_ms, mono_ms, headers, context);
    oscar_pack_end(&pack);
    return status;
}

/* Signs a request, or the probe that must go before it (headers->probe). */
static inline oscar_status oscar_client_sign(oscar_handle client, const oscar_request *request, int64_t now_ms, oscar_signed *headers,
                                             oscar_handle *context) {
    return oscar_client_sign_with(client, request, 0, now_ms, 0, headers, context);
}

/* oscar_client_accept_packed over a struct. `outcome` may be null. */
static inline oscar_status oscar_client_accept_with(oscar_handle client, oscar_handle context, const oscar_answer *answer, int64_t received_ms,
                                                    int64_t mono_ms, oscar_outcome *outcome) {
    oscar_pack pack;
    oscar_status status;
    oscar_pack_begin(&pack);
    if (answer != NULL) {
        oscar_pack_answer(&pack, answer);
        oscar_pack_proofs(&pack, answer->toki, answer->grant);
    }
    /* What does not fit is sent empty: the call uses the context up and refuses. */
    status = oscar_client_accept_packed(client, context, pack.data, pack.failed ? 0 : pack.len,
                                        answer == NULL ? NULL : (const uint8_t *)answer->body.data, answer == NULL ? 0 : answer->body.len,
                                        received_ms, mono_ms, outcome);
    if (pack.failed && status == OSCAR_BAD_PACKED) {
        status = OSCAR_MALFORMED;
        if (outcome != NULL) outcome->status = status;
    }
    oscar_pack_end(&pack);
    return status;
}

/* Judges the answer, once: OSCAR_OK when it is authentic and accepted. */
static inline oscar_status oscar_client_accept(oscar_handle client, oscar_handle context, const oscar_answer *answer, int64_t received_ms) {
    return oscar_client_accept_with(client, context, answer, received_ms, 0, NULL);
}

/* oscar_service_verify_packed over a struct. */
static inline oscar_status oscar_service_verify(oscar_handle service, const oscar_request *request, int64_t now_ms,
                                                oscar_verdict *verdict) {
    oscar_pack pack;
    oscar_status status;
    oscar_pack_begin(&pack);
    if (request != NULL) {
        oscar_pack_request(&pack, request);
        oscar_pack_proofs(&pack, request->toki, request->grant);
    }
    /* What does not fit is sent empty: the call refuses and fills the verdict. */
    status = oscar_service_verify_packed(service, pack.data, pack.failed ? 0 : pack.len,
                                         request == NULL ? NULL : (const uint8_t *)request->body.data,
                                         request == NULL ? 0 : request->body.len, now_ms, verdict);
    if (pack.failed && status == OSCAR_BAD_PACKED) {
        status = OSCAR_MALFORMED;
        verdict->status = status;
        verdict->http_status = 400;
    }
    oscar_pack_end(&pack);
    return status;
}

/* oscar_service_answer_packed over a struct: the headers that go out with the answer. */
static inline oscar_status oscar_service_answer(oscar_handle service, oscar_handle context, const oscar_answer *answer, int64_t now_ms,
                                                oscar_answered *headers) {
    oscar_pack pack;
    oscar_status status;
    oscar_pack_begin(&pack);
    if (answer != NULL) oscar_pack_answer(&pack, answer);
    status = oscar_service_answer_packed(service, context, pack.data, pack.failed ? 0 : pack.len,
                                         answer == NULL ? NULL : (const uint8_t *)answer->body.data,
                                         answer == NULL ? 0 : answer->body.len, now_ms, headers);
    if (pack.failed && status == OSCAR_BAD_PACKED) status = OSCAR_UNSIGNABLE;
    oscar_pack_end(&pack);
    return status;
}
