// A client in Swift with URLSession: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.
//
//   client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... [--ext LIST] [--repeatable] [--verify-first] [--trust-clock]
//          [--roll-every] [--count N] [--parallel N] [--clock-off-ms N] URL
//
// FILE holds an os2 secret, an oa2 audience key or an oz2 session. Prints each body, then
// `verified: status S, code C, requests R[, probed][, resent][, in session]`; a refusal or an answer that is not authentic goes to stderr as
// `error: NAME: sentence (may have run: yes|no)`. Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network.
import Foundation
import Oscartoki

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

let given = Arguments(
    valued: ["--secret", "--audience", "-X", "-d", "-H", "--ext", "--count", "--parallel", "--clock-off-ms"],
    flags: ["--repeatable", "--verify-first", "--trust-clock", "--roll-every"])
guard let secretFile = given.last("--secret") else { given.usage("--secret FILE is needed") }
guard given.alone.count == 1, let url = URL(string: given.alone[0]), url.host != nil else { given.usage("one URL is needed") }

func client() throws -> Client {
    var options = ClientOptions(ext: given.list("--ext"), roll: given.has("--roll-every") ? .every : .auto)
    let off = given.number("--clock-off-ms", 0)
    if off != 0 {
        // Only a demonstration moves a clock.
        options.clock = { Int64(Date().timeIntervalSince1970 * 1000) + off }
    }
    let text = try secretFrom(secretFile)
    if text.hasPrefix("oa2.") { return try Client(audienceKey: AudienceKey(text), options: options) }
    if text.hasPrefix("oz2.") { return try Client(session: Session(text), options: options) }
    return try Client(secret: text, audience: given.last("--audience"), options: options)
}

func request() -> URLRequest {
    var request = URLRequest(url: url)
    let body = given.last("-d")
    request.httpMethod = given.last("-X") ?? (body == nil ? "GET" : "POST")
    request.httpBody = body.map { Data($0.utf8) }
    for line in given["-H"] {
        let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        guard parts.count == 2 else { given.usage("-H takes 'Name: value'") }
        request.setValue(parts[1], forHTTPHeaderField: parts[0])
    }
    return request
}

func options() -> CallOptions {
    var options: CallOptions = []
    if given.has("--verify-first") { options.insert(.verifyFirst) }
    if given.has("--trust-clock") { options.insert(.trustClock) }
    if given.has("--repeatable") { options.insert(.repeatable) }
    return options
}

/// Sends it once; the exit code.
func send(_ request: URLRequest, _ client: Client) async -> Int32 {
    do {
        let answer = try await URLSession.shared.answer(to: request, signedBy: client, options: options())
        var told = ["status \(answer.response.statusCode)", "code \(answer.outcome.code ?? 0)", "requests \(answer.requests)"]
        for (word, isSo) in [("probed", answer.probed), ("resent", answer.resent), ("in session", answer.inSession)] where isSo { told.append(word) }
        say("\(String(decoding: answer.data, as: UTF8.self))\nverified: \(told.joined(separator: ", "))\n", to: .standardOutput)
        return 0
    } catch let error as OscarError {
        say("error: \(error) (may have run: \(error.mayHaveRun == false ? "no" : "yes"))\n", to: .standardError)
        return 1
    } catch {
        say("error: network: \(error.localizedDescription)\n", to: .standardError)
        return 4
    }
}

/// In one write, so that what parallel requests print does not mix.
func say(_ text: String, to file: FileHandle) { try? file.write(contentsOf: Data(text.utf8)) }

let signing: Client
do {
    signing = try client()
} catch {
    say("error: \(error)\n", to: .standardError)
    exit(3)
}
let asked = request()
let code = await withTaskGroup(of: Int32.self) { group in
    for _ in 0..<given.number("--parallel", 1) {
        group.addTask {
            var code: Int32 = 0
            for _ in 0..<given.number("--count", 1) {
                let next = await send(asked, signing)
                if code == 0 { code = next }
            }
            return code
        }
    }
    var worst: Int32 = 0
    for await code in group { worst = max(worst, code) }
    return worst
}
exit(code)
