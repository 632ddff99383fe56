import Foundation
import Oscartoki

/// A construction that worked, and what each of its steps gives.
protocol Steps: AnyObject {
    var members: [String: String] { get }
    func take(_ index: Int, _ step: String, _ given: Given) throws -> Told
}

final class ServiceSteps: Steps {
    static let given = "keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps"

    let members: [String: String] = [
        "verify": requestMembers + "now_ms toki grant finish_body_hex", "revoke_key": "kid_hex now_ms",
        "revoke_session": "kid_hex sid_hex now_ms", "revoke_issued_before": "kid_hex before_s now_ms",
        "message": keyMembers + carriedMembers["message"]! + "now_ms", "url": keyMembers + carriedMembers["url"]! + "now_ms",
        "ticket": keyMembers + carriedMembers["ticket"]! + "now_ms",
    ]
    private let service: Service

    init(_ given: Given) throws {
        if let memory = try given.maybeText("memory"), memory != "local" { throw Unknown("memory \(memory)") }
        let held = try given.list("keys").map { try Given($0, allowed: keyMembers) }
        let audience = try held.lazy.compactMap { try $0.maybeText("audience") }.first { !$0.isEmpty } ?? "audience"
        let keys = try held.map { try $0.key() }
        let ring = try Keyring(audience: audience)
        for key in keys { try ring.add(key) }
        let capacity = try given.maybeInt("capacity")
        service = try Service(
            authorities: given.texts("authorities"), keyring: ring,
            memory: MemoryReplayLog(capacity: capacity ?? 1 << 14, exact: capacity != nil), firstStart: given.maybeFlag("first_start") ?? true,
            windowMs: given.maybeInt("window_ms") ?? 30_000, maxTtlS: given.maybeInt("max_ttl_s") ?? 600, nowMs: given.maybeInt("start_ms") ?? 0)
    }

    func take(_: Int, _ step: String, _ given: Given) throws -> Told {
        switch step {
        case "verify": return try verify(service, given)
        case "message": return try message(service, given)
        case "url": return try url(service, given)
        case "ticket": return try ticket(service, given)
        case "revoke_key": try service.revokeKey(given.hex("kid_hex"))
        case "revoke_session": try service.revokeSession(given.hex("kid_hex"), given.hex("sid_hex"))
        default: try service.revokeIssuedBefore(given.hex("kid_hex"), beforeS: given.int("before_s"))
        }
        return [:]
    }
}

final class ClientSteps: Steps {
    static let given = keyMembers + "delegated steps"

    let members: [String: String] = [
        "sign": requestMembers + "now_ms repeatable trust_clock resend_of nonce_hex",
        "accept": "of now_ms status toki grant ext_hex body_hex body_sha256_hex",
    ]
    private let client: Client
    private var signed: [Int: SignedRequest] = [:]

    init(_ given: Given) throws {
        if let session = try given.maybeText("delegated") {
            client = try Client(session: Session(session))
        } else {
            client = try Client(audienceKey: given.key(.unsignable))
        }
    }

    func take(_ index: Int, _ step: String, _ given: Given) throws -> Told {
        try step == "sign" ? sign(index, given) : accept(given)
    }

    private func sign(_ index: Int, _ given: Given) throws -> Told {
        var options: CallOptions = []
        if try given.flag("repeatable") { options.insert(.repeatable) }
        if try given.flag("trust_clock") { options.insert(.trustClock) }
        if given["resend_of"] != nil { options.insert(.resend) }
        do {
            let made = try Hazmat.sign(
                client, given.text("method"), given.text("authority"), given.text("target"), given.body(), nonce: given.hex("nonce_hex"),
                nowMs: given.int("now_ms"), ext: given.hex("ext_hex"), digest: given.digest(), options: options)
            signed[index] = made
            return ["probe": .bool(made.isProbe), "toki": .text(made.toki), "grant": maybe(made.grant)]
        } catch let error as OscarError {
            return [
                "error": .text(error.name.rawValue), "may_have_run": error.mayHaveRun.map { .bool($0) } ?? .null, "signed": .bool(error.signed),
                "resend": .bool(false),
            ]
        }
    }

    private func accept(_ given: Given) throws -> Told {
        guard let sent = try signed[Int(given.int("of"))] else { throw Unknown("of names no sign step") }
        let outcome = try client.accept(
            sent, Int(given.int("status")), given.body(), toki: given.maybeText("toki"), grant: given.maybeText("grant"),
            ext: given.hex("ext_hex"), digest: given.digest(), receivedMs: given.int("now_ms"), monoMs: 0)
        var told: Told = [
            "resend": .bool(outcome.resend), "offset_ms": outcome.offsetMs.map { .int($0) } ?? .null, "sid_hex": maybe(outcome.adoptedSid?.hex),
            "code": number(outcome.code), "grant_error": maybe(outcome.grantError?.rawValue), "may_have_run": .bool(outcome.mayHaveRun),
            "signed": .bool(outcome.signed),
        ]
        if let name = outcome.name { told["error"] = .text(name.rawValue) }
        return told
    }
}
