package com.oscartoki.internal

/** The hot calls of the C door where an address has 32 bits (two of the four ABIs of Android). See include/oscartoki.h; an address and a size are an Int each. */
internal object Narrow {
    init {
        Library.register(Narrow::class.java)
    }

    @JvmStatic external fun oscar_client_sign_packed(client: Long, request: Int, requestLen: Int, body: Int, bodyLen: Int, options: Int, nowMs: Long, monoMs: Long, headers: Int, context: Int): Int
    @JvmStatic external fun oscar_client_accept_packed(client: Long, context: Long, answer: Int, answerLen: Int, body: Int, bodyLen: Int, receivedMs: Long, monoMs: Long, outcome: Int): Int
    @JvmStatic external fun oscar_client_accept_head(client: Long, context: Long, head: Int, headLen: Int, body: Int, bodyLen: Int, receivedMs: Long, monoMs: Long, outcome: Int): Int
    @JvmStatic external fun oscar_client_accept_too_large(client: Long, context: Long, status: Short, outcome: Int): Int
    @JvmStatic external fun oscar_client_accept_none(client: Long, context: Long, outcome: Int): Int
    @JvmStatic external fun oscar_call_new(client: Long, request: Int, requestLen: Int, body: Int, bodyLen: Int, options: Int, call: Int): Int
    @JvmStatic external fun oscar_call_next(call: Long, nowMs: Long, monoMs: Long, step: Int): Int
    @JvmStatic external fun oscar_call_received(call: Long, head: Int, headLen: Int, body: Int, bodyLen: Int, receivedMs: Long, monoMs: Long): Int
    @JvmStatic external fun oscar_service_verify_packed(service: Long, request: Int, requestLen: Int, body: Int, bodyLen: Int, nowMs: Long, verdict: Int): Int
    @JvmStatic external fun oscar_service_verify_head(service: Long, head: Int, headLen: Int, body: Int, bodyLen: Int, nowMs: Long, verdict: Int): Int
    @JvmStatic external fun oscar_service_wants_body(service: Long, head: Int, headLen: Int): Int
    @JvmStatic external fun oscar_service_finish(context: Long, body: Int, bodyLen: Int, digest: Int, verdict: Int): Int
    @JvmStatic external fun oscar_service_too_large(context: Long, verdict: Int): Int
    @JvmStatic external fun oscar_service_answer_packed(service: Long, context: Long, answer: Int, answerLen: Int, body: Int, bodyLen: Int, nowMs: Long, headers: Int): Int
    @JvmStatic external fun oscar_service_answer_head(service: Long, context: Long, head: Int, headLen: Int, body: Int, bodyLen: Int, nowMs: Long, headers: Int): Int
}
