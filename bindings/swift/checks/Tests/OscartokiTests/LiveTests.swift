import Foundation
import Oscartoki
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// This client against `oscar serve`, and `oscar curl` against the Swift example. test.sh says where they are.
@Suite struct LiveTests {
    private let oscar = ProcessInfo.processInfo.environment["OSCAR"] ?? "oscar"
    private let example = ProcessInfo.processInfo.environment["OSCAR_SWIFT_SERVICE"] ?? "service"

    @Test func clientAgainstTheRustService() async throws {
        let pair = try Pair()
        let place = try folder()
        try pair.key.toText().write(toFile: place + "/key", atomically: true, encoding: .utf8)
        let service = try Running(oscar, ["serve", "--audience", name, "--key", place + "/key", "--listen", "127.0.0.1:0", "--first-start"])
        let url = try await service.url()
        let client = try pair.client()
        let first = try await URLSession.shared.answer(to: post(url, "/echo/a%2Fb?x=1&x=2", "body"), signedBy: client)
        #expect(first.probed && first.inSession && text(first.data).contains("\"target\":\"/echo/a%2Fb?x=1&x=2\""))
        #expect(text(first.data).contains(hex(sha256(Data("body".utf8)))))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<32 {
                group.addTask {
                    let answer = try await URLSession.shared.answer(to: post(url, "/echo/\(number)", "x"), signedBy: client)
                    #expect(answer.requests == 1 && answer.inSession)
                }
            }
            try await group.waitForAll()
        }
        let late = try pair.client(ClientOptions(clock: { Int64(Date().timeIntervalSince1970 * 1000) - 90_000 }))
        #expect(try await URLSession.shared.answer(to: URLRequest(url: url), signedBy: late).resent)
        let delegate = try Client(session: client.handOut(60))
        #expect(try await URLSession.shared.answer(to: post(url, "/echo", "x"), signedBy: delegate).inSession)
        await refused(.missing) { _ = try await URLSession.shared.data(from: url, signedBy: Client(secret: Secret.generate(), audience: name)) }
        let once = try post(url, "/echo", "x").signed(by: client)
        _ = try await URLSession.shared.data(for: once.request)
        let (_, replayed) = try await URLSession.shared.data(for: once.request)
        #expect((replayed as? HTTPURLResponse)?.statusCode == 409)
        #expect(try await service.end() == 0)
    }

    @Test func rustClientAgainstTheSwiftService() async throws {
        let pair = try Pair()
        let place = try folder()
        for (file, text) in [("key", pair.key.toText()), ("secret", pair.secret.toText())] {
            try text.write(toFile: "\(place)/\(file)", atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(place)/\(file)")
        }
        let service = try Running(
            example,
            ["--listen", "127.0.0.1:0", "--audience", name, "--key", place + "/key", "--revocations", place + "/revoked", "--memory", place + "/log"])
        let url = try await service.url(seconds: 20)
        func curl(_ more: [String], _ target: String = "/echo") async throws -> (code: Int32, out: String) {
            let curl = try Running(
                oscar, ["curl", "--secret", place + "/secret", "--audience", name] + more + [url.absoluteString.dropLast(5) + target])
            return (try await curl.wait(), curl.output())
        }
        let answered = try await curl(["-d", "body"], "/echo/a%2Fb?x=1&x=2")
        #expect(
            answered.code == 0 && answered.out.contains("\"target\": \"/echo/a%2Fb?x=1&x=2\"")
                && answered.out.contains(hex(sha256(Data("body".utf8)))))
        #expect(try await curl([], "/echo?").out.contains("\"target\": \"/echo?\""))
        await refused(.missing) { _ = try await URLSession.shared.data(from: url, signedBy: Client(secret: Secret.generate(), audience: name)) }
        try "revoked \(hex(pair.key.kid))\n".write(toFile: place + "/revoked", atomically: true, encoding: .utf8)
        var code: Int32 = 0
        for _ in 0..<20 where code == 0 {
            try await Task.sleep(nanoseconds: 200_000_000)
            code = try await curl([]).code
        }
        #expect(code == 1)
        #expect(try await service.end() == 0)
    }

    private func post(_ url: URL, _ target: String, _ body: String) -> URLRequest {
        var request = URLRequest(url: URL(string: target, relativeTo: url)!.absoluteURL)
        request.httpMethod = "POST"
        request.httpBody = Data(body.utf8)
        return request
    }
}

/// A program that runs beside the tests.
private final class Running: @unchecked Sendable {
    private let process = Process()
    private let out: URL

    init(_ program: String, _ arguments: [String]) throws {
        out = URL(fileURLWithPath: try folder() + "/out")
        try Data().write(to: out)
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = try FileHandle(forWritingTo: out)
        process.standardError = process.standardOutput
        // The threads of tasks block signals, and a child would inherit that: SIGTERM must reach it.
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    func output() -> String { (try? String(contentsOf: out, encoding: .utf8)) ?? "" }

    /// Where it listens, once it says so.
    func url(seconds: Double = 10) async throws -> URL {
        let end = Date(timeIntervalSinceNow: seconds)
        while Date() < end {
            if let line = output().split(separator: "\n").first(where: { $0.contains("listening on ") }),
                let url = line.range(of: "http://[0-9.:]+", options: .regularExpression).flatMap({ URL(string: line[$0] + "/echo") })
            {
                return url
            }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        throw OscarError(.internal, "\(process.executableURL?.path ?? "") does not listen: \(output())")
    }

    /// Its exit code, at the latest after 20 seconds.
    func wait() async throws -> Int32 {
        let end = Date(timeIntervalSinceNow: 20)
        while process.isRunning {
            if Date() > end { kill(process.processIdentifier, SIGKILL) }
            try await Task.sleep(nanoseconds: 20_000_000)
        }
        return process.terminationStatus
    }

    func end() async throws -> Int32 {
        process.terminate()
        return try await wait()
    }

    /// For when the test failed before its end.
    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
}
