import COscartoki
import Foundation

/// One signed request, or the probe that must go before it (``isProbe``). Its answer is accepted once.
public final class SignedRequest: @unchecked Sendable {
    // Written by the call that makes it, then only read: nothing to check at each access.
    @exclusivity(unchecked) var raw = oscar_signed()
    @exclusivity(unchecked) var context: oscar_handle = 0

    deinit { oscar_sign_context_free(context) }

    /// The header oscartoki.
    public var toki: String { text(raw.toki) }

    /// The header oscartokikey, in a session.
    public var grant: String? { raw.grant.0 == 0 ? nil : text(raw.grant) }

    /// What to send: oscartoki and, in a session, oscartokikey.
    public var headers: [String: String] {
        var headers = ["oscartoki": toki]
        headers["oscartokikey"] = grant
        return headers
    }

    /// Whether this signs a probe: send HEAD with the same target and covered headers, without content; accept its answer; sign again.
    public var isProbe: Bool { raw.probe != 0 }

    /// Whether it is signed in a session.
    public var inSession: Bool { raw.grant.0 != 0 }
}

/// What became of a request, as far as the client can know.
public struct Outcome: Sendable {
    let raw: oscar_outcome

    /// Why the answer is refused; nil: it is accepted.
    public var error: OscarError? {
        raw.status == 0 ? nil : OscarError(status: raw.status, mayHaveRun: mayHaveRun, signed: signed, http: status)
    }

    /// The name of the error.
    public var name: OscarError.Name? { raw.status == 0 ? nil : OscarError.Name(raw.status) }

    /// The code of an authentic answer, 0 to 7.
    public var code: Int? { raw.code < 0 ? nil : Int(raw.code) }

    /// The HTTP status; of an answer that is not authentic it is hearsay.
    public var status: Int? { raw.http_status < 0 ? nil : Int(raw.http_status) }

    /// False only where it is certain that the request had no effect.
    public var mayHaveRun: Bool { raw.may_have_run != 0 }

    /// Whether the answer is authentic.
    public var signed: Bool { raw.authentic != 0 }

    /// Whether the request is to be signed and sent once more, with ``CallOptions/resend``.
    public var resend: Bool { raw.resend != 0 }

    /// How far the service's clock is ahead.
    public var offsetMs: Int64? { raw.has_offset != 0 ? raw.offset_ms : nil }

    /// The session id of an adopted grant.
    public var adoptedSid: Data? { raw.adopted != 0 ? bytes(raw.sid) : nil }

    /// ``OscarError/Name/badGrant`` when the answer's grant was dropped.
    public var grantError: OscarError.Name? { raw.grant_error == 0 ? nil : OscarError.Name(raw.grant_error) }

    /// Whether the content, or that there is none, is authentic.
    public var contentAuthentic: Bool { raw.content_authentic != 0 }

    /// Whether this is the outcome of a probe.
    public var isProbe: Bool { raw.probe != 0 }

    /// Throws ``error``, if there is one.
    public func throwForRefusal() throws { if let error { throw error } }
}

extension Outcome: CustomStringConvertible {
    /// Name, code, status and what may have run.
    public var description: String {
        "Outcome(\(name?.rawValue ?? "accepted"), code \(code ?? -1), status \(status ?? -1), may have run: \(mayHaveRun ? "yes" : "no"))"
    }
}

/// What the owner of a call does next.
public struct Step: Sendable {
    /// What it says.
    public enum Kind: Sendable {
        /// Send ``Step/method`` with ``Step/headers``, then say what came.
        case send
        /// The answer is authentic and accepted.
        case done
        /// Refused, or not authentic; nothing more is to be sent.
        case failed
    }

    /// What to do.
    public let kind: Kind
    /// To send: the method, HEAD for a probe.
    public let method: String
    /// To send: our headers, oscartoki, oscartokikey and content-digest, as far as they are needed.
    public let headers: [String: String]
    /// To send: whether it is a probe, which has no content and none of the headers that ``Client/dropsFromProbe(_:)`` names.
    public let isProbe: Bool
    /// At the end: what became of the request.
    public let outcome: Outcome
    /// How many requests went out, the probe included.
    public let requests: Int
    /// Whether a probe went out.
    public let probed: Bool
    /// Whether the request was resent.
    public let resent: Bool
    /// Whether the last request that went out was signed in a session.
    public let inSession: Bool

    init(_ raw: inout oscar_step) {
        kind = raw.kind == UInt32(OSCAR_STEP_SEND) ? .send : raw.kind == UInt32(OSCAR_STEP_DONE) ? .done : .failed
        method = text(raw.method)
        isProbe = raw.headers.probe != 0
        outcome = Outcome(raw: raw.outcome)
        requests = Int(raw.requests)
        probed = raw.probed != 0
        resent = raw.resent != 0
        inSession = raw.in_session != 0
        var headers: [String: String] = [:]
        if kind == .send {
            headers["oscartoki"] = text(raw.headers.toki)
            if raw.headers.grant.0 != 0 { headers["oscartokikey"] = text(raw.headers.grant) }
            if raw.content_digest.0 != 0 { headers["content-digest"] = text(raw.content_digest) }
        }
        self.headers = headers
    }
}

/// One request on its way, without a socket: probe, request, resend.
///
/// ```swift
/// var step = try call.next()
/// while step.kind == .send {
///     // … send it, then:
///     call.received(status, headers, body)
///     step = try call.next()
/// }
/// try step.outcome.throwForRefusal()
/// ```
public final class Call: Sendable {
    /// The client that signs.
    public let client: Client
    private let handle: oscar_handle

    init(
        _ client: Client, _ method: String, _ authority: String, _ target: String, _ ext: Data, _ body: Data?, _ digest: Data?,
        _ options: CallOptions
    ) throws {
        self.client = client
        var made: oscar_handle = 0
        let status = packRequest(method, authority, target, ext, digest) { request, count, failed in
            failed
                ? Status.unsignable
                : withBytes(body) {
                    oscar_call_new(client.handle, request, count, $0, $1, options.rawValue, &made)
                }
        }
        if status != 0 { throw OscarError.refused(status, mayHaveRun: false) }
        handle = made
    }

    deinit { oscar_call_free(handle) }

    /// The next step. Asked again before an answer was given, it is the same; after the end, the same end.
    public func next(nowMs: Int64? = nil, monoMs: Int64? = nil) throws -> Step {
        var raw = oscar_step()
        let status = oscar_call_next(handle, client.now(nowMs), mono(monoMs), &raw)
        if status != 0 { throw OscarError.refused(status) }
        return Step(&raw)
    }

    /// The answer came; the clocks are those when its head did. `body` is the content after removing content-coding.
    public func received(_ status: Int, _ headers: [Header], _ body: Data?, receivedMs: Int64? = nil, monoMs: Int64? = nil) {
        packHead(status, headers) { head, count, _ in
            // What does not fit is sent empty: the answer is then malformed.
            withBytes(body) { _ = oscar_call_received(handle, head, count, $0, $1, client.now(receivedMs), mono(monoMs)) }
        }
    }

    /// An answer came whose content is over ``Client/maxAnswer``.
    public func tooLarge(_ status: Int) { oscar_call_too_large(handle, UInt16(truncatingIfNeeded: status)) }

    /// No answer came: a network failure.
    public func failed() { oscar_call_failed(handle) }
}
