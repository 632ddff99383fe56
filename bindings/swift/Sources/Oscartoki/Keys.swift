import Foundation
internal import OscartokiNative

/// What a client and the key registry hold: 32 random bytes, `os2.` as text. It is never printed.
public struct Secret: Sendable {
    let native: OscartokiNative.Secret

    /// A secret from its text. Errors: `malformed`, `wrongKind`, `weakSecret`.
    public init(_ text: String) throws {
        try Door.checked.get()
        native = try speaking { try OscartokiNative.Secret.parse(text: text) }
    }

    private init(native: OscartokiNative.Secret) { self.native = native }

    /// A new random secret.
    public static func generate() throws -> Secret {
        Secret(native: try speaking { try OscartokiNative.Secret.generate() })
    }

    /// A secret from exactly 32 random bytes, else `weakSecret`.
    public static func fromBytes(_ bytes: Data) throws -> Secret {
        Secret(native: try speaking { try OscartokiNative.Secret.fromBytes(bytes: bytes) })
    }

    /// The secret itself, for a file of mode 0600.
    public func toText() -> String { native.toText() }

    /// The key id of a generation: public, 8 bytes.
    public func kid(generation: Int64 = 0) throws -> Data {
        try speaking { try native.kid(generation: generation) }
    }

    /// What one service gets, for its audience and a generation.
    public func audienceKey(_ audience: String, generation: Int64 = 0) throws -> AudienceKey {
        AudienceKey(native: try speaking { try native.audienceKey(audience: audience, generation: generation) })
    }
}

/// What a service holds for one client, audience and generation; `oa2.` as text. It is never printed.
public struct AudienceKey: Sendable {
    let native: OscartokiNative.AudienceKey

    /// A key from its text. Errors: `malformed`, `wrongKind`, `weakSecret`.
    public init(_ text: String) throws {
        try Door.checked.get()
        native = try speaking { try OscartokiNative.AudienceKey.parse(text: text) }
    }

    init(native: OscartokiNative.AudienceKey) { self.native = native }

    /// The key itself, for the service's key file.
    public func toText() -> String { native.toText() }

    /// The same key under another, registered kid of 8 bytes.
    public func withKid(_ kid: Data) throws -> AudienceKey {
        AudienceKey(native: try speaking { try native.withKid(kid: kid) })
    }

    /// The key id, 8 bytes.
    public var kid: Data { native.kid() }
}

/// A handed-out session: one audience, its own sid, ten minutes at most; `oz2.` as text. It is never printed.
public struct Session: Sendable {
    let native: OscartokiNative.Session

    /// A session from its text. Errors: `malformed`, `wrongKind`.
    public init(_ text: String) throws {
        try Door.checked.get()
        native = try speaking { try OscartokiNative.Session.parse(text: text) }
    }

    init(native: OscartokiNative.Session) { self.native = native }

    /// The session itself, for the browser or worker that it is handed to.
    public func toText() -> String { native.toText() }

    /// The key id of the client that handed it out.
    public var kid: Data { native.kid() }

    /// The session id, by which it is revoked.
    public var sid: Data { native.sid() }

    /// When it ends, in seconds since the epoch.
    public var expS: Int64 { native.expS() }
}

// Nothing of a key is in what is printed, nor in what a debugger or `dump` shows.

extension Secret: CustomStringConvertible, CustomReflectable {
    /// The kid, never the secret.
    public var description: String { "Secret(kid \((try? kid().hex) ?? "?"))" }
    /// Shows nothing.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension AudienceKey: CustomStringConvertible, CustomReflectable {
    /// The kid, never the key.
    public var description: String { "AudienceKey(kid \(kid.hex))" }
    /// Shows nothing.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

extension Session: CustomStringConvertible, CustomReflectable {
    /// Kid, sid and end, never the key.
    public var description: String { "Session(kid \(kid.hex), sid \(sid.hex), until \(expS))" }
    /// Shows nothing.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

/// The key text in a file: its one line that is neither blank nor a comment.
public func secretFrom(_ path: String) throws -> String {
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline).map {
        $0.trimmingCharacters(in: .whitespaces)
    }
    let texts = lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }
    guard let text = texts.first, texts.count == 1 else {
        throw OscarError(.store, "\(path): one key text is needed, \(texts.count) were found")
    }
    return text
}
