import COscartoki
import Foundation
internal import OscartokiNative

/// What this protocol refuses. ``name`` is stable and the same in every language; docs/errors.md tells cause and fix of each.
///
/// ```swift
/// do { … } catch OscarError.Name.stale { … } catch let error as OscarError where error.mayHaveRun == false { … }
/// ```
public struct OscarError: Error, Sendable {
    /// One case for each stable name.
    public enum Name: String, Sendable, CaseIterable, CustomStringConvertible {
        /// Not in the one allowed form.
        case malformed
        /// No toki where one is needed.
        case missing
        /// A field that cannot be signed.
        case unsignable
        /// A name that is not this service's.
        case unknownAuthority = "unknown_authority"
        /// The key id is not held here.
        case unknownKey = "unknown_key"
        /// Not authentic.
        case badMac = "bad_mac"
        /// Outside the window, or at or below the floor.
        case stale
        /// Seen before.
        case replayed
        /// The session is over.
        case grantExpired = "grant_expired"
        /// The key, the session or its issue time is revoked.
        case revoked
        /// The content is not what was signed.
        case bodyMismatch = "body_mismatch"
        /// Authentic, but not allowed here.
        case policy
        /// Could not be remembered: try later.
        case busy
        /// A message or URL past its end.
        case expired
        /// A message from more than 300 seconds ahead.
        case notYet = "not_yet"
        /// The framework does not show the raw request target; the sentence names the fix.
        case rawTargetHidden = "raw_target_hidden"
        /// The answer stands, its grant is not ours.
        case badGrant = "bad_grant"
        /// A key text in another's place.
        case wrongKind = "wrong_kind"
        /// Key material is too weak.
        case weakSecret = "weak_secret"
        /// Another key stands under this kid.
        case kidTaken = "kid_taken"
        /// OscarToki v1: a core that this service minted came back as a request.
        case reflected
        /// No name of the protocol: a file of keys, revocations or memory can't be used.
        case store
        /// No name of the protocol: wrong use of the library itself, or a fault inside it.
        case `internal`

        /// The stable name.
        public var description: String { rawValue }
    }

    /// The stable name.
    public let name: Name
    /// Which rule was broken, never what was in the input.
    public let sentence: String
    /// A client's: false only where it is certain that the request had no effect; nil outside of a call.
    public let mayHaveRun: Bool?
    /// A client's: whether the answer was authentic.
    public let signed: Bool
    /// The HTTP status: of the answer that a client got, or the one that a service refuses with.
    public let status: Int?

    /// An error of that name.
    public init(_ name: Name, _ sentence: String = "", mayHaveRun: Bool? = nil, signed: Bool = false, status: Int? = nil) {
        self.name = name
        self.sentence = sentence
        self.mayHaveRun = mayHaveRun
        self.signed = signed
        self.status = status
    }
}

extension OscarError: CustomStringConvertible, LocalizedError {
    /// `name: sentence`.
    public var description: String { sentence.isEmpty ? name.rawValue : "\(name): \(sentence)" }
    /// `name: sentence`.
    public var errorDescription: String? { description }
}

extension OscarError.Name {
    /// `catch OscarError.Name.badMac`
    public static func ~= (name: OscarError.Name, error: any Error) -> Bool { (error as? OscarError)?.name == name }

    /// The name of a status of the C door.
    init(_ status: Int32) {
        self = oscar_error_name(status).flatMap { Self(rawValue: String(cString: $0)) } ?? .internal
    }
}

extension OscarError {
    /// The error of a status of the C door.
    init(status: Int32, detail: String? = nil, mayHaveRun: Bool? = nil, signed: Bool = false, http: Int? = nil) {
        let sentence = detail.flatMap { $0.isEmpty ? nil : $0 } ?? String(cString: oscar_status_message(status))
        self.init(Name(status), sentence, mayHaveRun: mayHaveRun, signed: signed, status: http)
    }

    /// The error of a call of the C door that has just refused, on this thread.
    static func refused(_ status: Int32, mayHaveRun: Bool? = nil) -> OscarError {
        OscarError(status: status, detail: String(cString: oscar_last_detail()), mayHaveRun: mayHaveRun)
    }

    /// The error of the generated code, whose text begins with its name.
    init(_ error: OscartokiNative.OscarError) {
        let parts = error.text.split(separator: ":", maxSplits: 1)
        self.init(Name(rawValue: String(parts[0])) ?? .internal, parts.count == 2 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
    }
}

/// Throws the errors of the generated code as ours.
func speaking<R>(_ body: () throws -> R) throws -> R {
    do {
        return try body()
    } catch let error as OscartokiNative.OscarError {
        throw OscarError(error)
    } catch MemoryError.Unusable(let sentence) {
        throw OscarError(.store, sentence)
    } catch RingFileError.Fault(let path, let name, let sentence, _) {
        throw OscarError(OscarError.Name(rawValue: name) ?? .store, path.isEmpty ? sentence : "\(path): \(sentence)")
    }
}

extension OscartokiNative.OscarError {
    fileprivate var text: String {
        switch self {
        case .Malformed(let text), .Missing(let text), .Unsignable(let text), .UnknownAuthority(let text), .UnknownKey(let text),
            .BadMac(let text), .Stale(let text), .Replayed(let text), .GrantExpired(let text), .Revoked(let text),
            .BodyMismatch(let text), .Policy(let text), .Busy(let text), .Expired(let text), .NotYet(let text),
            .RawTargetHidden(let text), .BadGrant(let text), .WrongKind(let text), .WeakSecret(let text), .KidTaken(let text),
            .Reflected(let text):
            return text
        }
    }
}
