/* The native addon: the calls of include/oscartoki.h for Node, spelt as the WASM module spells them, so that one JavaScript speaks through either.
 * An address is an offset into the room, one ArrayBuffer of this instance; 0 is null. A 64-bit integer is a BigInt; in the hot calls (oscar_js_…) a time is a number, a
 * handle a number of the same bits. Each thread of Node has an instance, and a room, of its own.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <oscartoki.h>

enum { MOST_ARGUMENTS = 14 };

/* What one instance has. */
typedef struct {
    napi_ref room;
    uint8_t *data;
    size_t size;
} instance;

/* One call. */
typedef struct {
    napi_env env;
    instance *at;
    napi_value given[MOST_ARGUMENTS];
} call;

static call enter(napi_env env, napi_callback_info info) {
    call c = {.env = env};
    size_t count = MOST_ARGUMENTS;
    /* What is not given is undefined, and reads as 0. */
    napi_get_cb_info(env, info, &count, c.given, NULL, NULL);
    napi_get_instance_data(env, (void **)&c.at);
    return c;
}

static double as_double(const call *c, int i) {
    double number = 0;
    napi_get_value_double(c->env, c->given[i], &number);
    return number;
}

static size_t as_size(const call *c, int i) {
    double number = as_double(c, i);
    return number > 0 && number < 4294967296.0 ? (size_t)number : 0;
}

/* So many bytes of the room; null where they are not all in it. */
static void *as_place(const call *c, int i, size_t length) {
    size_t offset = as_size(c, i);
    return offset == 0 || offset > c->at->size || c->at->size - offset < length ? NULL : c->at->data + offset;
}

static int64_t as_int64(const call *c, int i) {
    int64_t number = 0;
    bool lossless;
    napi_get_value_bigint_int64(c->env, c->given[i], &number, &lossless);
    return number;
}

static oscar_handle as_handle(const call *c, int i) {
    double number = as_double(c, i);
    oscar_handle handle;
    memcpy(&handle, &number, sizeof handle);
    return handle;
}

static napi_value number(napi_env env, double told) {
    napi_value made = NULL;
    napi_create_int32(env, (int32_t)told, &made);
    return made;
}

static napi_value text(napi_env env, const char *told) {
    napi_value made = NULL;
    napi_create_string_utf8(env, told == NULL ? "" : told, NAPI_AUTO_LENGTH, &made);
    return made;
}

/* How an argument is read: a slice (two arguments), a place of so many bytes, a BigInt, a number; hot: a time, a handle. */
#define S(i) as_place(&c, i, as_size(&c, i + 1)), (as_place(&c, i, as_size(&c, i + 1)) == NULL ? 0 : as_size(&c, i + 1))
#define P(i, n) as_place(&c, i, n)
#define I(i) as_int64(&c, i)
#define N(i) ((uint32_t)as_size(&c, i))
#define T(i) ((int64_t)as_double(&c, i))
#define H(i) as_handle(&c, i)

