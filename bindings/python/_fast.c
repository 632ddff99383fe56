/* The hot calls of oscartoki for Python: sign, accept, verify, finish, answer. Python values are packed here, once, into what the C ABI reads, and
 * results stay the C structs that they are until somebody looks at a field. `_door.py` is the same by ctypes.
 *
 * A call answers with an object, or with the status (an int) that refused it. Clocks that are None are read here. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>
#include <oscartoki.h>
#include <time.h>

#define LARGE 16384 /* from here on a body is worth letting other threads run */

typedef struct { PyObject_HEAD oscar_signed headers; oscar_handle context; } Signed;
typedef struct { PyObject_HEAD oscar_outcome outcome; } Outcome;
typedef struct { PyObject_HEAD oscar_verdict verdict; } Verdict;

/* The base types, and the public classes over them that results are made of. */
static PyObject *signed_base, *outcome_base, *verdict_base;
static PyTypeObject *signed_class, *outcome_class, *verified_class, *pending_class, *handshake_class, *refusal_class;

/* ---- What Python hands in ---- */

static int slice(PyObject *given, oscar_slice *out) {
    Py_ssize_t len = 0;
    char *data = NULL;
    if (given == Py_None) {
        out->data = NULL;
        out->len = 0;
        return 1;
    }
    if (PyBytes_Check(given)) {
        if (PyBytes_AsStringAndSize(given, &data, &len) < 0) return 0;
        out->data = data;
    } else {
        const char *text = PyUnicode_AsUTF8AndSize(given, &len);
        if (text == NULL) return 0;
        out->data = text;
    }
    out->len = (size_t)len;
    return 1;
}

static int slices(PyObject *const *args, oscar_slice *out, int count) {
    for (int i = 0; i < count; i++)
        if (!slice(args[i], &out[i])) return 0;
    return 1;
}

static int64_t clock_ms(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int number(PyObject *given, int64_t *out) {
    *out = PyLong_AsLongLong(given);
    return *out != -1 || PyErr_Occurred() == NULL;
}

static int wall(PyObject *given, int64_t *out) {
    if (given != Py_None) return number(given, out);
    *out = clock_ms(CLOCK_REALTIME);
    return 1;
}

static int mono(PyObject *given, int64_t *out) {
    if (given != Py_None) return number(given, out);
    *out = clock_ms(CLOCK_MONOTONIC);
    return 1;
}

/* Headers: a list of pairs, or anything that a list can be made of. */
static int pack_headers(oscar_pack *pack, PyObject *headers) {
    int ok = 1;
    PyObject *all = PyList_Check(headers) ? headers : PySequence_List(headers);
    if (all == NULL) return 0;
    if (all == headers) Py_INCREF(all);
    for (Py_ssize_t i = 0; ok && i < PyList_Size(all); i++) {
        PyObject *pair = PyList_GetItem(all, i);
        oscar_slice both[2];
        if (PyTuple_Check(pair) && PyTuple_Size(pair) == 2) {
            ok = slice(PyTuple_GetItem(pair, 0), &both[0]) && slice(PyTuple_GetItem(pair, 1), &both[1]);
            if (ok) {
                oscar_pack_slice(pack, both[0]);
                oscar_pack_slice(pack, both[1]);
            }
            continue;
        }
        PyObject *name = PySequence_GetItem(pair, 0), *field = name == NULL ? NULL : PySequence_GetItem(pair, 1);
        ok = field != NULL && slice(name, &both[0]) && slice(field, &both[1]);
        if (ok) {
            oscar_pack_slice(pack, both[0]);
            oscar_pack_slice(pack, both[1]);
        }
        Py_XDECREF(name);
        Py_XDECREF(field);
    }
    Py_DECREF(all);
    return ok;
}

/* Runs a call, with the interpreter's lock let go when there is much to hash. */
#define CALL(body_len, call) do { \
        if ((body_len) >= LARGE) { Py_BEGIN_ALLOW_THREADS status = (call); Py_END_ALLOW_THREADS } \
        else status = (call); \
    } while (0)

static int arity(Py_ssize_t given, Py_ssize_t wanted) {
    if (given == wanted) return 1;
    PyErr_Format(PyExc_TypeError, "%zd arguments are needed, %zd were given", wanted, given);
    return 0;
}

