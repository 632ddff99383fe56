import Foundation
import Oscartoki
import Testing

let name = "api.example.com"
let now: Int64 = 1_795_300_000_000

/// A client and what its service holds.
struct Pair {
    let secret: Secret
    let key: AudienceKey

    init() throws {
        secret = try Secret.generate()
        key = try secret.audienceKey(name)
    }

    func client(_ options: ClientOptions = ClientOptions()) throws -> Client { try Client(secret: secret, audience: name, options: options) }

    func service(nowMs: Int64? = now, memory: ReplayLog? = nil, authorities: [String] = [name]) throws -> Service {
        try Service(
            keys: [key.toText()], authorities: authorities, audience: name, memory: memory ?? MemoryReplayLog(capacity: 100_000),
            firstStart: true, nowMs: nowMs)
    }
}

/// Fails unless the block throws an error of that name, which is given back.
@discardableResult func refused(
    _ name: OscarError.Name, _ comment: Comment? = nil, at place: SourceLocation = #_sourceLocation, _ block: () async throws -> Void
) async -> OscarError? {
    do {
        try await block()
        Issue.record("nothing was refused; \(name) was expected", sourceLocation: place)
    } catch let error as OscarError {
        #expect(error.name == name, comment, sourceLocation: place)
        return error
    } catch {
        Issue.record("\(error) in place of \(name)", sourceLocation: place)
    }
    return nil
}

/// One request from client to service and its answer back.
func exchange(
    _ client: Client, _ service: Service, _ method: String = "GET", _ target: String = "/a%2Fb?x=1&x=2", _ body: Data? = nil, at: Int64 = now
) throws -> (signed: SignedRequest, verdict: Verdict, outcome: Outcome) {
    let signed = try client.sign(method, name, target, body, nowMs: at, monoMs: at)
    let verdict = service.verify(
        signed.isProbe ? "HEAD" : method, name, target, toki: signed.toki, grant: signed.grant, body: signed.isProbe ? nil : body, nowMs: at)
    let answer: SignedAnswer
    var status = 200
    var content = Data("{}".utf8)
    switch verdict {
    case .accepted(let verified): answer = try service.answer(verified, status, content, nowMs: at)
    case .refused(let refusal):
        (status, content) = (refusal.status, Data())
        answer = try service.answer(refusal, status, nowMs: at)
    default: throw OscarError(.internal, "an unexpected verdict")
    }
    let outcome = client.accept(signed, status, content, toki: answer.toki, grant: answer.grant, receivedMs: at, monoMs: at)
    return (signed, verdict, outcome)
}

func accepted(_ verdict: Verdict) -> VerifiedRequest? { if case .accepted(let verified) = verdict { verified } else { nil } }

func refusal(_ verdict: Verdict) -> Refusal? { if case .refused(let refusal) = verdict { refusal } else { nil } }

/// A folder of its own, private to this user, gone with the tests.
func folder() throws -> String {
    let place = "\(rootFolder)/\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    return place
}

private let rootFolder: String = {
    atexit { try? FileManager.default.removeItem(atPath: rootFolder) }
    return FileManager.default.temporaryDirectory.appendingPathComponent("oscartoki-tests-\(getpid())").path
}()

func eventually(_ seconds: Double = 2, _ holds: () -> Bool, at place: SourceLocation = #_sourceLocation) async throws {
    let end = Date(timeIntervalSinceNow: seconds)
    while !holds() {
        if Date() > end {
            Issue.record("not within \(seconds) seconds", sourceLocation: place)
            return
        }
        try await Task.sleep(nanoseconds: 20_000_000)
    }
}

/// What threads found, together.
final class Found<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [Value] = []

    func add(_ value: Value) { lock.withLock { values.append(value) } }
    var all: [Value] { lock.withLock { values } }
}

/// So many threads of the system at once, not tasks.
func threads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
    await withCheckedContinuation { done in
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            let thread = Thread {
                body(index)
                group.leave()
            }
            thread.start()
        }
        group.notify(queue: .global()) { done.resume() }
    }
}
