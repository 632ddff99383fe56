import Foundation
import Oscartoki

/// The application, which knows nothing of tokis but who asks.
func echo(_ request: Request, _ verified: VerifiedRequest, _ body: Data) -> HTTPAnswer {
    let path = request.target.prefix { $0 != "?" }
    guard path == "/echo" || path.hasPrefix("/echo/") else { return json(404, #"{"error": "not found"}"#) }
    let session = verified.sid.map { "\"\(hex($0))\"" } ?? "null"
    let digest = body.isEmpty ? "null" : "\"\(hex(sha256(body)))\""
    return json(
        200,
        #"{"client": "\#(hex(verified.kid))", "session": \#(session), "method": "\#(request.method)", "#
            + #""target": "\#(escaped(request.target))", "body_sha256": \#(digest)}"#)
}

private func json(_ status: Int, _ text: String) -> HTTPAnswer { HTTPAnswer(status, [("content-type", "application/json")], Data(text.utf8)) }

private func hex(_ data: Data) -> String { data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

private func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
}
