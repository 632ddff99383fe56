import COscartoki
import Foundation

/// What a service says to a request.
public enum Verdict: Sendable {
    /// Authentic, fresh and allowed: it may run.
    case accepted(VerifiedRequest)
    /// As good, but for its content, which Content-Digest named: read it, then ``PendingBody/finish(_:)``.
    case pending(PendingBody)
    /// It must not run.
    case refused(Refusal)
    /// The first step of OscarToki v1: nothing runs, ``Handshake/reply()`` is its answer.
    case handshake(Handshake)

    /// Why it is refused.
    public var error: OscarError? {
        if case .refused(let refusal) = self { return refusal.error }
        return nil
    }

    /// Throws ``error``, if there is one.
    public func throwForRefusal() throws {
        if case .refused(let refusal) = self { throw refusal.error }
    }

    @inline(__always) init(_ judged: Judged) {
        switch judged.raw.status {
        case 0: self = .accepted(VerifiedRequest(judged: judged))
        case Status.pending: self = .pending(PendingBody(judged: judged))
        case Status.handshake: self = .handshake(Handshake(judged: judged))
        default: self = .refused(Refusal(judged: judged))
        }
    }
}

/// What an answer is minted for: a request that was verified, or refused after its MAC was good.
public protocol Answerable: Sendable {
    /// Used up by the first answer; a second one is `replayed`.
    var answerContext: AnswerContext { get }
}

/// What an answer is minted with.
public struct AnswerContext: Sendable {
    let judged: Judged
}

/// Authentic, fresh and allowed: it may run.
public struct VerifiedRequest: Answerable {
    let judged: Judged

    /// The key id of the client, 8 bytes.
    public var kid: Data { bytes(judged.raw.kid) }
    /// The session id, in a session.
    public var sid: Data? { judged.raw.in_session != 0 ? bytes(judged.raw.sid) : nil }
    /// The name that it was sent to, normalised.
    public var authority: String { text(judged.raw.authority) }
    /// When it was signed, by the client's corrected clock.
    public var tsMs: Int64 { judged.raw.ts_ms }
    /// The nonce, 8 bytes.
    public var nonce: Data { bytes(judged.raw.nonce) }
    /// Whether it asks for a grant.
    public var want: Bool { judged.raw.want != 0 }
    /// 2, or 1 for OscarToki v1.
    public var version: Int { Int(judged.raw.version) }
    /// What its answer is minted with.
    public var answerContext: AnswerContext { AnswerContext(judged: judged) }
}

/// As good as verified, but for its content, which Content-Digest named.
public struct PendingBody: Sendable {
    let judged: Judged

    /// Compares all that arrived with what was signed. Once; a second time it is `replayed`.
    public func finish(_ body: Data?) -> Verdict {
        let next = Judged()
        withBytes(body) { _ = oscar_service_finish(judged.raw.context, $0, $1, nil, &next.raw) }
        return Verdict(next)
    }

    /// The same by the SHA-256 of what arrived, 32 bytes.
    public func finish(digest: Data) throws -> Verdict {
        let digest = try exactly(32, digest, "a digest")
        let next = Judged()
        withBytes(digest) { digest, _ in _ = oscar_service_finish(judged.raw.context, nil, 0, digest, &next.raw) }
        return Verdict(next)
    }

    /// The body is over the limit.
    public func tooLarge() -> Refusal {
        let next = Judged()
        oscar_service_too_large(judged.raw.context, &next.raw)
        return Refusal(judged: next)
    }
}

/// It must not run. Signed where its MAC was good, else it names itself in the header oscartoki-error.
public struct Refusal: Answerable {
    let judged: Judged

    /// Why.
    public var name: OscarError.Name { OscarError.Name(judged.raw.status) }
    /// Why, as an error.
    public var error: OscarError { OscarError(status: judged.raw.status, signed: signed, http: status) }
    /// The code of the answer's toki, 1 to 7, when it gets one.
    public var code: Int? { judged.raw.code < 0 ? nil : Int(judged.raw.code) }
    /// The HTTP status of the answer.
    public var status: Int { Int(judged.raw.http_status) }
    /// Whether the answer gets a toki.
    public var signed: Bool { judged.raw.code >= 0 }
    /// Whether the answer carries `WWW-Authenticate: oscartoki`.
    public var wwwAuthenticate: Bool { judged.raw.www_authenticate != 0 }
    /// 2, or 1 for OscarToki v1.
    public var version: Int { Int(judged.raw.version) }
    /// What its answer is minted with.
    public var answerContext: AnswerContext { AnswerContext(judged: judged) }
}

/// The first step of OscarToki v1: nothing runs.
public struct Handshake: Sendable {
    let judged: Judged

    /// Its answer, once: status 200, the header oscartoki and the JSON body.
    public func reply() throws -> (toki: String, body: String) {
        var toki = ""
        let body = try written(Int(OSCAR_HANDSHAKE_BODY_MAX_LEN)) { out, room in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(OSCAR_ANSWER_TOKI_MAX_LEN)) { header in
                let status = oscar_service_handshake(judged.raw.context, header.baseAddress, header.count, out, room)
                if status == 0, let base = header.baseAddress { toki = String(cString: base) }
                return status
            }
        }
        return (toki, body)
    }
}

extension VerifiedRequest: CustomStringConvertible {
    /// Kid, sid and authority.
    public var description: String { "VerifiedRequest(kid \(kid.hex)\(sid.map { ", sid \($0.hex)" } ?? ""), \(authority))" }
}

extension Refusal: CustomStringConvertible {
    /// Name and status.
    public var description: String { "Refusal(\(name), status \(status), \(signed ? "signed" : "unsigned"))" }
}

/// A verdict as the door fills it, and the context that it may hold, which is freed with it.
final class Judged: @unchecked Sendable {
    // Written by the call that makes it, then only read: nothing to check at each access.
    @exclusivity(unchecked) var raw = oscar_verdict()

    deinit { if raw.context != 0 { oscar_verdict_free(raw.context) } }
}
