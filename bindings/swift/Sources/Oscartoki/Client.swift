import COscartoki
import Foundation
internal import OscartokiNative

/// How a client behaves.
public struct ClientOptions: Sendable {
    /// When the next grant is asked for.
    public enum Roll: Sendable {
        /// Past half of a session's life.
        case auto
        /// On every request.
        case every
    }

    /// What a service's answers are.
    public enum Answers: Sendable {
        /// Signed; everything else is not authentic.
        case signed
        /// Not signed, because an edge only asks whether a request is good: nothing then counts as authentic.
        case none
    }

    /// The covered headers of requests, in the service's order.
    public var ext: [String]
    /// The covered headers of answers, in the service's order.
    public var answerExt: [String]
    /// When the next grant is asked for.
    public var roll: Roll
    /// The machine's clock is known to be right: unsafe requests need no probe.
    public var trustClock: Bool
    /// Whether the service signs its answers.
    public var answers: Answers
    /// An answer with more bytes of content is `policy`.
    public var maxAnswer: Int64
    /// The generation of the audience key.
    public var generation: Int64
    /// The kid that the application registered for this generation; nil for the derived one.
    public var kid: Data?
    /// Content-Digest goes with any content.
    public var sendContentDigest: Bool
    /// The wall clock in milliseconds since the epoch; nil: the system's. For tests, and devices that know better.
    public var clock: (@Sendable () -> Int64)?

    /// What is usual.
    public init(
        ext: [String] = [], answerExt: [String] = [], roll: Roll = .auto, trustClock: Bool = false, answers: Answers = .signed,
        maxAnswer: Int64 = 1 << 20, generation: Int64 = 0, kid: Data? = nil, sendContentDigest: Bool = true,
        clock: (@Sendable () -> Int64)? = nil
    ) {
        self.ext = ext
        self.answerExt = answerExt
        self.roll = roll
        self.trustClock = trustClock
        self.answers = answers
        self.maxAnswer = maxAnswer
        self.generation = generation
        self.kid = kid
        self.sendContentDigest = sendContentDigest
        self.clock = clock
    }

    fileprivate var native: ClientConfig {
        ClientConfig(
            ext: ext, answerExt: answerExt, roll: roll == .every ? .every : .auto, trustClock: trustClock, unsignedAnswers: answers == .none,
            maxAnswer: maxAnswer, generation: generation, kid: kid, sendContentDigest: sendContentDigest)
    }
}

/// How one request is treated.
public struct CallOptions: OptionSet, Sendable {
    /// The bits of the C door.
    public let rawValue: UInt32
    /// From the bits of the C door.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// May be resent although its method is unsafe: it has an `idempotency-key` among the covered headers.
    public static let repeatable = CallOptions(rawValue: UInt32(OSCAR_SIGN_REPEATABLE))
    /// The clock is known to be right: no probe.
    public static let trustClock = CallOptions(rawValue: UInt32(OSCAR_SIGN_TRUST_CLOCK))
    /// A probe goes first, whatever the clock says.
    public static let verifyFirst = CallOptions(rawValue: UInt32(OSCAR_SIGN_VERIFY_FIRST))
    /// This is the resend of a request: its answer never asks for another. ``Call`` says it itself.
    public static let resend = CallOptions(rawValue: UInt32(OSCAR_SIGN_RESEND))
    /// The caller takes an answer whose content is not covered, such as a stream.
    public static let stream = CallOptions(rawValue: UInt32(OSCAR_SIGN_STREAM))
}

/// The side that asks: it probes, keeps one clock and the newest grant for each audience, signs, and accepts each answer once. Thread-safe.
///
/// ```swift
/// let client = try Client(secret: secret, audience: "api.example.com")
/// let (data, response) = try await URLSession.shared.data(for: request, signedBy: client)
/// ```
public final class Client: Sendable {
    let native: OscartokiNative.Client
    let handle: oscar_handle
    let covers: Bool
    let sendsContentDigest: Bool
    private let clock: (@Sendable () -> Int64)?
    /// An answer with more bytes of content is `policy`.
    public let maxAnswer: Int64

    private init(_ options: ClientOptions, _ make: (ClientConfig) throws -> OscartokiNative.Client) throws {
        try Door.checked.get()
        native = try speaking { try make(options.native) }
        handle = cRefClient(client: native)
        covers = !options.ext.isEmpty
        sendsContentDigest = options.sendContentDigest
        clock = options.clock
        maxAnswer = options.maxAnswer
    }

    private init(_ client: Client, for audience: String) throws {
        native = try speaking { try client.native.forAudience(audience: audience) }
        handle = cRefClient(client: native)
        covers = client.covers
        sendsContentDigest = client.sendsContentDigest
        clock = client.clock
        maxAnswer = client.maxAnswer
    }