static PyObject *refused(oscar_status status) { return PyLong_FromLong(status); }

/* ---- What comes out ---- */

static PyObject *text(const char *given) { return PyUnicode_FromString(given); }

static PyObject *text_or_none(const char *given) {
    if (given[0] == 0) Py_RETURN_NONE;
    return PyUnicode_FromString(given);
}

static PyObject *eight(const uint8_t *given) { return PyBytes_FromStringAndSize((const char *)given, OSCAR_ID_LEN); }

static PyObject *number_or_none(int64_t given, int there) {
    if (!there) Py_RETURN_NONE;
    return PyLong_FromLongLong(given);
}

#define GETTER(Type, field, expression) \
    static PyObject *Type##_##field(PyObject *object, void *unused) { Type *self = (Type *)object; (void)unused; return expression; }

GETTER(Signed, toki, text(self->headers.toki))
GETTER(Signed, grant, text_or_none(self->headers.grant))
GETTER(Signed, is_probe, PyBool_FromLong(self->headers.probe))
GETTER(Signed, in_session, PyBool_FromLong(self->headers.grant[0] != 0))

GETTER(Outcome, error_status, PyLong_FromLong(self->outcome.status))
GETTER(Outcome, grant_status, PyLong_FromLong(self->outcome.grant_error))
GETTER(Outcome, code, number_or_none(self->outcome.code, self->outcome.code >= 0))
GETTER(Outcome, status, number_or_none(self->outcome.http_status, self->outcome.http_status >= 0))
GETTER(Outcome, offset_ms, number_or_none(self->outcome.offset_ms, self->outcome.has_offset))
GETTER(Outcome, may_have_run, PyBool_FromLong(self->outcome.may_have_run))
GETTER(Outcome, signed, PyBool_FromLong(self->outcome.authentic))
GETTER(Outcome, resend, PyBool_FromLong(self->outcome.resend))
GETTER(Outcome, content_authentic, PyBool_FromLong(self->outcome.content_authentic))
GETTER(Outcome, is_probe, PyBool_FromLong(self->outcome.probe))

static PyObject *Outcome_adopted_sid(PyObject *object, void *unused) {
    Outcome *self = (Outcome *)object;
    (void)unused;
    if (!self->outcome.adopted) Py_RETURN_NONE;
    return eight(self->outcome.sid);
}

GETTER(Verdict, error_status, PyLong_FromLong(self->verdict.status))
GETTER(Verdict, code, number_or_none(self->verdict.code, self->verdict.code >= 0))
GETTER(Verdict, status, PyLong_FromLong(self->verdict.http_status))
GETTER(Verdict, www_authenticate, PyBool_FromLong(self->verdict.www_authenticate))
GETTER(Verdict, signed, PyBool_FromLong(self->verdict.code >= 0))
GETTER(Verdict, ts_ms, PyLong_FromLongLong(self->verdict.ts_ms))
GETTER(Verdict, kid, eight(self->verdict.kid))
GETTER(Verdict, nonce, eight(self->verdict.nonce))
GETTER(Verdict, want, PyBool_FromLong(self->verdict.want))
GETTER(Verdict, version, PyLong_FromLong(self->verdict.version))
GETTER(Verdict, authority, text(self->verdict.authority))

static PyObject *Verdict_sid(PyObject *object, void *unused) {
    Verdict *self = (Verdict *)object;
    (void)unused;
    if (!self->verdict.in_session) Py_RETURN_NONE;
    return eight(self->verdict.sid);
}

#define FIELD(Type, field, doc) { #field, Type##_##field, NULL, doc, NULL }
static PyGetSetDef signed_fields[] = {
    FIELD(Signed, toki, "The header oscartoki."), FIELD(Signed, grant, "The header oscartokikey, in a session."),
    FIELD(Signed, is_probe, "Whether a probe must go first, which this signs."), FIELD(Signed, in_session, "Whether it is signed in a session."),
    { NULL, NULL, NULL, NULL, NULL } };
