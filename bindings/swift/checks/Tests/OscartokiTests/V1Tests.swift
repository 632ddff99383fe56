import Foundation
import Oscartoki
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// OscarToki v1: a live exchange with a service that takes it, and what is refused.
@Suite struct V1Tests {
    let key = Data("a key of v1".utf8)
    let kid = Data("v1client".utf8)
    let until: Int64 = 4_000_000_000_000

    private func world() throws -> World {
        let ring = try Keyring(audience: name)
        try ring.addV1(kid: kid, key: key, untilMs: until)
        return try World(keyring: ring)
    }

    @Test func theTwoStepsOverHTTP() async throws {
        let world = try world()
        let (data, response) = try await V1.Client(key).request(world.post("/t", "body"))
        #expect(text(data) == "POST /t body" && response.statusCode == 200 && world.seen.all.map(\.method) == ["GET", "POST"])
        #expect(world.service.counters()["v1_accepted"] == 1)
        await #expect(throws: OscarError.self) { _ = try await V1.Client(Data("another key".utf8)).request(world.post("/t", "body")) }
    }

    /// Three requests without any key reached the originals' resource, because a service's own toki was taken for a client's.
    @Test func theKeylessBypassIsRefused() throws {
        let service = try world().service
        func get(_ headers: [String: String]) throws -> HTTPAnswer {
            let sent: [Header] = [("host", name)] + headers.map { ($0.key, $0.value) }
            return try service.handle("GET", "/t", sent, read: { _ in Data() }, app: { _, _ in HTTPAnswer(200, [], Data("the resource".utf8)) })
        }
        func toki(_ answer: HTTPAnswer) -> String? { answer.headers.first { $0.name == "oscartoki" }?.value }
        let first = try get(["oscartoki": V1.Key(Data("a guess".utf8)).mint()])
        #expect(first.status >= 400 && toki(first) == nil)
        let shown = try get(V1.Client(key).begin().headers)
        #expect(shown.status == 200 && text(shown.body) != "the resource")
        let reflected = try get(["oscartoki": toki(shown) ?? ""])
        #expect(reflected.status >= 400 && text(reflected.body).contains("\"status\":\"error\""))
    }

    @Test func aV2RequestEndsV1() async throws {
        let pair = try Pair()
        let ring = try Keyring(audience: name)
        try ring.add(pair.key)
        try ring.addV1(kid: pair.key.kid, key: key, untilMs: until)
        let world = try World(keyring: ring)
        _ = try await V1.Client(key).request(URLRequest(url: world.url("/t")))
        _ = try await URLSession.shared.data(from: world.url("/t"), signedBy: Client(secret: pair.secret, audience: name))
        await #expect(throws: OscarError.self) { _ = try await V1.Client(key).request(URLRequest(url: world.url("/t"))) }
    }

    @Test func keys() async throws {
        let key = try V1.Key(Data("k".utf8))
        let toki = try key.mint(nowMs: now)
        #expect(try (0..<100).contains(now - key.verify(toki, nowMs: now)))
        let tokikey = try key.mintTokikey(toki, nowMs: now)
        try key.verifyTokikey(toki, tokikey, nowMs: now)
        await refused(.weakSecret) { _ = try V1.Key(Data()) }
        await refused(.stale) { try key.verify(toki, nowMs: now + 60_000) }
        await refused(.badMac) { try V1.Key(Data("other".utf8)).verify(toki, nowMs: now) }
        await refused(.malformed) { try key.verify("nonsense", nowMs: now) }
        #expect(throws: OscarError.self) { try key.verifyTokikey(toki, String(tokikey.dropLast()), nowMs: now) }
    }

    @Test func aServiceForV1() throws {
        let service = try V1.service(
            keys: [kid: key], authorities: [name], untilMs: until, memory: MemoryReplayLog(capacity: 10), firstStart: true)
        #expect(service.keyring.hasV1 && service.keyring.audience == name)
        let toki = try V1.Client(key).begin().headers["oscartoki"] ?? ""
        guard case .handshake(let handshake) = service.verifyHead("GET", "/", [("host", name), ("oscartoki", toki)])
        else {
            Issue.record("no handshake")
            return
        }
        let reply = try handshake.reply()
        #expect(reply.body.hasPrefix("{") && !reply.toki.isEmpty)
        #expect(throws: OscarError.self) { _ = try handshake.reply() }
        #expect(refusal(service.verifyHead("GET", "/", [("host", name), ("oscartoki", toki)])) != nil)
    }
}