    deinit { oscar_client_free(handle) }

    /// A client of one audience; without one, each request's authority is its audience.
    public convenience init(secret: Secret, audience: String? = nil, options: ClientOptions = ClientOptions()) throws {
        try self.init(options) { config in
            guard let audience else { return try OscartokiNative.Client.byAuthority(secret: secret.native, config: config) }
            return try OscartokiNative.Client(secret: secret.native, audience: audience, config: config)
        }
    }

    /// The same from the secret's text, `os2.…`.
    public convenience init(secret: String, audience: String? = nil, options: ClientOptions = ClientOptions()) throws {
        try self.init(secret: Secret(secret), audience: audience, options: options)
    }

    /// A client that holds only one audience's key.
    public convenience init(audienceKey: AudienceKey, options: ClientOptions = ClientOptions()) throws {
        try self.init(options) { try OscartokiNative.Client.fromAudienceKey(key: audienceKey.native, config: $0) }
    }

    /// A delegate, which holds a handed-out session and no key.
    public convenience init(session: Session, options: ClientOptions = ClientOptions()) throws {
        try self.init(options) { try OscartokiNative.Client.fromSession(session: session.native, config: $0) }
    }

    /// The same client for one audience: configuration, clock and grants are shared with every handle on it.
    public func forAudience(_ audience: String) throws -> Client { try Client(self, for: audience) }

    /// The wall clock of this client.
    @inline(__always) func now(_ given: Int64?) -> Int64 { given ?? clock.map { $0() } ?? wall(nil) }

    // ---- the primitives ----

    /// Signs a request, or the probe that must go before it (``SignedRequest/isProbe``). Every error means that nothing was sent.
    public func sign(
        _ method: String, _ authority: String, _ target: String, _ body: Data? = nil, ext: Data? = nil, digest: Data? = nil,
        options: CallOptions = [], nowMs: Int64? = nil, monoMs: Int64? = nil
    ) throws -> SignedRequest {
        let signed = SignedRequest()
        let status = packRequest(method, authority, target, ext, digest) { request, count, failed in
            failed
                ? Status.unsignable
                : withBytes(body) { content, length in
                    oscar_client_sign_packed(
                        handle, request, count, content, length, options.rawValue, now(nowMs), mono(monoMs), &signed.raw, &signed.context)
                }
        }
        if status != 0 { throw OscarError.refused(status, mayHaveRun: false) }
        return signed
    }

    /// Judges the answer to a signed request, once; the next is `replayed` and changes nothing.
    public func accept(
        _ signed: SignedRequest, _ status: Int, _ body: Data? = nil, toki: String?, grant: String? = nil, ext: Data? = nil,
        digest: Data? = nil, receivedMs: Int64? = nil, monoMs: Int64? = nil
    ) -> Outcome {
        var raw = oscar_outcome()
        let proofs = (toki?.utf8.count ?? 0) + (grant?.utf8.count ?? 0)
        packed((ext?.count ?? 0) + (digest?.count ?? 0) + proofs, fields: 5) {
            $0.be16(status)
            $0.field(ext)
            $0.field(digest)
            $0.proofs(toki, grant)
        } _: { answer, count, failed in
            withBytes(body) { content, length in
                _ = oscar_client_accept_packed(
                    handle, signed.context, answer, count, content, length, now(receivedMs), mono(monoMs), &raw)
            }
            // What does not fit was sent empty: the context is used up all the same.
            if failed, raw.status == Status.badPacked { raw.status = Status.malformed }
        }
        return Outcome(raw: raw)
    }

    /// ``accept(_:_:_:toki:grant:ext:digest:receivedMs:monoMs:)`` from the head of an HTTP answer: finds toki and grant, and makes ext by the
    /// configured list.
    public func acceptHead(
        _ signed: SignedRequest, _ status: Int, _ headers: [Header], _ body: Data? = nil, receivedMs: Int64? = nil, monoMs: Int64? = nil
    ) -> Outcome {
        var raw = oscar_outcome()
        packHead(status, headers) { head, count, failed in
            withBytes(body) { content, length in
                _ = oscar_client_accept_head(handle, signed.context, head, count, content, length, now(receivedMs), mono(monoMs), &raw)
            }
            if failed, raw.status == Status.badPacked { raw.status = Status.malformed }
        }
        return Outcome(raw: raw)
    }

    /// No answer came (`status` nil), or one whose content is over ``maxAnswer``.
    public func giveUp(_ signed: SignedRequest, status: Int? = nil) -> Outcome {
        var raw = oscar_outcome()
        if let status {
            oscar_client_accept_too_large(handle, signed.context, UInt16(truncatingIfNeeded: status), &raw)
        } else {
            oscar_client_accept_none(handle, signed.context, &raw)
        }
        return Outcome(raw: raw)
    }

