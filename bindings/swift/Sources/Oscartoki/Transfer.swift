import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One request on URLSession, with its redirects refused: the head of the answer, then its content as it comes. Ended early, it is cancelled.
final class Transfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    enum Event: Sendable {
        /// With the clocks of the moment when it came.
        case head(HTTPURLResponse, wallMs: Int64, monoMs: Int64)
        case content(Data)
    }
    typealias Events = AsyncThrowingStream<Event, any Error>

    private let events: Events.Continuation
    private let clock: @Sendable (Int64?) -> Int64
    // Only used by the session's queue, which is serial.
    private var headCame = false

    private init(_ events: Events.Continuation, _ clock: @escaping @Sendable (Int64?) -> Int64) {
        self.events = events
        self.clock = clock
    }

    static func events(_ request: URLRequest, on session: URLSession, clock: @escaping @Sendable (Int64?) -> Int64 = wall) -> Events {
        Events { events in
            let transfer = Transfer(events, clock)
            #if canImport(Darwin)
                let task = session.dataTask(with: request)
                task.delegate = transfer
            #else
                let (plain, switchboard) = Switchboard.of(session)
                let task = plain.dataTask(with: request)
                switchboard.connect(task, to: transfer)
            #endif
            let running = Running(task)
            events.onTermination = { end in
                if case .cancelled = end { running.task.cancel() }
            }
            task.resume()
        }
    }

    func urlSession(
        _: URLSession, dataTask _: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        if !headCame, let response = response as? HTTPURLResponse {
            headCame = true
            events.yield(.head(response, wallMs: clock(nil), monoMs: mono(nil)))
        }
        completionHandler(.allow)
    }

    func urlSession(_: URLSession, dataTask _: URLSessionDataTask, didReceive data: Data) { events.yield(.content(data)) }

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse, newRequest _: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _: URLSession, dataTask _: URLSessionDataTask, willCacheResponse _: CachedURLResponse,
        completionHandler: @escaping @Sendable (CachedURLResponse?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(_: URLSession, task _: URLSessionTask, didCompleteWithError error: (any Error)?) { events.finish(throwing: error) }
}

/// A task is safe to cancel from anywhere.
private struct Running: @unchecked Sendable {
    let task: URLSessionTask

    init(_ task: URLSessionTask) { self.task = task }
}

extension URLSession {
    /// One request without a toki of ours: its answer, at most 64 MiB, redirects refused.
    func once(_ request: URLRequest) async throws -> (Data, HTTPURLResponse) {
        var response: HTTPURLResponse?
        var data = Data()
        for try await event in Transfer.events(request, on: self) {
            switch event {
            case .head(let head, _, _): response = head
            case .content(let more): data.append(more)
            }
            if data.count > 1 << 26 { throw OscarError(.policy, "an answer of more than 64 MiB", status: response?.statusCode) }
        }
        guard let response else { throw URLError(.badServerResponse) }
        return (data, response)
    }
}
