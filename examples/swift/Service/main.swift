// A service in Swift on plain sockets: a thread for each connection, answering as `oscar serve` does.
//
//   service --listen 127.0.0.1:0 --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE]
//           [--ext LIST] [--answer-ext LIST] [--first-start]
//
// /echo and everything under it take any method and need a toki. --memory is shared by all processes on this machine that accept the same keys; without
// it, a file of this user is. Prints `listening on http://HOST:PORT` once it is ready. SIGTERM ends it with 0. Exit 2: usage; 3: key or configuration.
import Foundation
import Oscartoki

let given = Arguments(
    valued: ["--listen", "--audience", "--authority", "--key", "--revocations", "--memory", "--ext", "--answer-ext"], flags: ["--first-start"])
guard let audience = given.last("--audience"), !given["--key"].isEmpty else { given.usage("--audience NAME and --key FILE are needed") }

let service: Service
let server: Server
do {
    server = try Server(listen: given.last("--listen") ?? "127.0.0.1:8080")
    service = try Service(
        authorities: [audience, server.address] + given["--authority"], audience: audience, keysFile: given["--key"],
        revocationsFile: given.last("--revocations"), memory: given.last("--memory").map { try MappedReplayLog($0) },
        firstStart: given.has("--first-start"), ext: given.list("--ext"), answerExt: given.list("--answer-ext"))
} catch {
    complain("error: \(error)")
    exit(3)
}

// A service whose memory is new is ready some seconds after its start.
let wait = Double(service.readyAtMs) / 1000 - Date().timeIntervalSince1970
if wait > 0 { Thread.sleep(forTimeInterval: wait) }
FileHandle.standardOutput.write(Data("listening on http://\(server.address)\n".utf8))

server.run { request, read in
    try service.handle(request.method, request.target, request.headers, read: read) { verified, body in echo(request, verified, body) }
}
