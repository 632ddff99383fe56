package com.oscartoki.internal

import com.sun.jna.Native

/** The hot calls of the C door, on a machine of either width. Addresses are those of a [Scratch]; 0 is null. */
internal object Door {
    private val WIDE = Native.POINTER_SIZE == 8

    fun sign(client: Long, s: Scratch, options: Int, nowMs: Long, monoMs: Long): Int =
        if (WIDE) Wide.oscar_client_sign_packed(client, s.packed, s.packedLen, s.body, s.bodyLen, options, nowMs, monoMs, s.out, s.handle)
        else Narrow.oscar_client_sign_packed(client, s.packed.toInt(), s.packedLen.toInt(), s.body.toInt(), s.bodyLen.toInt(), options, nowMs, monoMs, s.out.toInt(), s.handle.toInt())

    fun accept(client: Long, context: Long, s: Scratch, receivedMs: Long, monoMs: Long): Int =
        if (WIDE) Wide.oscar_client_accept_packed(client, context, s.packed, s.packedLen, s.body, s.bodyLen, receivedMs, monoMs, s.out)
        else Narrow.oscar_client_accept_packed(client, context, s.packed.toInt(), s.packedLen.toInt(), s.body.toInt(), s.bodyLen.toInt(), receivedMs, monoMs, s.out.toInt())

    fun acceptHead(client: Long, context: Long, s: Scratch, receivedMs: Long, monoMs: Long): Int =
        if (WIDE) Wide.oscar_client_accept_head(client, context, s.packed, s.packedLen, s.body, s.bodyLen, receivedMs, monoMs, s.out)
        else Narrow.oscar_client_accept_head(client, context, s.packed.toInt(), s.packedLen.toInt(), s.body.toInt(), s.bodyLen.toInt(), receivedMs, monoMs, s.out.toInt())

    fun acceptTooLarge(client: Long, context: Long, status: Int, s: Scratch): Int =
        if (WIDE) Wide.oscar_client_accept_too_large(client, context, status.toShort(), s.out)
        else Narrow.oscar_client_accept_too_large(client, context, status.toShort(), s.out.toInt())

    fun acceptNone(client: Long, context: Long, s: Scratch): Int =
        if (WIDE) Wide.oscar_client_accept_none(client, context, s.out)
        else Narrow.oscar_client_accept_none(client, context, s.out.toInt())

    fun callNew(client: Long, s: Scratch, options: Int): Int =
        if (WIDE) Wide.oscar_call_new(client, s.packed, s.packedLen, s.body, s.bodyLen, options, s.handle)
        else Narrow.oscar_call_new(client, s.packed.toInt(), s.packedLen.toInt(), s.body.toInt(), s.bodyLen.toInt(), options, s.handle.toInt())

    fun callNext(call: Long, nowMs: Long, monoMs: Long, s: Scratch): Int =
        if (WIDE) Wide.oscar_call_next(call, nowMs, monoMs, s.out)
        else Narrow.oscar_call_next(call, nowMs, monoMs, s.out.toInt())

    fun callReceived(call: Long, s: Scratch, receivedMs: Long, monoMs: Long): Int =
        if (WIDE) Wide.oscar_call_received(call, s.packed, s.packedLen, s.body, s.bodyLen, receivedMs, monoMs)
        else Narrow.oscar_call_received(call, s.packed.toInt(), s.packedLen.toInt(), s.body.toInt(), s.bodyLen.toInt(), receivedMs, monoMs)

    fun verify(service: Long, s: Scratch, nowMs: Long): Int =
        if (WIDE) Wide.oscar_service_verify_packed(service, s.packed, s.packedLen, s.body, s.bodyLen, nowMs, s.out)
        else Narrow.oscar_service_verify_packed(service, s.packed.toInt(), s.packedLen.toInt(), s.body.toInt(), s.bodyLen.toInt(), nowMs, s.out.toInt())

    fun verifyHead(service: Long, s: Scratch, nowMs: Long): Int =
        if (WIDE) Wide.oscar_service_verify_head(service, s.packed, s.packedLen, s.body, s.bodyLen, nowMs, s.out)
        else Narrow.oscar_service_verify_head(service, s.packed.toInt(), s.packedLen.toInt(), s.body.toInt(), s.bodyLen.toInt(), nowMs, s.out.toInt())

    fun wantsBody(service: Long, s: Scratch): Boolean =
        1 == if (WIDE) Wide.oscar_service_wants_body(service, s.packed, s.packedLen)
        else Narrow.oscar_service_wants_body(service, s.packed.toInt(), s.packedLen.toInt())

    /** The digest, where there is one, is what was packed. */
    fun finish(context: Long, s: Scratch, digest: Boolean): Int {
        val at = if (digest) s.packed else 0
        return if (WIDE) Wide.oscar_service_finish(context, s.body, s.bodyLen, at, s.out)
        else Narrow.oscar_service_finish(context, s.body.toInt(), s.bodyLen.toInt(), at.toInt(), s.out.toInt())
    }

    fun tooLarge(context: Long, s: Scratch): Int =
        if (WIDE) Wide.oscar_service_too_large(context, s.out) else Narrow.oscar_service_too_large(context, s.out.toInt())

    fun answer(service: Long, context: Long, s: Scratch, nowMs: Long): Int =
        if (WIDE) Wide.oscar_service_answer_packed(service, context, s.packed, s.packedLen, s.body, s.bodyLen, nowMs, s.out)
        else Narrow.oscar_service_answer_packed(service, context, s.packed.toInt(), s.packedLen.toInt(), s.body.toInt(), s.bodyLen.toInt(), nowMs, s.out.toInt())

    fun answerHead(service: Long, context: Long, s: Scratch, nowMs: Long): Int =
        if (WIDE) Wide.oscar_service_answer_head(service, context, s.packed, s.packedLen, s.body, s.bodyLen, nowMs, s.out)
        else Narrow.oscar_service_answer_head(service, context, s.packed.toInt(), s.packedLen.toInt(), s.body.toInt(), s.bodyLen.toInt(), nowMs, s.out.toInt())
}