static PyGetSetDef outcome_fields[] = {
    FIELD(Outcome, error_status, "0, or the number of the error."), FIELD(Outcome, grant_status, "0, or bad_grant's number."),
    FIELD(Outcome, code, "The code of an authentic answer."), FIELD(Outcome, status, "The HTTP status."),
    FIELD(Outcome, offset_ms, "How far the service's clock is ahead."), FIELD(Outcome, adopted_sid, "The session of an adopted grant."),
    FIELD(Outcome, may_have_run, "False only where that is certain."), FIELD(Outcome, signed, "Whether the answer is authentic."),
    FIELD(Outcome, resend, "Whether to sign and send once more."), FIELD(Outcome, content_authentic, "Whether the content is."),
    FIELD(Outcome, is_probe, "Whether this is the outcome of a probe."), { NULL, NULL, NULL, NULL, NULL } };
static PyGetSetDef verdict_fields[] = {
    FIELD(Verdict, error_status, "0, a stage, or the number of the error."), FIELD(Verdict, code, "The code of the answer's toki."),
    FIELD(Verdict, status, "The HTTP status of a refusal."), FIELD(Verdict, www_authenticate, "Whether the answer says WWW-Authenticate."),
    FIELD(Verdict, signed, "Whether the answer gets a toki."), FIELD(Verdict, ts_ms, "When it was signed."),
    FIELD(Verdict, kid, "The key id of the client."), FIELD(Verdict, sid, "The session id, in one."), FIELD(Verdict, nonce, "The nonce."),
    FIELD(Verdict, want, "Whether it asks for a grant."), FIELD(Verdict, version, "2, or 1."), FIELD(Verdict, authority, "The name that it was sent to."),
    { NULL, NULL, NULL, NULL, NULL } };

static void release(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    freefunc release_memory = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release_memory(object);
    Py_DECREF(type);
}

static void signed_release(PyObject *object) {
    oscar_sign_context_free(((Signed *)object)->context);
    release(object);
}

static void verdict_release(PyObject *object) {
    oscar_verdict_free(((Verdict *)object)->verdict.context);
    release(object);
}

static PyType_Slot signed_slots[] = { { Py_tp_getset, signed_fields }, { Py_tp_dealloc, (void *)signed_release }, { 0, NULL } };
static PyType_Slot outcome_slots[] = { { Py_tp_getset, outcome_fields }, { Py_tp_dealloc, (void *)release }, { 0, NULL } };
static PyType_Slot verdict_slots[] = { { Py_tp_getset, verdict_fields }, { Py_tp_dealloc, (void *)verdict_release }, { 0, NULL } };
static PyType_Spec signed_spec = { "oscartoki._fast.Signed", sizeof(Signed), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, signed_slots };
static PyType_Spec outcome_spec = { "oscartoki._fast.Outcome", sizeof(Outcome), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, outcome_slots };
static PyType_Spec verdict_spec = { "oscartoki._fast.Verdict", sizeof(Verdict), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, verdict_slots };

static void *made(PyTypeObject *type) { return PyType_GenericAlloc(type, 0); }

static PyObject *judged(oscar_verdict *verdict) {
    PyTypeObject *kind = verdict->status == OSCAR_OK ? verified_class
        : verdict->status == OSCAR_PENDING ? pending_class : verdict->status == OSCAR_HANDSHAKE ? handshake_class : refusal_class;
    Verdict *result = made(kind);
    if (result == NULL) {
        oscar_verdict_free(verdict->context);
        return NULL;
    }
    result->verdict = *verdict;
    return (PyObject *)result;
}

static PyObject *weighed(oscar_outcome *outcome) {
    Outcome *result = made(outcome_class);
    if (result != NULL) result->outcome = *outcome;
    return (PyObject *)result;
}

static int is_a(PyObject *object, PyObject *base) {
    int answer = PyObject_IsInstance(object, base);
    if (answer == 0) PyErr_SetString(PyExc_TypeError, "not what an earlier call of oscartoki returned");
    return answer == 1;
}

/* ---- The client ---- */

