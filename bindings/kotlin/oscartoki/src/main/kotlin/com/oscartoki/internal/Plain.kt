package com.oscartoki.internal

/** Calls of the C door that take nothing but handles and numbers: the same on every machine. */
internal object Plain {
    init {
        Library.register(Plain::class.java)
    }

    @JvmStatic external fun oscar_client_free(handle: Long): Int
    @JvmStatic external fun oscar_sign_context_free(handle: Long): Int
    @JvmStatic external fun oscar_call_free(handle: Long): Int
    @JvmStatic external fun oscar_call_failed(call: Long): Int
    @JvmStatic external fun oscar_call_too_large(call: Long, status: Short): Int
    @JvmStatic external fun oscar_service_free(handle: Long): Int
    @JvmStatic external fun oscar_verdict_free(handle: Long): Int
    @JvmStatic external fun oscar_message_free(handle: Long): Int
    @JvmStatic external fun oscar_message_memory_free(handle: Long): Int
    @JvmStatic external fun oscar_ring_files_refresh(handle: Long): Int
    @JvmStatic external fun oscar_ring_files_free(handle: Long): Int
    @JvmStatic external fun oscar_error_name(status: Int): String?
    @JvmStatic external fun oscar_status_message(status: Int): String
    @JvmStatic external fun oscar_last_detail(): String
}
