import COscartoki
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What a service answered, and that it was this service that did.
public struct VerifiedAnswer: Sendable {
    /// The content.
    public let data: Data
    /// The head.
    public let response: HTTPURLResponse
    /// The verdict: code, offset, a dropped grant.
    public let outcome: Outcome
    /// How many requests went out, the probe included.
    public let requests: Int
    /// Whether a probe went out.
    public let probed: Bool
    /// Whether the request was resent.
    public let resent: Bool
    /// Whether the last request that went out was signed in a session.
    public let inSession: Bool

    fileprivate init(_ landed: Landed, _ step: Step) {
        data = landed.data
        response = landed.response
        outcome = step.outcome
        requests = step.requests
        probed = step.probed
        resent = step.resent
        inSession = step.inSession
    }
}

/// An answer whose head is authentic and whose content comes as it is sent.
public struct StreamedAnswer: Sendable {
    /// The head, with an empty `data`, and the verdict; ``Outcome/contentAuthentic`` says whether the content is covered.
    public let answer: VerifiedAnswer
    /// The content. To stop reading cancels the request.
    public let chunks: AsyncThrowingStream<Data, any Error>
}

extension URLSession {
    /// Probes, signs, sends, accepts, rolls and resends by the rules of the protocol: the answer is authentic, or an ``OscarError`` is thrown that says
    /// whether the request may have run. A network failure is the session's own `URLError`, with ``Foundation/URLError/mayHaveRun``.
    /// Redirects are not followed, caches not asked.
    ///
    /// On Linux the session's configuration is used, and its delegate is not asked.
    public func data(
        for request: URLRequest, signedBy client: Client, options: CallOptions = []
    ) async throws -> (Data, HTTPURLResponse) {
        let answer = try await answer(to: request, signedBy: client, options: options)
        return (answer.data, answer.response)
    }

    /// The same of a GET.
    public func data(from url: URL, signedBy client: Client, options: CallOptions = []) async throws -> (Data, HTTPURLResponse) {
        try await data(for: URLRequest(url: url), signedBy: client, options: options)
    }

    /// ``data(for:signedBy:options:)`` with all that is known of the answer.
    public func answer(
        to request: URLRequest, signedBy client: Client, options: CallOptions = []
    ) async throws -> VerifiedAnswer {
        let (landed, step) = try await signed(request, body: request.content(), by: client, options, into: .memory)
        return VerifiedAnswer(landed, step)
    }

    /// Uploads data.
    public func upload(
        for request: URLRequest, from data: Data, signedBy client: Client, options: CallOptions = []
    ) async throws -> (Data, HTTPURLResponse) {
        let (landed, _) = try await signed(request, body: data, by: client, options, into: .memory)
        return (landed.data, landed.response)
    }

    /// Uploads a file, which must not change meanwhile.
    public func upload(
        for request: URLRequest, fromFile file: URL, signedBy client: Client, options: CallOptions = []
    ) async throws -> (Data, HTTPURLResponse) {
        try await upload(for: request, from: Data(contentsOf: file, options: .mappedIfSafe), signedBy: client, options: options)
    }

    /// Downloads into a file, which the caller moves or removes. At most ``ClientOptions/maxAnswer`` bytes; it is there only when it is authentic.
    public func download(
        for request: URLRequest, signedBy client: Client, options: CallOptions = []
    ) async throws -> (URL, HTTPURLResponse) {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("oscartoki-download-\(UUID().uuidString)")
        do {
            let (landed, _) = try await signed(request, body: request.content(), by: client, options, into: .file(file))
            return (file, landed.response)
        } catch {
            try? FileManager.default.removeItem(at: file)
            throw error
        }
    }

    /// Takes an answer as it comes. What the service covers is still read whole first; a stream, which is not covered, is handed on as it is sent, and
    /// only its status is authentic.
    public func stream(for request: URLRequest, signedBy client: Client, options: CallOptions = []) async throws -> StreamedAnswer {
        let (landed, step) = try await signed(request, body: request.content(), by: client, options.union(.stream), into: .stream)
        let answer = VerifiedAnswer(Landed(data: Data(), response: landed.response), step)
        guard let rest = landed.rest else {
            let whole = landed.data
            return StreamedAnswer(
                answer: answer,
                chunks: AsyncThrowingStream { chunks in
                    if !whole.isEmpty { chunks.yield(whole) }
                    chunks.finish()
                })
        }
        return StreamedAnswer(answer: answer, chunks: rest)
    }
}

extension URLError {
    /// Of a signed request that failed on the network: false only where it is certain that it had no effect.
    public var mayHaveRun: Bool? { userInfo[mayHaveRunKey] as? Bool }
}