/* sign(client, method, authority, target, ext, digest, body, options, now, mono) */
static PyObject *fast_sign(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_slice f[6];
    oscar_pack pack;
    int64_t client, options, now, steady;
    oscar_status status;
    Signed *result;
    (void)module;
    if (!arity(count, 10) || !number(args[0], &client) || !slices(args + 1, f, 6) || !number(args[7], &options) || !wall(args[8], &now) ||
        !mono(args[9], &steady)) return NULL;
    result = made(signed_class);
    if (result == NULL) return NULL;
    oscar_pack_begin(&pack);
    for (int i = 0; i < 5; i++) oscar_pack_slice(&pack, f[i]);
    status = OSCAR_UNSIGNABLE;
    if (!pack.failed)
        CALL(f[5].len, oscar_client_sign_packed(client, pack.data, pack.len, f[5].data, f[5].len, (uint32_t)options, now, steady, &result->headers, &result->context));
    oscar_pack_end(&pack);
    if (status == OSCAR_OK) return (PyObject *)result;
    Py_DECREF(result);
    return refused(status);
}

/* accept(client, signed, status, ext, digest, toki, grant, body, now, mono) */
static PyObject *fast_accept(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_slice f[5];
    oscar_pack pack;
    oscar_outcome outcome;
    int64_t client, http, now, steady;
    oscar_status status;
    (void)module;
    if (!arity(count, 10) || !number(args[0], &client) || !is_a(args[1], signed_base) || !number(args[2], &http) || !slices(args + 3, f, 5) ||
        !wall(args[8], &now) || !mono(args[9], &steady)) return NULL;
    oscar_pack_begin(&pack);
    oscar_pack_be16(&pack, http < 0 || http > 65535 ? -1 : (int32_t)http);
    oscar_pack_slice(&pack, f[0]);
    oscar_pack_slice(&pack, f[1]);
    oscar_pack_proofs(&pack, f[2], f[3]);
    CALL(f[4].len, oscar_client_accept_packed(client, ((Signed *)args[1])->context, pack.data, pack.failed ? 0 : pack.len, f[4].data, f[4].len, now, steady, &outcome));
    if (pack.failed && status == OSCAR_BAD_PACKED) outcome.status = OSCAR_MALFORMED;
    oscar_pack_end(&pack);
    return weighed(&outcome);
}

/* accept_head(client, signed, status, headers, body, now, mono) */
static PyObject *fast_accept_head(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_slice body;
    oscar_pack pack;
    oscar_outcome outcome;
    int64_t client, http, now, steady;
    oscar_status status;
    (void)module;
    if (!arity(count, 7) || !number(args[0], &client) || !is_a(args[1], signed_base) || !number(args[2], &http) || !slice(args[4], &body) ||
        !wall(args[5], &now) || !mono(args[6], &steady)) return NULL;
    oscar_pack_begin(&pack);
    oscar_pack_be16(&pack, http < 0 || http > 65535 ? -1 : (int32_t)http);
    if (!pack_headers(&pack, args[3])) {
        oscar_pack_end(&pack);
        return NULL;
    }
    CALL(body.len, oscar_client_accept_head(client, ((Signed *)args[1])->context, pack.data, pack.failed ? 0 : pack.len, body.data, body.len, now, steady, &outcome));
    if (pack.failed && status == OSCAR_BAD_PACKED) outcome.status = OSCAR_MALFORMED;
    oscar_pack_end(&pack);
    return weighed(&outcome);
}

/* give_up(client, signed, status or None): None when no answer came, else one that is too large */
static PyObject *fast_give_up(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_outcome outcome;
    int64_t client, http;
    oscar_handle context;
    (void)module;
    if (!arity(count, 3) || !number(args[0], &client) || !is_a(args[1], signed_base)) return NULL;
    context = ((Signed *)args[1])->context;
    if (args[2] == Py_None) {
        oscar_client_accept_none(client, context, &outcome);
    } else {
        if (!number(args[2], &http)) return NULL;
        oscar_client_accept_too_large(client, context, (uint16_t)http, &outcome);
    }
    return weighed(&outcome);
}

/* ---- The service ---- */

/* verify(service, method, authority, target, ext, digest, toki, grant, body, now) */
static PyObject *fast_verify(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_slice f[8];
    oscar_pack pack;
    oscar_verdict verdict;
    int64_t service, now;
    oscar_status status;
    (void)module;
    if (!arity(count, 10) || !number(args[0], &service) || !slices(args + 1, f, 8) || !wall(args[9], &now)) return NULL;
    oscar_pack_begin(&pack);
    for (int i = 0; i < 5; i++) oscar_pack_slice(&pack, f[i]);
    oscar_pack_proofs(&pack, f[5], f[6]);
    CALL(f[7].len, oscar_service_verify_packed(service, pack.data, pack.failed ? 0 : pack.len, f[7].data, f[7].len, now, &verdict));
    if (pack.failed && status == OSCAR_BAD_PACKED) {
        verdict.status = OSCAR_MALFORMED;
        verdict.http_status = 400;
    }
    oscar_pack_end(&pack);
    return judged(&verdict);
}

