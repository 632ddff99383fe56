import COscartoki
import Foundation
internal import OscartokiNative

/// One service: its names, its keys, its replay memory. Thread-safe; the processes of one machine share a mapped memory.
///
/// ```swift
/// let service = try Service(keys: [key], authorities: ["api.example.com"])
/// switch service.verifyHead(method, target, headers, body) { … }
/// ```
public final class Service: Sendable {
    /// The ring of its keys.
    public let keyring: Keyring
    /// What remembers the tokis that were accepted.
    public let memory: ReplayLog
    /// The longest body of a request, in bytes.
    public let maxBody: Int64
    /// The longest answer that is buffered and covered, in bytes.
    public let maxAnswer: Int64

    private let native: OscartokiNative.Service
    private let handle: oscar_handle
    private let files: RingFiles?
    private let filesHandle: oscar_handle
    private let onFileFault: @Sendable (OscarError) -> Void

    /// A service with its keys.
    ///
    /// - Parameters:
    ///   - keys: `oa2.` texts, or other lines of a key file.
    ///   - authorities: the names that a request may be sent to.
    ///   - audience: whose keys these are; without one, the first name.
    ///   - keyring: a ring of the application's own, in place of `audience`.
    ///   - keysFile: key files, read again within two seconds of a change.
    ///   - revocationsFile: a file of revocations, likewise; it may be absent at first.
    ///   - memory: without one, a mapped file of this user at ``MappedReplayLog/defaultPath(audience:kids:)``, which all processes share.
    ///   - firstStart: no earlier process accepted these keys: the service is ready at once. For tests and snippets.
    ///   - fixedAuthority: the one name that stands for Host, which is then ignored.
    ///   - windowMs: how old a request may be, 1,000 to 30,000; equal on all nodes.
    ///   - maxTtlS: the longest life that a grant may have.
    ///   - grantTtlS: the life of the grants that are made here.
    ///   - ext: the covered headers of requests, in the clients' order.
    ///   - answerExt: the covered headers of answers, in the clients' order.
    ///   - maxBody: the longest body of a request.
    ///   - maxAnswer: the longest answer that is buffered and covered.
    ///   - emptyQueryHidden: the server hides an empty `?` of the target; a service that reads its own sockets says false.
    ///   - onFileFault: told of a file that is wrong or gone, once; what was good stays in force. By default it is written to stderr.
    ///   - nowMs: when the service starts.
    public init(
        keys: [String] = [], authorities: [String] = [], audience: String? = nil, keyring: Keyring? = nil, keysFile: [String] = [],
        revocationsFile: String? = nil, memory: ReplayLog? = nil, firstStart: Bool = false, fixedAuthority: String? = nil,
        windowMs: Int64 = 30_000, maxTtlS: Int64 = 600, grantTtlS: Int64 = 600, ext: [String] = [], answerExt: [String] = [],
        maxBody: Int64 = 1 << 20, maxAnswer: Int64 = 1 << 20, emptyQueryHidden: Bool = false,
        onFileFault: @escaping @Sendable (OscarError) -> Void = complain, nowMs: Int64? = nil
    ) throws {
        try Door.checked.get()
        let ring = try keyring ?? Keyring(audience: audience ?? normaliseAuthority(authorities.first ?? fixedAuthority ?? ""))
        self.keyring = ring
        if keysFile.isEmpty { for key in keys { try ring.add(key) } }
        files =
            keysFile.isEmpty && revocationsFile == nil
            ? nil
            : try speaking {
                try RingFiles.open(
                    ring: ring.native, keyFiles: keysFile, fixed: keysFile.isEmpty ? "" : keys.joined(separator: "\n"), revocations: revocationsFile)
            }
        filesHandle = files.map { cRefRingFiles(files: $0) } ?? 0
        let log = try memory ?? MappedReplayLog(MappedReplayLog.defaultPath(audience: ring.audience, kids: ring.kids))
        self.memory = log
        self.maxBody = maxBody
        self.maxAnswer = maxAnswer
        self.onFileFault = onFileFault
        let config = ServiceConfig(
            authorities: authorities, fixedAuthority: fixedAuthority, windowMs: windowMs, maxTtlS: maxTtlS, grantTtlS: grantTtlS, ext: ext,
            answerExt: answerExt, firstStart: firstStart, maxBody: maxBody, maxAnswer: maxAnswer, emptyQueryHidden: emptyQueryHidden)
        native = try speaking {
            try OscartokiNative.Service.withMemory(config: config, keyring: ring.native, memory: log.native, nowMs: wall(nowMs))
        }
        handle = cRefService(service: native)
    }

    deinit {
        oscar_service_free(handle)
        oscar_ring_files_free(filesHandle)
    }

    // ---- the primitives ----

