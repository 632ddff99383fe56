import Foundation
internal import OscartokiNative

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// OscarToki v1: a client and a service that take the place of the original ones.
///
/// The protocol proves that both sides hold a key, not what was asked or answered: move to v2. A ``Service`` of v2 also takes v1 where a key's line
/// says so (``Keyring/addV1(kid:key:untilMs:dialect:)``), until its date or the client's first v2 request.
public enum V1 {
    /// Which originals the other side may be.
    public enum Dialect: String, Sendable, CaseIterable {
        /// Full digests, or all with their leading zeros lost.
        case any
        /// Full digests only: JavaScript and Python.
        case standard
        /// As ``any``: Java loses the leading zeros of a digest.
        case java

        var native: OscartokiNative.Dialect {
            switch self {
            case .any: .any
            case .standard: .standard
            case .java: .java
            }
        }
    }

    /// A v1 key: mints and verifies tokis and tokikeys.
    public final class Key: Sendable {
        fileprivate let native: V1Key

        /// A key from its bytes. Error: `weakSecret` for none.
        public init(_ key: Data) throws {
            try Door.checked.get()
            native = try speaking { try V1Key(bytes: key) }
        }

        /// The newest toki that every original accepts at this clock.
        public func mint(nowMs: Int64? = nil) throws -> String { try speaking { try native.mint(nowMs: wall(nowMs)) } }

        /// Verifies a toki; its time in milliseconds.
        @discardableResult public func verify(_ toki: String, dialect: Dialect = .any, nowMs: Int64? = nil) throws -> Int64 {
            try speaking { try native.verify(toki: toki, dialect: dialect.native, nowMs: wall(nowMs)) }
        }

        /// The tokikey that answers a toki.
        public func mintTokikey(_ toki: String, nowMs: Int64? = nil) throws -> String {
            try speaking { try native.mintTokikey(toki: toki, nowMs: wall(nowMs)) }
        }

        /// Verifies the tokikey of a toki.
        public func verifyTokikey(_ toki: String, _ tokikey: String, dialect: Dialect = .any, nowMs: Int64? = nil) throws {
            try speaking { try native.verifyTokikey(toki: toki, tokikey: tokikey, dialect: dialect.native, nowMs: wall(nowMs)) }
        }
    }

    /// The client of OscarToki v1, in the place of the original.
    public final class Client: Sendable {
        private let native: V1Client

        /// A client with its key.
        public init(_ key: Data, dialect: Dialect = .any) throws {
            native = V1Client(key: try Key(key).native, dialect: dialect.native)
        }

        /// Begins the two steps of one request, without a socket.
        public func begin(nowMs: Int64? = nil) throws -> Exchange {
            Exchange(native: try speaking { try native.begin(nowMs: wall(nowMs)) })
        }

        /// Does both steps: a GET that fetches the tokikey, then the request. Redirects are not followed, caches not asked.
        public func request(_ request: URLRequest, session: URLSession = .shared) async throws -> (Data, HTTPURLResponse) {
            let exchange = try begin()
            var first = request.carrying(exchange.headers)
            first.httpMethod = "GET"
            first.httpBody = nil
            let (body, answer) = try await session.once(first)
            try exchange.acceptFirst(body, answer.value(forHTTPHeaderField: "oscartoki"))
            let (data, response) = try await session.once(request.carrying(exchange.headers))
            try exchange.acceptSecond(response.value(forHTTPHeaderField: "oscartoki"))
            return (data, response)
        }
    }

    /// The two steps of one request: a GET that fetches the tokikey, then the request itself.
    public final class Exchange: Sendable {
        private let native: V1Exchange

        fileprivate init(native: V1Exchange) { self.native = native }

        /// What the next step carries.
        public var headers: [String: String] {
            var headers = ["oscartoki": native.toki()]
            headers["oscartokikey"] = native.tokikey()
            return headers
        }

        /// Accepts the answer to the first step, once: the tokikey.
        @discardableResult public func acceptFirst(_ body: Data, _ toki: String?, nowMs: Int64? = nil) throws -> String {
            try speaking { try native.acceptFirst(content: body, toki: toki, nowMs: wall(nowMs)) }
        }

        /// Accepts the answer to the second step, once. It proves that the service holds the key, not what it wrote.
        public func acceptSecond(_ toki: String?, nowMs: Int64? = nil) throws {
            try speaking { try native.acceptSecond(toki: toki, nowMs: wall(nowMs)) }
        }
    }

    /// A service for clients of v1, in the place of the original: `keys` by the kid (8 bytes) that each client has or will have. It takes v2 as soon
    /// as an `oa2.` key is added to its ring.
    public static func service(
        keys: [Data: Data], authorities: [String], untilMs: Int64, dialect: Dialect = .any, memory: ReplayLog? = nil, firstStart: Bool = false
    ) throws -> Service {
        let ring = try Keyring(audience: normaliseAuthority(authorities.first ?? ""))
        for (kid, key) in keys { try ring.addV1(kid: kid, key: key, untilMs: untilMs, dialect: dialect) }
        return try Service(authorities: authorities, keyring: ring, memory: memory, firstStart: firstStart)
    }
}