/* verify_head(service, method, authority, target, headers, body, now) */
static PyObject *fast_verify_head(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_slice f[3], body;
    oscar_pack pack;
    oscar_verdict verdict;
    int64_t service, now;
    oscar_status status;
    (void)module;
    if (!arity(count, 7) || !number(args[0], &service) || !slices(args + 1, f, 3) || !slice(args[5], &body) || !wall(args[6], &now)) return NULL;
    oscar_pack_begin(&pack);
    for (int i = 0; i < 3; i++) oscar_pack_slice(&pack, f[i]);
    if (!pack_headers(&pack, args[4])) {
        oscar_pack_end(&pack);
        return NULL;
    }
    CALL(body.len, oscar_service_verify_head(service, pack.data, pack.failed ? 0 : pack.len, body.data, body.len, now, &verdict));
    if (pack.failed && status == OSCAR_BAD_PACKED) {
        verdict.status = OSCAR_MALFORMED;
        verdict.http_status = 400;
    }
    oscar_pack_end(&pack);
    return judged(&verdict);
}

/* wants_body(service, method, authority, target, headers) */
static PyObject *fast_wants_body(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_slice f[3];
    oscar_pack pack;
    int64_t service;
    int32_t answer;
    (void)module;
    if (!arity(count, 5) || !number(args[0], &service) || !slices(args + 1, f, 3)) return NULL;
    oscar_pack_begin(&pack);
    for (int i = 0; i < 3; i++) oscar_pack_slice(&pack, f[i]);
    if (!pack_headers(&pack, args[4])) {
        oscar_pack_end(&pack);
        return NULL;
    }
    answer = pack.failed ? 0 : oscar_service_wants_body(service, pack.data, pack.len);
    oscar_pack_end(&pack);
    return PyBool_FromLong(answer);
}

/* finish(verdict, body, digest) */
static PyObject *fast_finish(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_slice f[2];
    oscar_verdict verdict;
    oscar_status status;
    (void)module;
    (void)status;
    if (!arity(count, 3) || !is_a(args[0], verdict_base) || !slices(args + 1, f, 2)) return NULL;
    if (f[1].data != NULL && f[1].len != 32) return refused(OSCAR_MALFORMED);
    CALL(f[0].len, oscar_service_finish(((Verdict *)args[0])->verdict.context, f[0].data, f[0].len, f[1].data, &verdict));
    return judged(&verdict);
}

/* too_large(verdict) */
static PyObject *fast_too_large(PyObject *module, PyObject *object) {
    oscar_verdict verdict;
    (void)module;
    if (!is_a(object, verdict_base)) return NULL;
    oscar_service_too_large(((Verdict *)object)->verdict.context, &verdict);
    return judged(&verdict);
}

static PyObject *headers_of(const oscar_answered *headers) {
    PyObject *toki = text(headers->toki), *grant = text_or_none(headers->grant), *both = PyTuple_New(2);
    if (toki == NULL || grant == NULL || both == NULL) {
        Py_XDECREF(toki);
        Py_XDECREF(grant);
        Py_XDECREF(both);
        return NULL;
    }
    PyTuple_SetItem(both, 0, toki);
    PyTuple_SetItem(both, 1, grant);
    return both;
}

/* answer(service, verdict, status, ext, digest, body, now): (toki, grant or None) */
static PyObject *fast_answer(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_slice f[3];
    oscar_pack pack;
    oscar_answered headers;
    int64_t service, http, now;
    oscar_status status;
    (void)module;
    if (!arity(count, 7) || !number(args[0], &service) || !is_a(args[1], verdict_base) || !number(args[2], &http) || !slices(args + 3, f, 3) ||
        !wall(args[6], &now)) return NULL;
    oscar_pack_begin(&pack);
    oscar_pack_be16(&pack, http < 0 || http > 65535 ? -1 : (int32_t)http);
    oscar_pack_slice(&pack, f[0]);
    oscar_pack_slice(&pack, f[1]);
    CALL(f[2].len, oscar_service_answer_packed(service, ((Verdict *)args[1])->verdict.context, pack.data, pack.failed ? 0 : pack.len, f[2].data, f[2].len, now, &headers));
    if (pack.failed && status == OSCAR_BAD_PACKED) status = OSCAR_UNSIGNABLE;
    oscar_pack_end(&pack);
    return status == OSCAR_OK ? headers_of(&headers) : refused(status);
}