#define CALLS(X)                                                                                                                              \
    X(oscar_secret_generate, (S(0)))                                                                                                          \
    X(oscar_secret_from_bytes, (S(0), S(2)))                                                                                                  \
    X(oscar_secret_parse, (S(0), S(2)))                                                                                                       \
    X(oscar_secret_kid, (S(0), I(2), P(3, 8)))                                                                                                \
    X(oscar_secret_audience_key, (S(0), S(2), I(4), S(5)))                                                                                    \
    X(oscar_audience_key_parse, (S(0), P(2, 8), S(3)))                                                                                        \
    X(oscar_audience_key_read, (S(0), P(2, 8), P(3, 32)))                                                                                     \
    X(oscar_session_parse, (S(0), S(2), P(4, sizeof(oscar_grant_claims))))                                                                    \
    X(oscar_answer_toki_parse, (S(0), P(2, sizeof(oscar_answer_claims))))                                                                     \
    X(oscar_keyring_new, (S(0), P(2, 8)))                                                                                                     \
    X(oscar_keyring_free, (I(0)))                                                                                                             \
    X(oscar_keyring_add, (I(0), S(1)))                                                                                                        \
    X(oscar_keyring_add_v1, (I(0), P(1, 8), S(2), I(4), N(5)))                                                                                \
    X(oscar_keyring_load, (I(0), S(1)))                                                                                                       \
    X(oscar_keyring_load_revocations, (I(0), S(1)))                                                                                           \
    X(oscar_keyring_revoke_key, (I(0), P(1, 8), S(2)))                                                                                        \
    X(oscar_keyring_revoke_session, (I(0), P(1, 8), P(2, 8), S(3)))                                                                           \
    X(oscar_keyring_revoke_issued_before, (I(0), P(1, 8), I(2), S(3)))                                                                        \
    X(oscar_keyring_holds, (I(0), P(1, 8)))                                                                                                   \
    X(oscar_keyring_has_v1, (I(0)))                                                                                                           \
    X(oscar_keyring_kids, (I(0), P(1, 8)))                                                                                                    \
    X(oscar_keyring_revocations, (I(0), P(1, 8)))                                                                                             \
    X(oscar_ring_files_open, (I(0), S(1), S(3), S(5), P(7, 8)))                                                                               \
    X(oscar_ring_files_refresh, (I(0)))                                                                                                       \
    X(oscar_ring_files_append, (I(0), S(1)))                                                                                                  \
    X(oscar_ring_files_free, (I(0)))                                                                                                          \
    X(oscar_replay_log_memory, (N(0), P(1, 8)))                                                                                               \
    X(oscar_replay_log_exact, (N(0), P(1, 8)))                                                                                                \
    X(oscar_replay_log_mapped, (S(0), N(2), P(3, 8)))                                                                                         \
    X(oscar_replay_log_default_path, (I(0), S(1)))                                                                                            \
    X(oscar_replay_log_none, (P(0, 8)))                                                                                                       \
    X(oscar_replay_log_free, (I(0)))                                                                                                          \
    X(oscar_message_memory_new, (I(0), (uint8_t)N(1), I(2), P(3, 8)))                                                                         \
    X(oscar_message_memory_free, (I(0)))                                                                                                      \
    X(oscar_client_new, (S(0), S(2), P(4, sizeof(oscar_client_settings)), P(5, 8)))                                                           \
    X(oscar_client_from_audience_key, (S(0), P(2, sizeof(oscar_client_settings)), P(3, 8)))                                                   \
    X(oscar_client_from_session, (S(0), P(2, sizeof(oscar_client_settings)), P(3, 8)))                                                        \
    X(oscar_client_for_audience, (I(0), S(1), P(3, 8)))                                                                                       \
    X(oscar_client_free, (I(0)))                                                                                                              \
    X(oscar_client_kid, (I(0), P(1, 8)))                                                                                                      \
    X(oscar_client_offset, (I(0), P(1, 8)))                                                                                                   \
    X(oscar_client_hand_out, (I(0), I(1), I(2), S(3)))                                                                                        \
    X(oscar_client_export_state, (I(0), P(1, 8)))                                                                                             \
    X(oscar_client_import_state, (I(0), S(1)))                                                                                                \
    X(oscar_client_request_ext, (I(0), S(1), S(3), P(5, 8)))                                                                                  \
    X(oscar_client_drops_from_probe, (I(0), S(1)))                                                                                            \
    X(oscar_client_accept_too_large, (I(0), I(1), (uint16_t)N(2), P(3, sizeof(oscar_outcome))))                                               \
    X(oscar_client_accept_none, (I(0), I(1), P(2, sizeof(oscar_outcome))))                                                                    \
    X(oscar_sign_context_free, (I(0)))                                                                                                        \
    X(oscar_client_mint_message, (I(0), S(1), S(3), I(5), I(6), S(7), P(9, 8)))                                                               \
    X(oscar_message_accept_reply, (I(0), S(1), S(3), P(5, 8)))                                                                                \
    X(oscar_message_reply, (I(0), S(1), S(3), I(5), S(6)))                                                                                    \
    X(oscar_message_free, (I(0)))                                                                                                             \
    X(oscar_client_sign_url, (I(0), S(1), I(3), S(4)))                                                                                        \
    X(oscar_client_mint_ticket, (I(0), S(1), S(3), I(5), S(6)))                                                                               \
    X(oscar_call_new, (I(0), S(1), S(3), N(5), P(6, 8)))                                                                                      \
    X(oscar_call_next, (I(0), I(1), I(2), P(3, sizeof(oscar_step))))                                                                          \
    X(oscar_call_received, (I(0), S(1), S(3), I(5), I(6)))                                                                                    \
    X(oscar_call_received_digest, (I(0), S(1), P(3, 32), I(4), I(5)))                                                                         \
    X(oscar_call_too_large, (I(0), (uint16_t)N(1)))                                                                                           \
    X(oscar_call_failed, (I(0)))                                                                                                              \
    X(oscar_call_free, (I(0)))                                                                                                                \
    X(oscar_service_new, (P(0, sizeof(oscar_service_settings)), I(1), I(2), I(3), P(4, 8)))                                                   \
    X(oscar_service_free, (I(0)))                                                                                                             \
    X(oscar_service_ready_at, (I(0), P(1, 8)))                                                                                                \
    X(oscar_service_floor, (I(0), P(1, 8)))                                                                                                   \
    X(oscar_service_counters, (I(0), P(1, sizeof(oscar_counters))))                                                                           \
    X(oscar_service_wants_body, (I(0), S(1)))                                                                                                 \
    X(oscar_service_finish, (I(0), S(1), P(3, 32), P(4, sizeof(oscar_verdict))))                                                              \
    X(oscar_service_too_large, (I(0), P(1, sizeof(oscar_verdict))))                                                                           \
    X(oscar_service_handshake, (I(0), S(1), S(3)))                                                                                            \
    X(oscar_verdict_free, (I(0)))                                                                                                             \
    X(oscar_service_verify_message, (I(0), S(1), S(3), I(5), I(6), I(7), P(8, sizeof(oscar_verified_message))))                               \
    X(oscar_service_verify_url, (I(0), S(1), I(3), P(4, sizeof(oscar_verified_url))))                                                         \
    X(oscar_service_verify_url_head, (I(0), S(1), I(3), P(4, sizeof(oscar_verified_url))))                                                    \
    X(oscar_service_verify_ticket, (I(0), S(1), S(3), (uint8_t)N(5), I(6), P(7, sizeof(oscar_verified_ticket))))                              \
    X(oscar_authority_normalise, (S(0), S(2)))                                                                                                \
    X(oscar_explain, (S(0), S(2), S(4), P(6, 8)))                                                                                             \
    X(oscar_text_len, (I(0), P(1, 8)))                                                                                                        \
    X(oscar_text_copy, (I(0), S(1)))                                                                                                          \
    X(oscar_text_free, (I(0)))                                                                                                                \
    X(oscar_v1_mint, (S(0), I(2), S(3)))                                                                                                      \
    X(oscar_v1_verify, (S(0), S(2), N(4), I(5), P(6, 8)))                                                                                     \
    X(oscar_v1_tokikey_mint, (S(0), S(2), I(4), S(5)))                                                                                        \
    X(oscar_v1_tokikey_verify, (S(0), S(2), S(4), N(6), I(7)))                                                                                \
    X(oscar_v1_client_new, (S(0), N(2), P(3, 8)))                                                                                             \
    X(oscar_v1_client_free, (I(0)))                                                                                                           \
    X(oscar_v1_client_begin, (I(0), I(1), S(2), P(4, 8)))                                                                                     \
    X(oscar_v1_exchange_accept_first, (I(0), S(1), S(3), I(5), S(6)))                                                                         \
    X(oscar_v1_exchange_accept_second, (I(0), S(1), I(3)))                                                                                    \
    X(oscar_v1_exchange_free, (I(0)))                                                                                                         \
    X(oscar_hazmat_mint_request, (S(0), S(2), S(4), S(6), I(8), P(9, 8), (uint8_t)N(10), S(11)))                                              \
    X(oscar_hazmat_client_sign, (I(0), S(1), S(3), N(5), I(6), I(7), P(8, 8), P(9, sizeof(oscar_signed)), P(10, 8)))                          \
    X(oscar_hazmat_mint_grant, (S(0), S(2), P(4, 8), I(5), I(6), S(7)))                                                                       \
    X(oscar_hazmat_mint_answer, (S(0), S(2), S(4), (int32_t)N(6), I(7), S(8), S(10), S(12)))                                                  \
    X(oscar_hazmat_accept, (S(0), S(2), S(4), S(6), S(8), P(10, sizeof(oscar_outcome))))                                                      \
    X(oscar_hazmat_mint_message, (S(0), S(2), S(4), I(6), P(7, 8), I(8), S(9)))                                                               \
    X(oscar_hazmat_mint_url, (S(0), S(2), I(4), S(5)))                                                                                        \
    X(oscar_hazmat_mint_ticket, (S(0), S(2), S(4), I(6), P(7, 8), S(8)))

