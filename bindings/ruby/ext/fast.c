/* The two calls that every request makes, without ffi between: what Service#verify and Client#sign stand on (lib/oscartoki/hot.rb).
 * The gem carries this for the Ruby that it was built with; any other Ruby goes by ffi. It is not linked with the library: the
 * functions are those of the one that door.rb has opened. */
#include <ruby.h>
#include <string.h>
#include <time.h>

#include "oscartoki.h"

static __typeof__(oscar_service_verify_texts) *verify_texts;
static __typeof__(oscar_client_sign_texts) *sign_texts;
static __typeof__(oscar_verdict_free) *verdict_free;
static __typeof__(oscar_sign_context_free) *sign_context_free;
static VALUE verified_request, signed_request;

typedef struct {
    oscar_signed headers;
    oscar_handle context;
} signed_t;

/* ---- what is made: the struct itself, whose context is freed with the object ---- */

static void verified_done(void *made) {
    verdict_free(((oscar_verdict *)made)->context);
    ruby_xfree(made);
}

static void signed_done(void *made) {
    sign_context_free(((signed_t *)made)->context);
    ruby_xfree(made);
}

static size_t verified_size(const void *made) { (void)made; return sizeof(oscar_verdict); }
static size_t signed_size(const void *made) { (void)made; return sizeof(signed_t); }

static const rb_data_type_t verified_type = {.wrap_struct_name = "oscartoki/verified",
                                             .function = {.dfree = verified_done, .dsize = verified_size},
                                             .flags = RUBY_TYPED_FREE_IMMEDIATELY};
static const rb_data_type_t signed_type = {.wrap_struct_name = "oscartoki/signed",
                                           .function = {.dfree = signed_done, .dsize = signed_size},
                                           .flags = RUBY_TYPED_FREE_IMMEDIATELY};

static VALUE verified_alloc(VALUE klass) {
    oscar_verdict *made;
    return TypedData_Make_Struct(klass, oscar_verdict, &verified_type, made);
}

static VALUE signed_alloc(VALUE klass) {
    signed_t *made;
    return TypedData_Make_Struct(klass, signed_t, &signed_type, made);
}

static oscar_verdict *verified_of(VALUE self) { return rb_check_typeddata(self, &verified_type); }
static signed_t *signed_of(VALUE self) { return rb_check_typeddata(self, &signed_type); }

/* The bytes of a struct that came by ffi. */
static const char *bytes_of(VALUE raw, size_t size) {
    StringValue(raw);
    if ((size_t)RSTRING_LEN(raw) != size) rb_raise(rb_eArgError, "a struct of another size");
    return RSTRING_PTR(raw);
}

static VALUE verified_initialize(VALUE self, VALUE raw) {
    oscar_verdict *made = verified_of(self);
    const char *given = bytes_of(raw, sizeof *made);
    verdict_free(made->context);
    memcpy(made, given, sizeof *made);
    return self;
}

static VALUE signed_initialize(VALUE self, VALUE raw, VALUE context) {
    signed_t *made = signed_of(self);
    oscar_handle given = NUM2LL(context);
    const char *headers = bytes_of(raw, sizeof made->headers);
    sign_context_free(made->context);
    memcpy(&made->headers, headers, sizeof made->headers);
    made->context = given;
    return self;
}

static VALUE verified_raw(VALUE self) { return rb_str_new((const char *)verified_of(self), sizeof(oscar_verdict)); }
static VALUE verified_context(VALUE self) { return LL2NUM(verified_of(self)->context); }
static VALUE signed_raw(VALUE self) { return rb_str_new((const char *)&signed_of(self)->headers, sizeof(oscar_signed)); }
static VALUE signed_context(VALUE self) { return LL2NUM(signed_of(self)->context); }

/* ---- the calls ---- */

/* A zero-terminated text, null for nil. ArgumentError when there is a zero byte in it, TypeError when it is no String. */
static const char *text(volatile VALUE *given) {
    const char *data;
    long size;
    if (NIL_P(*given)) return NULL;
    rb_string_value(given);
    data = RSTRING_PTR(*given), size = RSTRING_LEN(*given);
    /* Also of a wide encoding, whose zero bytes Ruby lets pass. */
    if (size != 0 && memchr(data, 0, (size_t)size) != NULL) rb_raise(rb_eArgError, "a text with a zero byte");
    /* Behind the bytes of a String stand a zero, or those of the String that it is a part of. */
    return data[size] == 0 ? data : rb_string_value_cstr(given);
}

