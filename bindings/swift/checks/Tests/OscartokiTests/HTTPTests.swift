import Foundation
import Oscartoki
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// URLSession against a service on a socket of this process, and what an adversary between them does.
@Suite struct HTTPTests {
    let world: World
    let client: Client

    init() throws {
        world = try World()
        client = try world.pair.client()
    }

    @Test func getAndPost() async throws {
        let answer = try await URLSession.shared.answer(to: world.post("/t", "body"), signedBy: client)
        #expect(text(answer.data) == "POST /t body" && answer.probed && answer.requests == 2 && answer.inSession && answer.outcome.contentAuthentic)
        let (data, response) = try await URLSession.shared.data(from: world.url("/a%2Fb?x=1&x=2"), signedBy: client)
        #expect(text(data) == "GET /a%2Fb?x=1&x=2 " && response.statusCode == 200)
        let again = try await URLSession.shared.answer(to: world.post("/t", "body"), signedBy: client)
        #expect(!again.probed && again.requests == 1 && again.inSession && again.outcome.code == 0)
        #expect(world.seen.all.map(\.method) == ["HEAD", "POST", "GET", "POST"])
        let probe = world.seen.all[0]
        #expect(probe.value("content-digest") == nil && probe.value("content-type") == nil && probe.value("oscartoki") != nil)
        #expect(world.seen.all[1].value("content-digest")?.hasPrefix("sha-256=:") == true)
    }