/* The hot calls: their own names, and the calls that they are. */
#define HOT_CALLS(X)                                                                                                                          \
    X(oscar_js_sign, oscar_client_sign_packed, (H(0), S(1), S(3), N(5), T(6), T(7), P(8, sizeof(oscar_signed)), P(9, 8)))                     \
    X(oscar_js_accept, oscar_client_accept_packed, (H(0), H(1), S(2), S(4), T(6), T(7), P(8, sizeof(oscar_outcome))))                         \
    X(oscar_js_accept_head, oscar_client_accept_head, (H(0), H(1), S(2), S(4), T(6), T(7), P(8, sizeof(oscar_outcome))))                      \
    X(oscar_js_accept_head_digest, oscar_client_accept_head_digest, (H(0), H(1), S(2), P(4, 32), T(5), T(6), P(7, sizeof(oscar_outcome))))    \
    X(oscar_js_verify, oscar_service_verify_packed, (H(0), S(1), S(3), T(5), P(6, sizeof(oscar_verdict))))                                    \
    X(oscar_js_verify_head, oscar_service_verify_head, (H(0), S(1), S(3), T(5), P(6, sizeof(oscar_verdict))))                                 \
    X(oscar_js_verify_head_digest, oscar_service_verify_head_digest, (H(0), S(1), P(3, 32), T(4), P(5, sizeof(oscar_verdict))))               \
    X(oscar_js_answer, oscar_service_answer_packed, (H(0), H(1), S(2), S(4), T(6), P(7, sizeof(oscar_answered))))                             \
    X(oscar_js_answer_head, oscar_service_answer_head, (H(0), H(1), S(2), S(4), T(6), P(7, sizeof(oscar_answered))))                          \
    X(oscar_js_answer_head_digest, oscar_service_answer_head_digest, (H(0), H(1), S(2), P(4, 32), T(5), P(6, sizeof(oscar_answered))))