static const uint8_t *content(volatile VALUE *body, size_t *size) {
    *size = 0;
    if (NIL_P(*body)) return NULL;
    rb_string_value(body);
    *size = (size_t)RSTRING_LEN(*body);
    return (const uint8_t *)RSTRING_PTR(*body);
}

/* Milliseconds of a clock, where the caller gives none. */
static int64_t clock_ms(VALUE given, clockid_t clock) {
    struct timespec now;
    if (!NIL_P(given)) return NUM2LL(given);
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Hot.verify: the Verdict. */
static VALUE hot_verify(VALUE self, VALUE service, VALUE method, VALUE authority, VALUE target, VALUE toki, VALUE grant, VALUE body, VALUE now_ms) {
    VALUE made = verified_alloc(verified_request), raw; /* before the call: no context is lost for want of memory */
    oscar_verdict *verdict = verified_of(made);
    size_t size;
    const uint8_t *data = content(&body, &size);
    oscar_status status = verify_texts(NUM2LL(service), text(&method), text(&authority), text(&target), text(&toki), text(&grant), data, size,
                                       clock_ms(now_ms, CLOCK_REALTIME), verdict);
    (void)self;
    RB_GC_GUARD(body), RB_GC_GUARD(method), RB_GC_GUARD(authority), RB_GC_GUARD(target), RB_GC_GUARD(toki), RB_GC_GUARD(grant);
    if (status == OSCAR_OK) return made;
    raw = rb_str_new((const char *)verdict, sizeof *verdict);
    /* Another class of verdict: the context goes over to it. */
    verdict->context = 0;
    return rb_funcall(rb_class_superclass(verified_request), rb_intern("_of"), 2, INT2NUM(status), raw);
}

/* Hot.sign: a SignedRequest, or the status that refused it. */
static VALUE hot_sign(VALUE self, VALUE client, VALUE method, VALUE authority, VALUE target, VALUE body, VALUE options, VALUE now_ms, VALUE mono_ms) {
    VALUE made = signed_alloc(signed_request);
    signed_t *request = signed_of(made);
    size_t size;
    const uint8_t *data = content(&body, &size);
    oscar_status status = sign_texts(NUM2LL(client), text(&method), text(&authority), text(&target), data, size, NUM2UINT(options),
                                     clock_ms(now_ms, CLOCK_REALTIME), clock_ms(mono_ms, CLOCK_MONOTONIC), &request->headers, &request->context);
    (void)self;
    RB_GC_GUARD(body), RB_GC_GUARD(method), RB_GC_GUARD(authority), RB_GC_GUARD(target);
    return status == OSCAR_OK ? made : INT2NUM(status);
}

/* Hot.bind: the classes, and the addresses of the library's functions. */
static VALUE hot_bind(VALUE self, VALUE verified, VALUE signed_, VALUE verify, VALUE sign, VALUE free_verdict, VALUE free_context) {
    verify_texts = (__typeof__(verify_texts))NUM2SIZET(verify);
    sign_texts = (__typeof__(sign_texts))NUM2SIZET(sign);
    verdict_free = (__typeof__(verdict_free))NUM2SIZET(free_verdict);
    sign_context_free = (__typeof__(sign_context_free))NUM2SIZET(free_context);
    verified_request = verified;
    signed_request = signed_;
    rb_gc_register_mark_object(verified);
    rb_gc_register_mark_object(signed_);
    rb_define_alloc_func(verified, verified_alloc);
    rb_define_method(verified, "initialize", verified_initialize, 1);
    rb_define_method(verified, "_raw", verified_raw, 0);
    rb_define_method(verified, "_context", verified_context, 0);
    rb_define_alloc_func(signed_, signed_alloc);
    rb_define_method(signed_, "initialize", signed_initialize, 2);
    rb_define_method(signed_, "_raw", signed_raw, 0);
    rb_define_method(signed_, "_context", signed_context, 0);
    return self;
}

void Init_fast(void);
void Init_fast(void) {
    VALUE hot = rb_const_get(rb_const_get(rb_cObject, rb_intern("Oscartoki")), rb_intern("Hot"));
    rb_define_singleton_method(hot, "bind", hot_bind, 6);
    rb_define_singleton_method(hot, "verify", hot_verify, 8);
    rb_define_singleton_method(hot, "sign", hot_sign, 8);
}
