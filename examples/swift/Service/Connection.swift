import Foundation
import Oscartoki

/// One connection, whose requests come one after another.
final class Connection {
    private static let maxHead = 1 << 16
    /// So much of a body that nobody read is taken off the wire, so that a close does not reset it and lose the answer.
    private static let maxLeft = 1 << 21
    private let socket: Int32
    private var buffer = Data()

    init(_ socket: Int32) {
        self.socket = socket
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    func serve(_ answering: Server.Answering, _ busy: Busy) {
        while let head = nextHead() {
            guard let request = Request(head), let body = Body(request, self) else { return write(HTTPAnswer(400), closing: true) }
            let open = busy.within {
                do {
                    let answer = try answering(request, body.read)
                    let keeps = request.keepsAlive && body.discard(Self.maxLeft)
                    write(answer, closing: !keeps)
                    return keeps
                } catch {
                    if !(error is Gone) { write(HTTPAnswer(500), closing: true) }
                    return false
                }
            }
            if !open { return }
        }
    }

    /// The bytes up to the empty line; nil when the client is gone.
    private func nextHead() -> Data? {
        let end = Data("\r\n\r\n".utf8)
        while true {
            if let found = buffer.range(of: end) {
                let head = buffer[..<found.lowerBound]
                buffer = Data(buffer[found.upperBound...])
                return Data(head)
            }
            if buffer.count > Self.maxHead || !fill() { return nil }
        }
    }

    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(socket, &chunk, chunk.count, 0)
            if count < 0, errno == EINTR { continue }
            if count > 0 { buffer.append(contentsOf: chunk[..<count]) }
            return count > 0
        }
    }

    /// At most so many bytes, and at least one.
    func take(_ most: Int) throws -> Data {
        if buffer.isEmpty, !fill() { throw Gone() }
        let taken = buffer.prefix(most)
        buffer = Data(buffer.dropFirst(taken.count))
        return Data(taken)
    }

    func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: buffer[..<end], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
                buffer = Data(buffer[(end + 1)...])
                return line
            }
            if buffer.count > Self.maxHead || !fill() { throw Gone() }
        }
    }

    func send(_ data: Data) {
        data.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Foundation.send(socket, bytes.baseAddress! + sent, bytes.count - sent, 0)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return }
                sent += count
            }
        }
    }

    private func write(_ answer: HTTPAnswer, closing: Bool) {
        var head = "HTTP/1.1 \(answer.status) \(reasons[answer.status] ?? "Answer")\r\n"
        for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
        if answer.status != 204, answer.status != 304 { head += "content-length: \(answer.body.count)\r\n" }
        if closing { head += "connection: close\r\n" }
        send(Data((head + "\r\n").utf8) + answer.body)
    }
}

private let reasons = [
    200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict",
    413: "Content Too Large", 500: "Internal Server Error", 503: "Service Unavailable",
]

/// The client went away.
struct Gone: Error {}

extension Request {
    /// From the bytes of a head; nil where it is none.
    init?(_ head: Data) {
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        let parts = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0" else { return nil }
        var headers: [Header] = parts[2] == "HTTP/1.0" ? [("connection", "close")] : []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex, !line.hasPrefix(" "), !line.hasPrefix("\t") else { return nil }
            headers.append((String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)))
        }
        self.init(method: String(parts[0]), target: String(parts[1]), headers: headers)
    }

    var keepsAlive: Bool { value("connection")?.lowercased() != "close" }
}

/// The content of a request, with its Content-Length or in chunks.
final class Body {
    private let connection: Connection
    private let chunked: Bool
    private var left: Int
    private var expects: Bool
    private var ended = false

    /// Nil where nobody can tell how long it is.
    init?(_ request: Request, _ connection: Connection) {
        self.connection = connection
        let lengths = request.headers.filter { $0.name.lowercased() == "content-length" }.map(\.value)
        let coding = request.value("transfer-encoding")?.lowercased()
        chunked = coding == "chunked"
        guard lengths.count <= 1, coding == nil || (chunked && lengths.isEmpty), let length = Int(lengths.first ?? "0"), length >= 0 else {
            return nil
        }
        left = length
        ended = !chunked && length == 0
        expects = request.value("expect")?.lowercased() == "100-continue"
    }

    /// At most so many bytes of it.
    func read(_ most: Int) throws -> Data {
        if expects, !ended { connection.send(Data("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        expects = false
        var data = Data()
        while !ended, data.count < most { data.append(try next(most - data.count)) }
        return data
    }

    /// Takes the rest off the wire; false where that is too much, or where it waits for a word of ours.
    func discard(_ most: Int) -> Bool {
        if expects, !ended { return false }
        var taken = 0
        while !ended, taken < most {
            guard let data = try? next(1 << 16) else { return false }
            taken += data.count
        }
        return ended
    }

    private func next(_ most: Int) throws -> Data {
        if chunked, left == 0 {
            guard let size = Int(try connection.line().prefix { $0 != ";" }, radix: 16), size >= 0 else { throw Gone() }
            left = size
            if size == 0 {
                while !(try connection.line().isEmpty) {}
                ended = true
                return Data()
            }
        }
        let data = try connection.take(min(most, left))
        left -= data.count
        if left == 0 {
            if chunked { _ = try connection.line() } else { ended = true }
        }
        return data
    }
}