/* answer_head(service, verdict, status, headers, body, now): (toki, grant or None) */
static PyObject *fast_answer_head(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    oscar_slice body;
    oscar_pack pack;
    oscar_answered headers;
    int64_t service, http, now;
    oscar_status status;
    (void)module;
    if (!arity(count, 6) || !number(args[0], &service) || !is_a(args[1], verdict_base) || !number(args[2], &http) || !slice(args[4], &body) ||
        !wall(args[5], &now)) return NULL;
    oscar_pack_begin(&pack);
    oscar_pack_be16(&pack, http < 0 || http > 65535 ? -1 : (int32_t)http);
    if (!pack_headers(&pack, args[3])) {
        oscar_pack_end(&pack);
        return NULL;
    }
    CALL(body.len, oscar_service_answer_head(service, ((Verdict *)args[1])->verdict.context, pack.data, pack.failed ? 0 : pack.len, body.data, body.len, now, &headers));
    if (pack.failed && status == OSCAR_BAD_PACKED) status = OSCAR_UNSIGNABLE;
    oscar_pack_end(&pack);
    return status == OSCAR_OK ? headers_of(&headers) : refused(status);
}

/* handshake(verdict): (toki, body) */
static PyObject *fast_handshake(PyObject *module, PyObject *object) {
    char toki[OSCAR_ANSWER_TOKI_MAX_LEN], body[OSCAR_HANDSHAKE_BODY_MAX_LEN];
    oscar_status status;
    (void)module;
    if (!is_a(object, verdict_base)) return NULL;
    status = oscar_service_handshake(((Verdict *)object)->verdict.context, toki, sizeof toki, body, sizeof body);
    return status == OSCAR_OK ? Py_BuildValue("(ss)", toki, body) : refused(status);
}

/* ---- The rest ---- */

static PyObject *fast_detail(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
    return text(oscar_last_detail());
}

/* use(signed, outcome, verified, pending, handshake, refusal): the classes that results are made of */
static PyObject *fast_use(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    PyTypeObject **places[] = { &signed_class, &outcome_class, &verified_class, &pending_class, &handshake_class, &refusal_class };
    (void)module;
    if (!arity(count, 6)) return NULL;
    for (int i = 0; i < 6; i++) {
        Py_INCREF(args[i]);
        *places[i] = (PyTypeObject *)args[i];
    }
    Py_RETURN_NONE;
}

#define HOT(name) { #name, (PyCFunction)(void (*)(void))fast_##name, METH_FASTCALL, NULL }
static PyMethodDef methods[] = {
    HOT(sign), HOT(accept), HOT(accept_head), HOT(give_up), HOT(verify), HOT(verify_head), HOT(wants_body), HOT(finish), HOT(answer),
    HOT(answer_head), HOT(use), { "too_large", fast_too_large, METH_O, NULL }, { "handshake", fast_handshake, METH_O, NULL },
    { "detail", fast_detail, METH_NOARGS, NULL }, { NULL, NULL, 0, NULL } };

static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, "oscartoki._fast", NULL, -1, methods, NULL, NULL, NULL, NULL };

static int add(PyObject *module, const char *name, PyObject *object) {
    Py_XINCREF(object);
    return object != NULL && PyModule_AddObject(module, name, object) == 0;
}

PyMODINIT_FUNC PyInit__fast(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) return NULL;
    signed_base = PyType_FromSpec(&signed_spec);
    outcome_base = PyType_FromSpec(&outcome_spec);
    verdict_base = PyType_FromSpec(&verdict_spec);
    if (!add(module, "Signed", signed_base) || !add(module, "Outcome", outcome_base) || !add(module, "Verdict", verdict_base) ||
        PyModule_AddIntConstant(module, "ABI_VERSION", OSCAR_ABI_VERSION) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
