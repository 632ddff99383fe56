package com.oscartoki.internal

import com.oscartoki.OscarError
import okhttp3.MediaType
import okhttp3.RequestBody
import okhttp3.RequestBody.Companion.toRequestBody
import okio.Buffer
import okio.BufferedSink
import okio.HashingSink
import okio.blackholeSink
import okio.buffer
import okio.sink
import okio.source
import java.io.File

/** A request's content as it is signed, and the body that sends it, as often as the protocol wants. */
internal class OkHttpContent private constructor(val bytes: ByteArray?, val digest: ByteArray?, val body: RequestBody?, private val file: File? = null) : AutoCloseable {
    override fun close() {
        file?.delete()
    }

    companion object {
        // What is kept in memory; longer content is read twice, one-shot content from a file.
        private const val KEPT = 1L shl 20

        fun of(body: RequestBody?): OkHttpContent {
            if (body == null) return OkHttpContent(null, null, null)
            if (body.isDuplex()) {
                throw OscarError.named("unsignable", OscarError.Said("a duplex body has no end that could be signed before it is sent", mayHaveRun = false))
            }
            val size = body.contentLength()
            return when {
                size in 0..KEPT -> kept(Buffer().also(body::writeTo), body.contentType())
                body.isOneShot() -> spooled(body)
                else -> digested(body)
            }
        }

        private fun kept(content: Buffer, type: MediaType?): OkHttpContent {
            val bytes = content.readByteArray()
            return OkHttpContent(bytes, null, bytes.toRequestBody(type))
        }

        private fun digested(body: RequestBody): OkHttpContent {
            val hashing = HashingSink.sha256(blackholeSink())
            val counting = Counting(hashing)
            counting.buffer().use(body::writeTo)
            return if (counting.written == 0L) OkHttpContent(null, null, body) else OkHttpContent(null, hashing.hash.toByteArray(), body)
        }

        private fun spooled(body: RequestBody): OkHttpContent {
            val file = File.createTempFile("oscartoki", null)
            try {
                val hashing = HashingSink.sha256(file.sink())
                hashing.buffer().use(body::writeTo)
                val type = body.contentType()
                if (file.length() <= KEPT) return file.source().use { source -> kept(Buffer().apply { writeAll(source) }, type) }.also { file.delete() }
                return OkHttpContent(null, hashing.hash.toByteArray(), Spooled(file, type), file)
            } catch (failure: Throwable) {
                file.delete()
                throw failure
            }
        }
    }

    private class Spooled(private val file: File, private val type: MediaType?) : RequestBody() {
        override fun contentType() = type

        override fun contentLength() = file.length()

        override fun writeTo(sink: BufferedSink) {
            file.source().use(sink::writeAll)
        }
    }

    private class Counting(to: okio.Sink) : okio.ForwardingSink(to) {
        var written = 0L
            private set

        override fun write(source: Buffer, byteCount: Long) {
            written += byteCount
            super.write(source, byteCount)
        }
    }
}
