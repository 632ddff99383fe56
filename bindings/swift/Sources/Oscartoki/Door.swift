import COscartoki
import Foundation
internal import OscartokiNative

/// The version of this package; the library inside has the same.
public let version = "0.1.0"

/// A header of a request or answer.
public typealias Header = (name: String, value: String)

/// A to Z folded, one trailing `:80` or `:443` removed: the form of an authority that is signed.
public func normaliseAuthority(_ name: String) throws -> String {
    try written(Int(OSCAR_AUTHORITY_MAX_LEN)) { out, room in
        withBytes(name) { oscar_authority_normalise($0, $1, out, room) }
    }
}

/// Wrapper and library fit, or this package was put together wrongly. Looked at once, by whoever crosses first.
@_spi(Checks) public enum Door {
    static let checked: Result<Void, OscarError> = {
        let found = String(cString: oscar_version())
        if let fault = misfit(version: found, abi: oscar_abi_version()) { return .failure(OscarError(.internal, fault)) }
        return .success(())
    }()

    /// The ABI that this package was built for.
    public static let abi = UInt32(OSCAR_ABI_VERSION)

    /// Why a library of that version can't be used; nil: it can.
    public static func misfit(version found: String, abi: UInt32) -> String? {
        if found != version {
            return "oscartoki \(version) needs its own library, but found liboscartoki \(found): "
                + "remove other liboscartoki.a from the linker's path, or update the package"
        }
        if abi != Self.abi {
            return "the C door of liboscartoki has ABI \(abi), this oscartoki was built for ABI \(Self.abi): update the package"
        }
        return nil
    }
}

/// The statuses of the door that are looked for by name.
enum Status {
    static let malformed = Int32(OSCAR_MALFORMED.rawValue)
    static let unsignable = Int32(OSCAR_UNSIGNABLE.rawValue)
    static let pending = Int32(OSCAR_PENDING.rawValue)
    static let badPacked = Int32(OSCAR_BAD_PACKED.rawValue)
    static let handshake = Int32(OSCAR_HANDSHAKE.rawValue)
}

// ---- clocks ----

/// Milliseconds since the epoch.
@inline(__always) func wall(_ given: Int64?) -> Int64 { given ?? milliseconds(CLOCK_REALTIME) }

/// A monotonic clock in milliseconds that stands still while the machine sleeps, so that core sees a sleep.
@inline(__always) func mono(_ given: Int64?) -> Int64 {
    #if canImport(Darwin)
        given ?? milliseconds(CLOCK_UPTIME_RAW)
    #else
        given ?? milliseconds(CLOCK_MONOTONIC)
    #endif
}

private func milliseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

// ---- packing ----

/// Writes `lp(field)` one after another. A field that is too long makes it `failed`.
struct Packer {
    private let base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private(set) var failed = false

    init(_ room: UnsafeMutableBufferPointer<UInt8>) { base = room.baseAddress.unsafelyUnwrapped }

    @inline(__always) mutating func be16(_ number: Int) {
        failed = failed || number < 0 || number > 0xFFFF
        store(number, at: base + count)
        count += 2
    }

    @inline(__always) mutating func field(_ text: String) {
        let place = base + count
        // A text of Swift's own is read where it lies; only a bridged one is copied.
        let length = text.utf8.withContiguousStorageIfAvailable { copy($0.baseAddress, $0.count, to: place) } ?? copied(Array(text.utf8), to: place)
        count += length + 2
        failed = failed || length < 0
    }

    @inline(__always) mutating func field(_ data: Data?) {
        guard let data, !data.isEmpty else { return be16(0) }
        let place = base + count
        let length = data.withUnsafeBytes { copy($0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self), $0.count, to: place) }
        count += length + 2
        failed = failed || length < 0
    }

    /// Toki and grant stand last, and only when they are there.
    @inline(__always) mutating func proofs(_ toki: String?, _ grant: String?) {
        guard let toki else { return }
        field(toki)
        if let grant { field(grant) }
    }

    mutating func headers(_ headers: [Header]) {
        for header in headers {
            field(header.name)
            field(header.value)
        }
    }
}

@inline(__always) private func store(_ number: Int, at place: UnsafeMutablePointer<UInt8>) {
    place[0] = UInt8(truncatingIfNeeded: number >> 8)
    place[1] = UInt8(truncatingIfNeeded: number)
}

/// lp of so many bytes; their count, or -2 where that does not fit.
@inline(__always) private func copy(_ bytes: UnsafePointer<UInt8>?, _ length: Int, to place: UnsafeMutablePointer<UInt8>) -> Int {
    if length > 0xFFFF { return -2 }
    store(length, at: place)
    if let bytes { memcpy(place + 2, bytes, length) }
    return length
}

private func copied(_ bytes: [UInt8], to place: UnsafeMutablePointer<UInt8>) -> Int {
    bytes.withUnsafeBufferPointer { copy($0.baseAddress, $0.count, to: place) }
}

/// Room for packed fields of so many bytes, on the stack where they fit. `call` gets nil where a field does not fit.
@inline(__always) func packed<R>(
    _ bytes: Int, fields: Int, _ pack: (inout Packer) -> Void, _ call: (UnsafePointer<UInt8>?, Int, Bool) throws -> R
) rethrows -> R {
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes + 2 * fields + 2) { room in
        var packer = Packer(room)
        pack(&packer)
        return try packer.failed ? call(nil, 0, true) : call(room.baseAddress, packer.count, false)
    }
}

/// How much room headers take when packed.
func room(_ headers: [Header]) -> Int { headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 } }

// ---- slices and texts ----

@inline(__always) func withBytes<R>(_ data: Data?, _ body: (UnsafePointer<UInt8>?, Int) throws -> R) rethrows -> R {
    guard let data, !data.isEmpty else { return try body(nil, 0) }
    return try data.withUnsafeBytes { try body($0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self), $0.count) }
}

/// The bytes of a text; nil is null, which the door tells from an empty one.
@inline(__always) func withBytes<R>(_ text: String?, _ body: (UnsafePointer<CChar>?, Int) throws -> R) rethrows -> R {
    guard var text else { return try body(nil, 0) }
    return try text.withUTF8 { bytes in
        try bytes.withMemoryRebound(to: CChar.self) { chars in
            // An empty text may lie nowhere.
            if let base = chars.baseAddress { return try body(base, chars.count) }
            var nothing: CChar = 0
            return try body(&nothing, 0)
        }
    }
}

/// A text that the door writes into a buffer of ours.
func written(_ room: Int, mayHaveRun: Bool? = nil, _ call: (UnsafeMutablePointer<CChar>, Int) -> Int32) throws -> String {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: room) { out in
        let base = out.baseAddress.unsafelyUnwrapped
        let status = call(base, room)
        if status != 0 { throw OscarError.refused(status, mayHaveRun: mayHaveRun) }
        return String(cString: base)
    }
}

/// The zero-terminated text in a field of a struct of the door.
@inline(__always) func text<Field>(_ field: borrowing Field) -> String {
    withUnsafeBytes(of: field) { String(cString: $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self)) }
}

/// The bytes in a field of a struct of the door.
func bytes<Field>(_ field: borrowing Field) -> Data { withUnsafeBytes(of: field) { Data($0) } }

/// 8 or 32 bytes that the door reads without being told their length.
func exactly(_ count: Int, _ data: Data, _ what: String) throws -> Data {
    guard data.count == count else { throw OscarError(.malformed, "\(what) has \(count) bytes") }
    return data
}

extension Data {
    /// Lower-case hex, as kids and sids are written.
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
