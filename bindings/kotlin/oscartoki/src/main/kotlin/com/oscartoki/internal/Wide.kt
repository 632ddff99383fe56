package com.oscartoki.internal

/** The hot calls of the C door where an address has 64 bits. See include/oscartoki.h; an address and a size are a Long each. */
internal object Wide {
    init {
        Library.register(Wide::class.java)
    }

    @JvmStatic external fun oscar_client_sign_packed(client: Long, request: Long, requestLen: Long, body: Long, bodyLen: Long, options: Int, nowMs: Long, monoMs: Long, headers: Long, context: Long): Int
    @JvmStatic external fun oscar_client_accept_packed(client: Long, context: Long, answer: Long, answerLen: Long, body: Long, bodyLen: Long, receivedMs: Long, monoMs: Long, outcome: Long): Int
    @JvmStatic external fun oscar_client_accept_head(client: Long, context: Long, head: Long, headLen: Long, body: Long, bodyLen: Long, receivedMs: Long, monoMs: Long, outcome: Long): Int
    @JvmStatic external fun oscar_client_accept_too_large(client: Long, context: Long, status: Short, outcome: Long): Int
    @JvmStatic external fun oscar_client_accept_none(client: Long, context: Long, outcome: Long): Int
    @JvmStatic external fun oscar_call_new(client: Long, request: Long, requestLen: Long, body: Long, bodyLen: Long, options: Int, call: Long): Int
    @JvmStatic external fun oscar_call_next(call: Long, nowMs: Long, monoMs: Long, step: Long): Int
    @JvmStatic external fun oscar_call_received(call: Long, head: Long, headLen: Long, body: Long, bodyLen: Long, receivedMs: Long, monoMs: Long): Int
    @JvmStatic external fun oscar_service_verify_packed(service: Long, request: Long, requestLen: Long, body: Long, bodyLen: Long, nowMs: Long, verdict: Long): Int
    @JvmStatic external fun oscar_service_verify_head(service: Long, head: Long, headLen: Long, body: Long, bodyLen: Long, nowMs: Long, verdict: Long): Int
    @JvmStatic external fun oscar_service_wants_body(service: Long, head: Long, headLen: Long): Int
    @JvmStatic external fun oscar_service_finish(context: Long, body: Long, bodyLen: Long, digest: Long, verdict: Long): Int
    @JvmStatic external fun oscar_service_too_large(context: Long, verdict: Long): Int
    @JvmStatic external fun oscar_service_answer_packed(service: Long, context: Long, answer: Long, answerLen: Long, body: Long, bodyLen: Long, nowMs: Long, headers: Long): Int
    @JvmStatic external fun oscar_service_answer_head(service: Long, context: Long, head: Long, headLen: Long, body: Long, bodyLen: Long, nowMs: Long, headers: Long): Int
}
