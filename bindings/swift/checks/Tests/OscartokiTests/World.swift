import Foundation
import Oscartoki

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A service on a socket of this process, and an adversary before it, who acts by path.
struct World: Sendable {
    let pair: Pair
    let service: Service
    let seen = Found<Request>()
    private let address: String

    init(ext: [String] = [], keyring: Keyring? = nil) throws {
        let pair = try Pair()
        let server = try Server(listen: "127.0.0.1:0")
        let ring = try keyring ?? Keyring(audience: name)
        if keyring == nil { try ring.add(pair.key) }
        let service = try Service(
            authorities: [name, server.address], keyring: ring, memory: MemoryReplayLog(capacity: 10_000), firstStart: true, ext: ext)
        (self.pair, self.service, address) = (pair, service, server.address)
        let seen = seen
        Thread.detachNewThread {
            server.serve { request, read in
                seen.add(request)
                if let answer = unsigned(request) { return answer }
                let answer = try service.handle(request.method, request.target, request.headers, read: read) { _, body in app(request, body) }
                return altered(answer, request)
            }
        }
    }

    func url(_ target: String) -> URL { URL(string: "http://\(address)\(target)")! }

    func post(_ target: String, _ body: String) -> URLRequest {
        var request = URLRequest(url: url(target))
        request.httpMethod = "POST"
        request.httpBody = Data(body.utf8)
        return request
    }
}

/// The application, which knows nothing of tokis.
private func app(_ request: Request, _ body: Data) -> HTTPAnswer {
    switch request.target {
    case "/big": return HTTPAnswer(200, [], Data(repeating: 120, count: 1_200_000))
    case "/events": return HTTPAnswer(200, [("content-type", "text/event-stream; charset=utf-8")], Data("data: 1\n\n".utf8))
    case "/gzip": return HTTPAnswer(200, [("content-encoding", "gzip")], Data(gzipped))
    case "/moved": return HTTPAnswer(302, [("location", "/elsewhere")])
    case "/cached": return HTTPAnswer(200, [("cache-control", "max-age=60"), ("etag", "\"1\"")], Data("cached".utf8))
    case "/slow": Thread.sleep(forTimeInterval: 60)
    default: break
    }
    return HTTPAnswer(200, [("content-type", "text/plain")], Data("\(request.method) \(request.target) ".utf8) + body)
}

/// "packed", in gzip.
private let gzipped: [UInt8] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x2b, 0x48, 0x4c, 0xce, 0x4e,
    0x4d, 1, 0, 0x10, 0xb4, 0xf6, 0x21, 6, 0, 0, 0,
]

/// An answer of somebody else, who knows no key.
private func unsigned(_ request: Request) -> HTTPAnswer? {
    switch request.target {
    case "/plain": HTTPAnswer(200, [], Data("hello".utf8))
    case "/plain-401": HTTPAnswer(401, [("WWW-Authenticate", "oscartoki"), ("oscartoki-error", "unknown_key")])
    case "/plain-500": HTTPAnswer(500)
    case "/moved-unsigned": HTTPAnswer(302, [("location", "/elsewhere")])
    default: nil
    }
}

private func altered(_ answer: HTTPAnswer, _ request: Request) -> HTTPAnswer {
    var answer = answer
    switch request.target {
    case "/tampered": answer.body.append(0)
    case "/restatused": answer.status = 201
    case "/stripped": answer.headers.removeAll { $0.name == "oscartoki" }
    case "/doubled": answer.headers += answer.headers.filter { $0.name == "oscartoki" }
    case "/ungranted": answer.headers.removeAll { $0.name == "oscartokikey" }
    default: break
    }
    return answer
}