    /// Judges one request by its fields. A `digest` stands for Content-Digest and makes the verdict pending.
    public func verify(
        _ method: String, _ authority: String, _ target: String, toki: String?, grant: String? = nil, body: Data? = nil, ext: Data? = nil,
        digest: Data? = nil, nowMs: Int64? = nil
    ) -> Verdict {
        refresh()
        let judged = Judged()
        let texts = method.utf8.count + authority.utf8.count + target.utf8.count + (toki?.utf8.count ?? 0) + (grant?.utf8.count ?? 0)
        packed(texts + (ext?.count ?? 0) + (digest?.count ?? 0), fields: 7) {
            $0.field(method)
            $0.field(authority)
            $0.field(target)
            $0.field(ext)
            $0.field(digest)
            $0.proofs(toki, grant)
        } _: { request, count, failed in
            withBytes(body) {
                _ = oscar_service_verify_packed(handle, request, count, $0, $1, wall(nowMs), &judged.raw)
            }
            if failed { judged.malformed() }
        }
        return Verdict(judged)
    }

    /// Judges one request by its raw head: what a server calls. `target` is what stands on the wire; `authority` is HTTP/2's, where there is one;
    /// Host is among the headers. `body` is what has arrived: ``wantsBody(_:_:_:authority:)`` says whether it must have.
    public func verifyHead(
        _ method: String, _ target: String, _ headers: [Header], _ body: Data? = nil, authority: String? = nil, nowMs: Int64? = nil
    ) -> Verdict {
        refresh()
        let judged = Judged()
        packHead(method, target, headers, authority) { head, count, failed in
            withBytes(body) {
                _ = oscar_service_verify_head(handle, head, count, $0, $1, wall(nowMs), &judged.raw)
            }
            if failed { judged.malformed() }
        }
        return Verdict(judged)
    }

    /// Whether the body is to be read, at most ``maxBody`` bytes and one more, before ``verifyHead(_:_:_:_:authority:nowMs:)``.
    public func wantsBody(_ method: String, _ target: String, _ headers: [Header], authority: String? = nil) -> Bool {
        packHead(method, target, headers, authority) { head, count, failed in
            !failed && oscar_service_wants_body(handle, head, count) != 0
        }
    }

    /// Mints the headers of the answer, once; the second time is `replayed`. No body and no digest: there is no content, or it is a stream,
    /// which is not covered.
    public func answer(
        _ verdict: some Answerable, _ status: Int, _ body: Data? = nil, ext: Data? = nil, digest: Data? = nil, nowMs: Int64? = nil
    ) throws -> SignedAnswer {
        try packed((ext?.count ?? 0) + (digest?.count ?? 0), fields: 3) {
            $0.be16(status)
            $0.field(ext)
            $0.field(digest)
        } _: { answer, count, failed in
            try minted(failed) { raw in
                withBytes(body) {
                    oscar_service_answer_packed(handle, verdict.context, answer, count, $0, $1, wall(nowMs), &raw)
                }
            }
        }
    }

    /// ``answer(_:_:_:ext:digest:nowMs:)`` from the answer's head, whose configured headers are covered.
    public func answerHead(
        _ verdict: some Answerable, _ status: Int, _ headers: [Header], _ body: Data? = nil, nowMs: Int64? = nil
    ) throws -> SignedAnswer {
        try Oscartoki.packHead(status, headers) { head, count, failed in
            try minted(failed) { raw in
                withBytes(body) {
                    oscar_service_answer_head(handle, verdict.context, head, count, $0, $1, wall(nowMs), &raw)
                }
            }
        }
    }

    private func minted(_ failed: Bool, _ call: (inout oscar_answered) -> Int32) throws -> SignedAnswer {
        var raw = oscar_answered()
        if failed { throw OscarError(.unsignable, "a header or a status fits no field") }
        let status = call(&raw)
        if status != 0 { throw OscarError.refused(status) }
        return SignedAnswer(toki: text(raw.toki), grant: raw.grant.0 == 0 ? nil : text(raw.grant))
    }

    // ---- what travels elsewhere ----

    /// Verifies a message of a queue; `digest` stands for the body. `memory`: what all consumers of the queue share.
    public func verifyMessage(
        _ destination: String, _ type: String, _ body: Data, toki: String?, ext: Data? = nil, digest: Data? = nil,
        memory: MessageMemory? = nil, maxTtlS: Int64 = 86_400, nowMs: Int64? = nil
    ) throws -> VerifiedMessage {
        refresh()
        let message = VerifiedMessage()
        let texts = destination.utf8.count + type.utf8.count + (toki?.utf8.count ?? 0)
        let status = packed(texts + (ext?.count ?? 0) + (digest?.count ?? 0), fields: 5) {
            $0.field(destination)
            $0.field(type)
            $0.field(ext)
            $0.field(digest)
            $0.proofs(toki, nil)
        } _: { fields, count, failed in
            failed
                ? Status.malformed
                : withBytes(body) {
                    oscar_service_verify_message(handle, fields, count, $0, $1, memory?.handle ?? 0, maxTtlS, wall(nowMs), &message.raw)
                }
        }
        if status != 0 { throw OscarError.refused(status) }
        return message
    }