    /// The loop over ``sign(_:_:_:_:ext:digest:options:nowMs:monoMs:)`` and `accept` for one request; covered headers are taken from `headers`.
    /// `digest` stands for the body where that is not at hand.
    public func call(
        _ method: String, _ authority: String, _ target: String, _ body: Data? = nil, headers: [Header] = [], digest: Data? = nil,
        options: CallOptions = []
    ) throws -> Call {
        try Call(self, method, authority, target, requestExt(headers), body, digest, options)
    }

    /// Ext of a request's headers by the configured list.
    public func requestExt(_ headers: [Header]) throws -> Data {
        guard covers else { return Data() }
        return try packed(room(headers), fields: 0) {
            $0.headers(headers)
        } _: { fields, count, failed in
            if failed { throw OscarError(.unsignable, "a header is longer than 65,535 bytes", mayHaveRun: false) }
            let headers = fields.map { Data(bytes: $0, count: count) } ?? Data()
            return try speaking { try native.packRequestExt(headers: headers) }
        }
    }

    /// Whether a probe leaves the header of that name out.
    public func dropsFromProbe(_ name: String) -> Bool { withBytes(name) { oscar_client_drops_from_probe(handle, $0, $1) } != 0 }

    // ---- the rest ----

    /// The key id, 8 bytes.
    public var kid: Data { native.kid() }

    /// How far the service's clock is ahead, as far as answers have told.
    public var offsetMs: Int64? { native.offsetMs() }

    /// A session for one browser or worker, to be used by nobody else; ten minutes at most.
    public func handOut(_ ttlS: Int64 = 600, nowMs: Int64? = nil) throws -> Session {
        Session(native: try speaking { try native.handOut(ttlS: ttlS, nowMs: now(nowMs)) })
    }

    /// Clock and newest grant of every audience, for another process of the same client. It holds no key.
    public func exportState() -> String { native.exportState() }

    /// Takes over what ``exportState()`` wrote.
    public func importState(_ text: String) throws { try speaking { try native.importState(text: text) } }

    /// Signs a message for a queue; its ``SignedMessage/toki`` goes into the header oscartoki.
    public func mintMessage(
        _ destination: String, _ type: String, _ body: Data = Data(), ttlS: Int64 = 3600, ext: Data = Data(), nowMs: Int64? = nil
    ) throws -> SignedMessage {
        let message = Message(destination: destination, kind: type, ext: ext, content: body)
        return SignedMessage(native: try speaking { try native.mintMessage(envelope: message, ttlS: ttlS, nowMs: now(nowMs)) })
    }

    /// Presigns a target; returns it with its parameter. Good until `expMs`, or for `lifeS` from now; seven days at most.
    public func signUrl(
        _ authority: String, _ target: String, expMs: Int64? = nil, lifeS: Int64 = 3600, method: String = "GET", ext: Data = Data()
    ) throws -> String {
        let end = expMs ?? now(nil) &+ lifeS &* 1000
        return try speaking { try native.signUrl(verb: method, authority: authority, target: target, ext: ext, expMs: end) }
    }

    /// The ticket that opens one websocket for a connection id of 1 to 255 bytes, bound to the page's `origin` where one is given.
    public func mintTicket(_ connection: Data, origin: String? = nil, nowMs: Int64? = nil) throws -> String {
        try speaking { try native.mintTicket(connection: connection, origin: origin, nowMs: now(nowMs)) }
    }
}

extension Client: CustomStringConvertible {
    /// The kid, never the key.
    public var description: String { "Client(kid \(kid.hex))" }
}

/// lp(method) lp(authority) lp(target) lp(ext) lp(digest)
@inline(__always) func packRequest<R>(
    _ method: String, _ authority: String, _ target: String, _ ext: Data?, _ digest: Data?,
    _ call: (UnsafePointer<UInt8>?, Int, Bool) throws -> R
) rethrows -> R {
    let texts = method.utf8.count + authority.utf8.count + target.utf8.count
    return try packed(
        texts + (ext?.count ?? 0) + (digest?.count ?? 0), fields: 5,
        {
            $0.field(method)
            $0.field(authority)
            $0.field(target)
            $0.field(ext)
            $0.field(digest)
        }, call)
}

/// The status and the headers of an answer.
func packHead<R>(_ status: Int, _ headers: [Header], _ call: (UnsafePointer<UInt8>?, Int, Bool) throws -> R) rethrows -> R {
    try packed(
        room(headers), fields: 1,
        {
            $0.be16(status)
            $0.headers(headers)
        }, call)
}