private let mayHaveRunKey = "oscartoki.mayHaveRun"

/// Where the content of an answer goes.
private enum Sink {
    case memory
    case file(URL)
    /// Handed on where it is not covered.
    case stream
}

/// An answer that came.
private struct Landed: Sendable {
    var data = Data()
    let response: HTTPURLResponse
    var wallMs: Int64 = 0
    var monoMs: Int64 = 0
    var tooLarge = false
    var rest: AsyncThrowingStream<Data, any Error>?
}

extension URLSession {
    /// The loop around core's machine.
    private func signed(
        _ request: URLRequest, body: Data?, by client: Client, _ options: CallOptions, into sink: Sink
    ) async throws -> (Landed, Step) {
        let wire = try Wire(request, body: body, adding: configuration.httpAdditionalHeaders)
        let digest = body.flatMap { $0.isEmpty ? nil : sha256($0) }
        let call = try client.call(
            wire.method, wire.authority, wire.target, headers: wire.headers, digest: digest, options: options)
        var landed: Landed?
        var step = try call.next()
        while step.kind == .send {
            let outgoing = request.signed(step.headers, probe: step.isProbe, body: body, by: client)
            do {
                let answer = try await land(outgoing, step.isProbe ? .memory : sink, from: client)
                call.settle(answer)
                landed = answer
            } catch {
                call.failed()
                throw told(error, mayHaveRun: try call.next().outcome.mayHaveRun)
            }
            step = try call.next()
        }
        try step.outcome.throwForRefusal()
        guard let landed else { throw OscarError(.internal, "a call that was accepted has an answer") }
        return (landed, step)
    }

    /// Sends one request and takes its answer in, as far as the client's limit.
    private func land(_ request: URLRequest, _ sink: Sink, from client: Client) async throws -> Landed {
        var events = Transfer.events(request, on: self, clock: client.now).makeAsyncIterator()
        guard case .head(let response, let wallMs, let monoMs) = try await events.next() else { throw URLError(.badServerResponse) }
        var landed = Landed(response: response, wallMs: wallMs, monoMs: monoMs)
        if case .stream = sink, response.isUncoveredStream, request.httpMethod != "HEAD" {
            let rest = Rest(events)
            landed.rest = AsyncThrowingStream { try await rest.next() }
            return landed
        }
        var count: Int64 = 0
        var file: FileHandle?
        if case .file(let place) = sink {
            guard FileManager.default.createFile(atPath: place.path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
                throw CocoaError(.fileWriteUnknown)
            }
            file = try FileHandle(forWritingTo: place)
        }
        defer { try? file?.close() }
        while case .content(let more) = try await events.next() {
            count += Int64(more.count)
            if count > client.maxAnswer {
                landed.tooLarge = true
                return landed
            }
            if let file { try file.write(contentsOf: more) } else { landed.data.append(more) }
        }
        if case .file(let place) = sink { landed.data = try Data(contentsOf: place, options: .mappedIfSafe) }
        return landed
    }

    private func told(_ error: any Error, mayHaveRun: Bool) -> any Error {
        guard let error = error as? URLError else { return error }
        return URLError(error.code, userInfo: error.userInfo.merging([mayHaveRunKey: mayHaveRun]) { $1 })
    }
}

/// What is still to come of a stream. Its last owner gone, the transfer is cancelled.
private final class Rest: @unchecked Sendable {
    // Asked by one reader, as every AsyncThrowingStream is.
    private var events: Transfer.Events.Iterator

    init(_ events: Transfer.Events.Iterator) { self.events = events }

    func next() async throws -> Data? {
        if case .content(let data) = try await events.next() { data } else { nil }
    }
}

extension Call {
    fileprivate func settle(_ answer: Landed) {
        if answer.tooLarge { return tooLarge(answer.response.statusCode) }
        // Of a stream it is known that content follows, and that it is not covered.
        let content = answer.rest == nil ? answer.data : Data([0])
        received(answer.response.statusCode, answer.response.head, content, receivedMs: answer.wallMs, monoMs: answer.monoMs)
    }
}

extension HTTPURLResponse {
    /// Whether content follows that the toki says it does not cover. A claim, until the toki is verified.
    fileprivate var isUncoveredStream: Bool {
        guard let toki = value(forHTTPHeaderField: "oscartoki"), statusCode != 204, statusCode != 304 else { return false }
        var claims = oscar_answer_claims()
        return withBytes(toki) { oscar_answer_toki_parse($0, $1, &claims) } == 0 && claims.body == 0
    }
}
