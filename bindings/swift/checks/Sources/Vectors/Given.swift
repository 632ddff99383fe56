import Foundation
import Oscartoki

/// The `in` of a case or step; absent and null are both "not given".
struct Given {
    let members: JSON

    init(_ members: JSON?, allowed: String) throws {
        self.members = members ?? .object([:])
        let allowed = allowed.split(separator: " ")
        guard let named = self.members.members else { throw Unknown("in is no object") }
        for name in named.keys where !allowed.contains(Substring(name)) { throw Unknown("member \(name)") }
    }

    subscript(name: String) -> JSON? { members[name] }

    func maybeText(_ name: String) throws -> String? {
        guard let value = members[name] else { return nil }
        guard case .text(let text) = value else { throw Unknown("\(name) is no text") }
        return text
    }

    func text(_ name: String) throws -> String { try maybeText(name) ?? "" }

    func maybeInt(_ name: String) throws -> Int64? {
        guard let value = members[name] else { return nil }
        guard case .int(let int) = value else { throw Unknown("\(name) is no integer") }
        return int
    }

    func int(_ name: String) throws -> Int64 {
        guard let int = try maybeInt(name) else { throw Unknown("\(name) is missing") }
        return int
    }

    func maybeFlag(_ name: String) throws -> Bool? {
        guard let value = members[name] else { return nil }
        guard case .bool(let flag) = value else { throw Unknown("\(name) is neither true nor false") }
        return flag
    }

    func flag(_ name: String) throws -> Bool { try maybeFlag(name) ?? false }

    func maybeHex(_ name: String) throws -> Data? {
        guard let text = try maybeText(name) else { return nil }
        guard let data = Data(hex: text) else { throw Unknown("\(name) is no hex") }
        return data
    }

    func hex(_ name: String) throws -> Data { try maybeHex(name) ?? Data() }

    /// The body, unless its digest is given.
    func body() throws -> Data? { try digest() == nil ? hex("body_hex") : nil }

    func digest() throws -> Data? { try maybeHex("body_sha256_hex") }

    func list(_ name: String) throws -> [JSON] {
        guard let value = members[name] else { return [] }
        guard let list = value.list else { throw Unknown("\(name) is no list") }
        return list
    }

    func texts(_ name: String) throws -> [String] {
        try list(name).map { value in
            guard case .text(let text) = value else { throw Unknown("\(name) holds what is no text") }
            return text
        }
    }

    func dialect() throws -> V1.Dialect {
        guard let name = try maybeText("dialect") else { return .any }
        guard let dialect = V1.Dialect(rawValue: name) else { throw Unknown("dialect \(name)") }
        return dialect
    }

    /// `wrong`: what an audience or generation that can't be is called here.
    func key(_ wrong: OscarError.Name = .malformed) throws -> AudienceKey {
        if let text = try maybeText("audience_key") { return try AudienceKey(text) }
        do {
            let audience = try maybeText("audience") ?? normaliseAuthority(text("authority"))
            return try Secret.fromBytes(hex("secret_hex")).audienceKey(audience, generation: maybeInt("generation") ?? 0)
        } catch let error as OscarError where error.name == .unsignable || error.name == .malformed {
            throw OscarError(wrong, error.sentence)
        }
    }

    /// A service with the key, whose names are the audience where that is an authority.
    func freshService() throws -> Service {
        let audience = try text("audience")
        let names = (try? normaliseAuthority(audience)) == nil ? [] : [audience]
        let ring = try Keyring(audience: audience.isEmpty ? "audience" : audience)
        try ring.add(key())
        return try Service(
            authorities: names, keyring: ring, memory: MemoryReplayLog(capacity: 1 << 14), firstStart: true, nowMs: int("now_ms"))
    }
}

extension Data {
    init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[at...at + 1], as: UTF8.self), radix: 16), digits[at] != UInt8(ascii: "+") else {
                return nil
            }
            bytes.append(byte)
        }
        self.init(bytes)
    }

    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