    @Test func methodsAndOptions() async throws {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
            var request = world.post("/m", "x")
            request.httpMethod = method
            let (data, _) = try await URLSession.shared.data(for: request, signedBy: client)
            #expect(text(data) == "\(method) /m x")
        }
        var head = world.post("/m", "")
        head.httpMethod = "HEAD"
        head.httpBody = nil
        let (data, response) = try await URLSession.shared.data(for: head, signedBy: client)
        #expect(data.isEmpty && response.statusCode == 200)
        let first = try await URLSession.shared.answer(to: URLRequest(url: world.url("/")), signedBy: client, options: .verifyFirst)
        #expect(first.probed && first.requests == 2)
        let trusting = try await URLSession.shared.answer(to: world.post("/", "x"), signedBy: world.pair.client(), options: .trustClock)
        #expect(!trusting.probed && trusting.requests == 1 && !trusting.inSession)
    }

    @Test func uploads() async throws {
        var request = world.post("/up", "")
        request.httpBody = nil
        let bytes = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0) })
        let (data, _) = try await URLSession.shared.upload(for: request, from: bytes, signedBy: client)
        #expect(text(data).hasPrefix("POST /up ") && data.count > 300_000)
        let file = URL(fileURLWithPath: try folder() + "/file")
        try bytes.write(to: file)
        let (same, _) = try await URLSession.shared.upload(for: request, fromFile: file, signedBy: client)
        #expect(same == data)
        await refused(.policy) {
            _ = try await URLSession.shared.upload(for: request, from: Data(count: (1 << 20) + 1), signedBy: client)
        }
        request.httpBodyStream = InputStream(data: bytes)
        await refused(.unsignable) { _ = try await URLSession.shared.data(for: request, signedBy: client) }
    }

    @Test func downloads() async throws {
        let (file, response) = try await URLSession.shared.download(for: URLRequest(url: world.url("/down")), signedBy: client)
        #expect(try text(Data(contentsOf: file)) == "GET /down " && response.statusCode == 200)
        try FileManager.default.removeItem(at: file)
        let before = try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory()).filter { $0.hasPrefix("oscartoki-download-") }.count
        let error = await refused(.policy) { _ = try await URLSession.shared.download(for: URLRequest(url: world.url("/big")), signedBy: client) }
        #expect(error?.mayHaveRun == true)
        let after = try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory()).filter { $0.hasPrefix("oscartoki-download-") }.count
        #expect(after == before)
    }

    @Test func answersOverTheLimitAndUncoveredOnesArePolicy() async throws {
        for path in ["/big", "/events", "/gzip"] {
            let error = await refused(.policy, "\(path)") { _ = try await URLSession.shared.data(from: world.url(path), signedBy: client) }
            #expect(error?.mayHaveRun == true && error?.status == 200)
        }
        let (data, _) = try await URLSession.shared.data(from: world.url("/events"), signedBy: client, options: .stream)
        #expect(text(data) == "data: 1\n\n")
        let large = try world.pair.client(ClientOptions(maxAnswer: 1 << 22))
        #expect(try await URLSession.shared.data(from: world.url("/big"), signedBy: large, options: .stream).0.count == 1_200_000)
    }

    @Test func streams() async throws {
        let streamed = try await URLSession.shared.stream(for: URLRequest(url: world.url("/events")), signedBy: client)
        #expect(!streamed.answer.outcome.contentAuthentic && streamed.answer.outcome.signed && streamed.answer.data.isEmpty)
        var content = Data()
        for try await chunk in streamed.chunks { content += chunk }
        #expect(text(content) == "data: 1\n\n")
        let whole = try await URLSession.shared.stream(for: URLRequest(url: world.url("/a")), signedBy: client)
        #expect(whole.answer.outcome.contentAuthentic)
        for try await chunk in whole.chunks { #expect(text(chunk) == "GET /a ") }
        await refused(.badMac) {
            _ = try await URLSession.shared.stream(for: URLRequest(url: world.url("/tampered")), signedBy: client)
        }
    }

    @Test func redirectsAreNotFollowedAndCachesNotAsked() async throws {
        let (_, response) = try await URLSession.shared.data(from: world.url("/moved"), signedBy: client)
        #expect(response.statusCode == 302 && world.seen.all.map(\.target) == ["/moved"])
        for _ in 0..<2 { _ = try await URLSession.shared.data(from: world.url("/cached"), signedBy: client) }
        #expect(world.seen.all.filter { $0.target == "/cached" }.count == 2)
        let (_, cached) = try await URLSession.shared.data(from: world.url("/cached"), signedBy: client)
        #expect(cached.value(forHTTPHeaderField: "cache-control") == "no-store, no-transform")
        // Foundation may send a GET after a redirect that others would not: an unsigned one in between is refused too.
        await refused(.missing) { _ = try await URLSession.shared.data(from: world.url("/moved-unsigned"), signedBy: client) }
        #expect(!world.seen.all.contains { $0.target == "/elsewhere" })
    }

    @Test func tamperedAnswersAreRefused() async throws {
        for (path, wanted) in [
            ("/tampered", .badMac), ("/restatused", .badMac), ("/stripped", .missing), ("/doubled", .malformed), ("/ungranted", .malformed),
            ("/plain", .missing), ("/plain-401", .missing), ("/plain-500", .missing),
        ] as [(String, OscarError.Name)] {
            let client = try world.pair.client()
            let error = await refused(wanted, "\(path)") { _ = try await URLSession.shared.data(from: world.url(path), signedBy: client) }
            #expect(error?.mayHaveRun == true && error?.signed == false && client.offsetMs == nil)
        }
    }

    @Test func refusalsAreSaid() async throws {
        let other = try Client(secret: Secret.generate(), audience: name)
        let unknown = await refused(.missing) { _ = try await URLSession.shared.data(from: world.url("/a"), signedBy: other) }
        #expect(unknown?.status == 401 && unknown?.signed == false)
        try world.service.revokeKey(client.kid)
        let revoked = await refused(.revoked) { _ = try await URLSession.shared.data(from: world.url("/a"), signedBy: client) }
        #expect(revoked?.status == 403 && revoked?.signed == true)
    }

    @Test func aClockThatIsOffIsMended() async throws {
        for off in [-100_000, 100_000] as [Int64] {
            let client = try world.pair.client(ClientOptions(clock: { Int64(Date().timeIntervalSince1970 * 1000) + off }))
            let answer = try await URLSession.shared.answer(to: URLRequest(url: world.url("/a")), signedBy: client)
            #expect(answer.resent && answer.requests == 2)
            #expect(abs((client.offsetMs ?? 0) + off) < 2000)
            let second = try await URLSession.shared.answer(to: world.post("/a", "x"), signedBy: client)
            #expect(second.requests == 1)
            let wrong = try world.pair.client(ClientOptions(trustClock: true, clock: { Int64(Date().timeIntervalSince1970 * 1000) + off }))
            let stale = await refused(.stale) { _ = try await URLSession.shared.data(for: world.post("/a", "x"), signedBy: wrong) }
            #expect(stale?.status == 401 && stale?.signed == true)
        }
    }

    @Test func aNetworkFailureSaysWhatMayHaveRun() async throws {
        let nowhere = URL(string: "http://127.0.0.1:9/")!
        do {
            _ = try await URLSession.shared.data(from: nowhere, signedBy: client)
            Issue.record("nothing failed")
        } catch let error as URLError {
            #expect(error.mayHaveRun == true)
        }
        var post = URLRequest(url: nowhere)
        post.httpMethod = "POST"
        post.httpBody = Data("x".utf8)
        do {
            _ = try await URLSession.shared.data(for: post, signedBy: client)
            Issue.record("nothing failed")
        } catch let error as URLError {
            // It was the probe that failed.
            #expect(error.mayHaveRun == false)
        }
        #expect(URLError(.timedOut).mayHaveRun == nil)
    }

    @Test func aTargetThatURLSessionHidesIsRefused() async throws {
        for target in ["/a/../b", "/./a", "/a/%2e%2E/b", "/a?", "/.."] {
            let error = await refused(.rawTargetHidden, "\(target)") {
                _ = try await URLSession.shared.data(from: world.url(target), signedBy: client)
            }
            #expect(error?.mayHaveRun == false && error?.sentence.contains("URL") == true)
        }
        for target in ["//a//b", "/%7e~'()*!$&+,;=:@", "/a?b?c/..", "/a?x=[1]&y=a|b", "/a b/\u{fc}?\u{e9}", "/..a/b..", "?x=1"] {
            _ = try await URLSession.shared.data(from: world.url(target), signedBy: client)
        }
        await refused(.unsignable) { _ = try await URLSession.shared.data(from: URL(string: "file:///etc/hosts")!, signedBy: client) }
    }

    @Test func aSignedURLRequestIsForAnyStack() async throws {
        let signed = try world.post("/t", "body").signed(by: client, options: .trustClock)
        #expect(!signed.isProbe && signed.request.value(forHTTPHeaderField: "content-digest") != nil)
        #expect(signed.request.cachePolicy == .reloadIgnoringLocalCacheData)
        let (data, response) = try await URLSession.shared.data(for: signed.request)
        try signed.accept(response, data).throwForRefusal()
        #expect(signed.accept(response, data).name == .replayed)
        let (_, again) = try await URLSession.shared.data(for: signed.request)
        #expect((again as? HTTPURLResponse)?.statusCode == 409)
        let probe = try world.post("/t", "body").signed(by: world.pair.client())
        #expect(probe.isProbe && probe.request.httpMethod == "HEAD" && probe.request.httpBody == nil)
    }

    @Test func coveredHeadersTravel() async throws {
        let world = try World(ext: ["idempotency-key", "content-type"])
        let client = try world.pair.client(ClientOptions(ext: ["idempotency-key", "content-type"]))
        var request = world.post("/t", "x")
        request.setValue("k-1", forHTTPHeaderField: "Idempotency-Key")
        let (data, _) = try await URLSession.shared.data(for: request, signedBy: client, options: .repeatable)
        #expect(text(data) == "POST /t x")
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpAdditionalHeaders = ["Idempotency-Key": "of the session"]
        let session = URLSession(configuration: configuration)
        _ = try await session.data(for: world.post("/t", "x"), signedBy: client, options: .repeatable)
        #expect(world.seen.all.last?.value("idempotency-key") == "of the session")
        await refused(.unsignable) { _ = try await URLSession.shared.data(for: world.post("/t", "x"), signedBy: client, options: .repeatable) }
        await refused(.missing) { _ = try await URLSession.shared.data(for: request, signedBy: world.pair.client()) }
    }

    @Test func aHandedOutSessionWorksUntilItIsRevoked() async throws {
        let session = try client.handOut(60)
        let delegate = try Client(session: Session(session.toText()))
        let answer = try await URLSession.shared.answer(to: world.post("/t", "x"), signedBy: delegate)
        #expect(answer.inSession)
        try world.service.revokeSession(client.kid, session.sid)
        await refused(.revoked) { _ = try await URLSession.shared.data(for: world.post("/t", "x"), signedBy: delegate) }
        await refused(.revoked) { _ = try await URLSession.shared.data(from: world.url("/a"), signedBy: delegate) }
    }

    @Test func thirtyTwoTasksOfOneClient() async throws {
        let (world, client) = (world, client)
        let answers = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<32 {
                group.addTask { try await text(URLSession.shared.data(for: world.post("/\(number)", "x"), signedBy: client).0) }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(answers.count == 32 && world.service.counters()["accepted"] == 32)
    }

    @Test func aCancelledTaskEndsItsRequest() async throws {
        let (world, client) = (world, client)
        let task = Task { try await URLSession.shared.data(from: world.url("/slow"), signedBy: client) }
        try await eventually { !world.seen.all.isEmpty }
        task.cancel()
        let start = Date()
        await #expect(throws: (any Error).self) { try await task.value }
        #expect(Date().timeIntervalSince(start) < 30)
    }

    @Test func serversOfBothKindsAreServed() async throws {
        let signed = try client.sign("GET", name, "/")
        let headers: [Header] = [("host", name), ("oscartoki", signed.toki)]
        let answer = try await world.service.handle(
            "GET", "/", headers, read: { _ in Data() },
            app: { verified, _ in
                await Task.yield()
                return HTTPAnswer(200, [], verified.kid)
            })
        #expect(client.acceptHead(signed, answer.status, answer.headers, answer.body).error == nil && answer.body == client.kid)
        let broken = try client.sign("GET", name, "/")
        let failed = try world.service.handle(
            "GET", "/", [("host", name)] + broken.headers.map { ($0.key, $0.value) }, read: { _ in Data() }, app: { _, _ in throw Gone() })
        let outcome = client.acceptHead(broken, failed.status, failed.headers, failed.body)
        #expect(failed.status == 500 && outcome.signed && outcome.status == 500)
    }
}

func text(_ data: Data) -> String { String(decoding: data, as: UTF8.self) }