    /// Verifies a presigned target, given with its parameter. `hasToki`: the request has a header oscartoki too, which is malformed.
    public func verifyUrl(
        _ method: String, _ authority: String, _ target: String, ext: Data = Data(), hasToki: Bool = false, nowMs: Int64? = nil
    ) throws -> VerifiedUrl {
        refresh()
        let made = try speaking {
            try native.verifyUrl(verb: method, authority: authority, target: target, ext: ext, hasToki: hasToki, nowMs: wall(nowMs))
        }
        return VerifiedUrl(kid: made.kid, expMs: made.expMs, target: made.target)
    }

    /// Verifies a websocket ticket and spends it. `origin` is the header Origin; `requireOrigin` demands that one is bound.
    public func verifyTicket(
        _ ticket: String?, origin: String? = nil, requireOrigin: Bool = false, nowMs: Int64? = nil
    ) throws -> VerifiedTicket {
        refresh()
        let made = try speaking {
            try native.verifyTicket(ticket: ticket, origin: origin, requireOrigin: requireOrigin, nowMs: wall(nowMs))
        }
        return VerifiedTicket(kid: made.kid, connection: made.connection, tsMs: made.tsMs, originBound: made.originBound)
    }

    // ---- revoking ----

    /// Revokes a kid: in this process at once and, through the revocations file, in every other within two seconds.
    public func revokeKey(_ kid: Data) throws { try file(keyring.revokeKey(kid)) }

    /// Revokes one session of a kid.
    public func revokeSession(_ kid: Data, _ sid: Data) throws { try file(keyring.revokeSession(kid, sid)) }

    /// Revokes the sessions of a kid that were issued before a second of the epoch.
    public func revokeIssuedBefore(_ kid: Data, beforeS: Int64) throws { try file(keyring.revokeIssuedBefore(kid, beforeS: beforeS)) }

    private func file(_ line: String) throws { if let files { try speaking { try files.append(line: line) } } }

    // ---- its state ----

    /// When it is ready; before that, everything is refused as stale.
    public var readyAtMs: Int64 { native.readyAt() }

    /// At and below this time nothing is accepted.
    public var floorMs: Int64 { native.floorMs() }

    /// What happened so far: `accepted`, `unremembered`, `v1_accepted`, and refusals by name as `refused_…`.
    public func counters() -> [String: Int64] {
        let made = native.counters()
        var named = ["accepted": made.accepted, "unremembered": made.unremembered, "v1_accepted": made.v1Accepted]
        for (name, count) in made.refused { named["refused_\(name)"] = count }
        return named
    }

    /// Takes over what changed in the files: a look at the clock, and twice a second at them.
    @inline(__always) private func refresh() {
        guard filesHandle != 0 else { return }
        let status = oscar_ring_files_refresh(filesHandle)
        if status != 0 { onFileFault(OscarError.refused(status)) }
    }

    /// Writes the fault of a file to stderr.
    public static let complain: @Sendable (OscarError) -> Void = { fault in
        try? FileHandle.standardError.write(contentsOf: Data("oscartoki: \(fault)\n".utf8))
    }
}

extension Service: CustomStringConvertible {
    /// The audience and how many keys, never one of them.
    public var description: String { "Service(\(keyring.audience), \(keyring.kids.count) keys)" }
}

/// The headers of an answer.
public struct SignedAnswer: Sendable, Equatable {
    /// The header oscartoki.
    public let toki: String
    /// The header oscartokikey; nil: not sent.
    public let grant: String?

    /// What to send.
    public var headers: [Header] { [("oscartoki", toki)] + (grant.map { [("oscartokikey", $0)] } ?? []) }
}

extension Answerable {
    fileprivate var context: oscar_handle { answerContext.judged.raw.context }
}

extension Judged {
    /// A field that does not fit was sent empty; the request is malformed.
    fileprivate func malformed() {
        guard raw.status == Status.badPacked else { return }
        raw.status = Status.malformed
        raw.http_status = 400
    }
}

/// lp(method) lp(:authority) lp(target), then the headers.
@inline(__always) private func packHead<R>(
    _ method: String, _ target: String, _ headers: [Header], _ authority: String?, _ call: (UnsafePointer<UInt8>?, Int, Bool) throws -> R
) rethrows -> R {
    try packed(
        method.utf8.count + target.utf8.count + (authority?.utf8.count ?? 0) + room(headers), fields: 3,
        {
            $0.field(method)
            $0.field(authority ?? "")
            $0.field(target)
            $0.headers(headers)
        }, call)
}
