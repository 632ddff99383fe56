import Foundation
internal import OscartokiNative

/// The keys of a service for one audience, who is revoked, and whose OscarToki v1 is still on.
public final class Keyring: Sendable {
    let native: OscartokiNative.Keyring

    /// An empty ring for one audience, which is used byte for byte.
    public init(audience: String) throws {
        try Door.checked.get()
        native = try speaking { try OscartokiNative.Keyring(audience: audience) }
    }

    /// The audience.
    public var audience: String { native.audience() }

    /// Adds a key; the same one again changes nothing, another under its kid is `kidTaken`.
    public func add(_ key: AudienceKey) throws { try speaking { try native.add(key: key.native) } }

    /// Adds what one line of a key file says: `oa2.…`, `oa2.… kid=HEX`, or `v1 until=… dialect=any key=HEX kid=HEX`.
    public func add(_ line: String) throws {
        try speaking { try native.addText(line: line.trimmingCharacters(in: .whitespaces)) }
    }

    /// Switches OscarToki v1 on for a client, until a time.
    public func addV1(kid: Data, key: Data, untilMs: Int64, dialect: V1.Dialect = .any) throws {
        try speaking { try native.addV1(kid: kid, key: key, untilMs: untilMs, dialect: dialect.native) }
    }

    /// Replaces all keys by those of a key file's text, at once or not at all.
    public func load(_ text: String) throws { try speaking { try native.load(text: text) } }

    /// Replaces the revocations by those of a file's text, at once or not at all; marks never fall.
    public func loadRevocations(_ text: String) throws { try speaking { try native.loadRevocations(text: text) } }

    /// What a key file's text would be refused for, with its line.
    public func faultInKeys(_ text: String) -> String? { native.faultInKeys(text: text) }

    /// Revokes a kid at once; the line that a file of revocations gets.
    @discardableResult public func revokeKey(_ kid: Data) throws -> String { try speaking { try native.revokeKey(kid: kid) } }

    /// Revokes one session at once; the line that a file of revocations gets.
    @discardableResult public func revokeSession(_ kid: Data, _ sid: Data) throws -> String {
        try speaking { try native.revokeSession(kid: kid, sid: sid) }
    }

    /// Revokes the sessions of a kid that were issued before a second of the epoch; the line that a file of revocations gets.
    @discardableResult public func revokeIssuedBefore(_ kid: Data, beforeS: Int64) throws -> String {
        try speaking { try native.revokeIssuedBefore(kid: kid, beforeS: beforeS) }
    }

    /// All revocations in force, as the text of a file.
    public var revocationsText: String { native.revocationsText() }

    /// The kids that are held.
    public var kids: [Data] { native.kids() }

    /// Whether a key stands under this kid.
    public func holds(_ kid: Data) -> Bool { native.holds(kid: kid) }

    /// Whether OscarToki v1 is on for a key.
    public var hasV1: Bool { native.hasV1() }
}

extension Keyring: CustomStringConvertible {
    /// The audience and how many keys, never one of them.
    public var description: String { "Keyring(\(audience), \(kids.count) keys)" }
}
