import Foundation

/// A whole answer, ready to be written.
public struct HTTPAnswer: Sendable {
    /// The status.
    public var status: Int
    /// The headers. Content-Length is the server's to add.
    public var headers: [Header]
    /// The content.
    public var body: Data

    /// An answer of an application.
    public init(_ status: Int, _ headers: [Header] = [], _ body: Data = Data()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

extension Service {
    /// One request through the service, for a server of any kind: verifies it, runs `app` if it may run, and gives the answer that is to be written.
    ///
    /// `target` is what stands on the wire. `read` gives the body, at most so many bytes of it; it is asked once, and not for a request that is refused
    /// by its head. When `app` throws, the answer is a signed 500.
    public func handle(
        _ method: String, _ target: String, _ headers: [Header], authority: String? = nil, read: (Int) throws -> Data,
        app: (VerifiedRequest, Data) throws -> HTTPAnswer
    ) throws -> HTTPAnswer {
        var body: Data?
        if wantsBody(method, target, headers, authority: authority) { body = try read(Int(maxBody) + 1) }
        var verdict = verifyHead(method, target, headers, body, authority: authority)
        if case .pending(let pending) = verdict { verdict = finish(pending, try read(Int(maxBody) + 1), &body) }
        guard case .accepted(let verified) = verdict else { return try turnDown(verdict, method) }
        let answer = (try? app(verified, body ?? Data())) ?? HTTPAnswer(500)
        return try sign(answer, for: verified, to: method)
    }

    /// ``handle(_:_:_:authority:read:app:)`` for servers that are asynchronous.
    public func handle(
        _ method: String, _ target: String, _ headers: [Header], authority: String? = nil, read: @Sendable (Int) async throws -> Data,
        app: @Sendable (VerifiedRequest, Data) async throws -> HTTPAnswer
    ) async throws -> HTTPAnswer {
        var body: Data?
        if wantsBody(method, target, headers, authority: authority) { body = try await read(Int(maxBody) + 1) }
        var verdict = verifyHead(method, target, headers, body, authority: authority)
        if case .pending(let pending) = verdict { verdict = finish(pending, try await read(Int(maxBody) + 1), &body) }
        guard case .accepted(let verified) = verdict else { return try turnDown(verdict, method) }
        let answer = (try? await app(verified, body ?? Data())) ?? HTTPAnswer(500)
        return try sign(answer, for: verified, to: method)
    }

    /// The answer with the headers that make it authentic. An event stream, encoded content and what is over ``maxAnswer`` are not covered: clients take
    /// them only when they ask for streams.
    public func sign(_ answer: HTTPAnswer, for verdict: some Answerable, to method: String) throws -> HTTPAnswer {
        var signed = answer
        signed.headers.removeAll { ["oscartoki", "oscartokikey", "cache-control"].contains($0.name.lowercased()) }
        signed.headers.append(("cache-control", "no-store, no-transform"))
        if method == "HEAD" || answer.status == 204 || answer.status == 304 { signed.body = Data() }
        let covered = answer.headers.allSatisfy(isCoverable) && signed.body.count <= maxAnswer
        signed.headers += try answerHead(verdict, answer.status, signed.headers, covered ? signed.body : nil).headers
        return signed
    }

    /// The answer to a request that must not run.
    public func refuse(_ refusal: Refusal, to method: String) throws -> HTTPAnswer {
        var answer = HTTPAnswer(refusal.status)
        if refusal.wwwAuthenticate { answer.headers.append(("www-authenticate", "oscartoki")) }
        if refusal.signed { return try sign(answer, for: refusal, to: method) }
        answer.headers.append(("oscartoki-error", refusal.name.rawValue))
        if refusal.version == 1, method != "HEAD" {
            // The clients of OscarToki v1 read their refusals here.
            answer.headers.append(("content-type", "application/json"))
            answer.body = Data(#"{"status":"error","message":"\#(refusal.name)"}"#.utf8)
        }
        return answer
    }

    private func finish(_ pending: PendingBody, _ arrived: Data, _ body: inout Data?) -> Verdict {
        body = arrived
        return arrived.count > maxBody ? .refused(pending.tooLarge()) : pending.finish(arrived)
    }

    private func turnDown(_ verdict: Verdict, _ method: String) throws -> HTTPAnswer {
        switch verdict {
        case .refused(let refusal): return try refuse(refusal, to: method)
        case .handshake(let handshake):
            let (toki, body) = try handshake.reply()
            return HTTPAnswer(200, [("content-type", "application/json"), ("oscartoki", toki)], method == "HEAD" ? Data() : Data(body.utf8))
        case .accepted, .pending: throw OscarError(.internal, "a verdict that is no refusal")
        }
    }
}

/// Whether content with this header is digested.
private func isCoverable(_ header: Header) -> Bool {
    switch header.name.lowercased() {
    case "content-encoding": ["", "identity"].contains(header.value.trimmingCharacters(in: .whitespaces).lowercased())
    case "content-type": header.value.split(separator: ";").first?.trimmingCharacters(in: .whitespaces).lowercased() != "text/event-stream"
    default: true
    }
}
