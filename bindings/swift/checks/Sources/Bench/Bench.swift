import Foundation
import Oscartoki

/// The acts of bindings/c/benches/verify.rs through the public API, on the same request.
struct Bench {
    private static let now: Int64 = 1_795_300_000_000
    private static let count = 50_000
    private let authority = "api.example.com"
    private let target = "/v1/accounts?limit=10&filter=open&sort=date+name"
    private let client: Client
    private let ring: Keyring
    /// Of each act the nanoseconds of its best round.
    private(set) var best: [String: Double] = [:]
    /// What is asked for, so that nothing is optimised away.
    private(set) var seen = 0

    init() throws {
        let secret = try Secret.generate()
        client = try Client(secret: secret, audience: authority, options: ClientOptions(trustClock: true))
        ring = try Keyring(audience: authority)
        try ring.add(secret.audienceKey(authority))
    }

    mutating func round() throws {
        let (now, count) = (Self.now, Self.count)
        let (client, authority, target) = (client, authority, target)
        var signed: [SignedRequest] = []
        signed.reserveCapacity(count)
        try time("sign") {
            for _ in 0..<count { signed.append(try client.sign("GET", authority, target, nowMs: now + 1, monoMs: 0)) }
        }
        var tokis: [String] = []
        tokis.reserveCapacity(count)
        time("toki") { for one in signed { tokis.append(one.toki) } }
        signed = []
        let service = try freshService()
        try time("verify") {
            for toki in tokis {
                guard case .accepted = service.verify("GET", authority, target, toki: toki, nowMs: now + 2) else { throw OscarError(.internal) }
            }
        }
        let other = try freshService()
        let verdicts = tokis.map { other.verify("GET", authority, target, toki: $0, nowMs: now + 2) }
        var seen = 0
        try time("answer") {
            for case .accepted(let verified) in verdicts { seen += try other.answer(verified, 200, nowMs: now + 3).toki.utf8.count }
        }
        let message = Array((target + authority + "GET" + String(repeating: "x", count: 40)).utf8)
        let hand = HandMAC(Array("0123456789abcdef0123456789abcdef".utf8))
        time("hmac") { for _ in 0..<count { seen += Int(hand.code(message)[0]) } }
        self.seen += seen
    }

    private mutating func time(_ name: String, _ body: () throws -> Void) rethrows {
        let start = DispatchTime.now().uptimeNanoseconds
        try body()
        best[name] = min(best[name] ?? .infinity, Double(DispatchTime.now().uptimeNanoseconds - start) / Double(Self.count))
    }

    private func freshService() throws -> Service {
        try Service(authorities: [authority], keyring: ring, memory: MemoryReplayLog(capacity: 1 << 18), firstStart: true, nowMs: Self.now)
    }
}
