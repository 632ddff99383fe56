import COscartoki
import Foundation
internal import OscartokiNative

/// A message that was signed: ``toki`` is its header, ``acceptReply(_:_:ext:)`` judges its one RPC reply.
public final class SignedMessage: Sendable {
    private let native: OscartokiNative.SignedMessage

    init(native: OscartokiNative.SignedMessage) { self.native = native }

    /// The header oscartoki.
    public var toki: String { native.toki() }

    /// Accepts the reply, once; the consumer's time in milliseconds.
    @discardableResult public func acceptReply(_ toki: String?, _ body: Data = Data(), ext: Data = Data()) throws -> Int64 {
        try speaking { try native.acceptReply(toki: toki, ext: ext, content: body) }
    }
}

/// A message that was verified.
public final class VerifiedMessage: @unchecked Sendable {
    /// Whether it was seen before.
    public enum Freshness: String, Sendable {
        /// No consumer that shares the memory has seen it.
        case fresh
        /// One has: it was delivered again, or replayed.
        case duplicate
        /// Nobody remembers.
        case unchecked
    }

    // Written by the call that makes it, then only read.
    var raw = oscar_verified_message()

    deinit { oscar_message_free(raw.context) }

    /// The key id of the sender, 8 bytes.
    public var kid: Data { bytes(raw.kid) }
    /// When it was minted.
    public var tsMs: Int64 { raw.ts_ms }
    /// Its life in seconds.
    public var ttlS: Int64 { raw.ttl_s }
    /// The nonce, 8 bytes.
    public var nonce: Data { bytes(raw.nonce) }
    /// Whether it was seen before.
    public var freshness: Freshness {
        raw.freshness == UInt32(OSCAR_MESSAGE_FRESH) ? .fresh : raw.freshness == UInt32(OSCAR_MESSAGE_DUPLICATE) ? .duplicate : .unchecked
    }

    /// The toki of the RPC reply.
    public func reply(_ body: Data = Data(), ext: Data = Data(), nowMs: Int64? = nil) throws -> String {
        try written(Int(OSCAR_TOKI_MAX_LEN)) { out, room in
            withBytes(ext) { ext, extCount in
                withBytes(body) { oscar_message_reply(raw.context, ext, extCount, $0, $1, wall(nowMs), out, room) }
            }
        }
    }
}

/// A presigned URL that was verified.
public struct VerifiedUrl: Sendable, Equatable {
    /// The key id of the signer, 8 bytes.
    public let kid: Data
    /// The last good millisecond.
    public let expMs: Int64
    /// What was signed, without the parameter.
    public let target: String
}

/// A websocket ticket that was verified, and is spent.
public struct VerifiedTicket: Sendable, Equatable {
    /// The key id of the client, 8 bytes.
    public let kid: Data
    /// The connection id.
    public let connection: Data
    /// When it was minted.
    public let tsMs: Int64
    /// Whether it was bound to the Origin.
    public let originBound: Bool
}