#define DEFINE(name, arguments) DEFINE_HOT(name, name, arguments)
#define DEFINE_HOT(name, callee, arguments)                                                                                                   \
    static napi_value js_##name(napi_env env, napi_callback_info info) {                                                                      \
        call c = enter(env, info);                                                                                                            \
        return number(env, callee arguments);                                                                                                 \
    }
CALLS(DEFINE)
HOT_CALLS(DEFINE_HOT)

static napi_value js_oscar_version(napi_env env, napi_callback_info info) {
    (void)info;
    return text(env, oscar_version());
}

static napi_value js_oscar_last_detail(napi_env env, napi_callback_info info) {
    (void)info;
    return text(env, oscar_last_detail());
}

static napi_value js_oscar_abi_version(napi_env env, napi_callback_info info) {
    (void)info;
    return number(env, oscar_abi_version());
}

/* A room of so many bytes, after 64 that no address means. The one before is the garbage collector's. */
static napi_value js_reserve(napi_env env, napi_callback_info info) {
    call c = enter(env, info);
    napi_value buffer;
    void *data;
    size_t size = as_size(&c, 0) + 64;
    if (napi_create_arraybuffer(env, size, &data, &buffer) != napi_ok) return NULL;
    if (c.at->room != NULL) napi_delete_reference(env, c.at->room);
    napi_create_reference(env, buffer, 1, &c.at->room);
    c.at->data = data;
    c.at->size = size;
    return NULL;
}

static napi_value js_memory(napi_env env, napi_callback_info info) {
    call c = enter(env, info);
    napi_value buffer = NULL;
    napi_get_reference_value(env, c.at->room, &buffer);
    return buffer;
}

/* What is added to an offset where a struct holds a pointer. */
static napi_value js_origin(napi_env env, napi_callback_info info) {
    call c = enter(env, info);
    napi_value made = NULL;
    napi_create_bigint_int64(env, (int64_t)(intptr_t)c.at->data, &made);
    return made;
}

static void leave(napi_env env, void *data, void *hint) {
    (void)env;
    (void)hint;
    free(data);
}

NAPI_MODULE_INIT() {
    instance *at = calloc(1, sizeof *at);
    if (at == NULL || napi_set_instance_data(env, at, leave, NULL) != napi_ok) return NULL;
#define ENTRY(name, arguments) {#name, NULL, js_##name, NULL, NULL, NULL, napi_enumerable, NULL},
#define HOT_ENTRY(name, callee, arguments) ENTRY(name, arguments)
    const napi_property_descriptor entries[] = {
        CALLS(ENTRY) HOT_CALLS(HOT_ENTRY) ENTRY(oscar_version, ) ENTRY(oscar_last_detail, ) ENTRY(oscar_abi_version, )
        {"reserve", NULL, js_reserve, NULL, NULL, NULL, napi_enumerable, NULL},
        {"memory", NULL, js_memory, NULL, NULL, NULL, napi_enumerable, NULL},
        {"origin", NULL, js_origin, NULL, NULL, NULL, napi_enumerable, NULL},
    };
    napi_define_properties(env, exports, sizeof entries / sizeof *entries, entries);
    return exports;
}
