import Foundation
import Oscartoki

/// The head of a request, as it stood on the wire.
struct Request {
    let method: String
    let target: String
    let headers: [Header]

    func value(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
}

/// A small HTTP/1.1 server: a thread for each connection, kept open between requests.
final class Server: @unchecked Sendable {
    typealias Answering = @Sendable (Request, (Int) throws -> Data) throws -> HTTPAnswer

    /// Host and port that it listens on.
    let address: String
    private let listener: Int32
    private let busy = Busy()

    init(listen: String) throws {
        let parts = listen.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = UInt16(parts[1]), parts[0] == "localhost" || inet_addr(String(parts[0])) != INADDR_NONE else {
            throw Failure("--listen is an IPv4 address and a port, such as 127.0.0.1:8080")
        }
        let host = parts[0] == "localhost" ? "127.0.0.1" : String(parts[0])
        #if canImport(Darwin)
            let made = socket(AF_INET, SOCK_STREAM, 0)
        #else
            let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var yes: Int32 = 1
        setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = inet_addr(host)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listens = withUnsafeMutablePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(made, $0, length) == 0 && Foundation.listen(made, 128) == 0 && getsockname(made, $0, &length) == 0
            }
        }
        guard made >= 0, listens else { throw Failure("\(listen): \(String(cString: strerror(errno)))") }
        listener = made
        address = "\(parts[0]):\(UInt16(bigEndian: name.sin_port))"
    }

    /// Serves until SIGTERM or SIGINT, then lets what runs finish, and ends the process with 0.
    func run(_ answering: @escaping Answering) -> Never {
        let signals = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [busy] in
                busy.drain(seconds: 5)
                exit(0)
            }
            source.resume()
            return source
        }
        withExtendedLifetime(signals) { serve(answering) }
    }

    /// Serves for ever.
    func serve(_ answering: @escaping Answering) -> Never {
        signal(SIGPIPE, SIG_IGN)
        while true {
            let socket = accept(listener, nil, nil)
            if socket < 0 {
                if errno != EINTR { Thread.sleep(forTimeInterval: 0.05) }
                continue
            }
            let thread = Thread { [busy] in Connection(socket).serve(answering, busy) }
            thread.stackSize = 1 << 19
            thread.start()
        }
    }
}

/// How many requests are being answered.
final class Busy: @unchecked Sendable {
    private let condition = NSCondition()
    private var count = 0

    func within<R>(_ body: () throws -> R) rethrows -> R {
        condition.withLock { count += 1 }
        defer {
            condition.withLock {
                count -= 1
                condition.broadcast()
            }
        }
        return try body()
    }

    func drain(seconds: Double) {
        let end = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        while count > 0, condition.wait(until: end) {}
        condition.unlock()
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
