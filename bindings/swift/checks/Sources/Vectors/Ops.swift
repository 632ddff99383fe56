import Foundation
import Oscartoki

let keyMembers = "secret_hex audience_key audience generation "
let requestMembers = "method authority target ext_hex body_hex body_sha256_hex "
let answerMembers = "status grant ext_hex body_hex body_sha256_hex "
let carriedMembers = [
    "message": "destination type ext_hex body_hex body_sha256_hex toki ", "ticket": "ticket origin ", "url": "method authority target ext_hex ",
]

typealias Told = [String: JSON]

/// One operation of the page: which members it takes, and what it does.
struct Operation: Sendable {
    let members: String
    let run: @Sendable (Given) throws -> Told
}

let operations: [String: Operation] = [
    "key.derive": Operation(members: "secret_hex secret audience generation") { given in
        let text = try given.maybeText("secret")
        let secret = try text.map { try Secret($0) } ?? Secret.fromBytes(given.hex("secret_hex"))
        let key = try secret.audienceKey(given.text("audience"), generation: given.maybeInt("generation") ?? 0)
        return [
            "secret": .text(secret.toText()), "kid_hex": .text(key.kid.hex), "audience_key": .text(key.toText()),
            "audience_key_hex": .text(try Hazmat.expose(key).hex),
        ]
    },
    "key.parse": Operation(members: "text kind") { given in
        let text = try given.text("text")
        switch try given.text("kind") {
        case "secret": return ["text": .text(try Secret(text).toText())]
        case "audience_key": return ["text": .text(try AudienceKey(text).toText())]
        case "session": return ["text": .text(try Session(text).toText())]
        case let kind: throw Unknown("kind \(kind)")
        }
    },
    "toki.mint": Operation(members: keyMembers + requestMembers + "ts_ms nonce_hex want grant") { given in
        let toki = try Hazmat.mintRequest(
            given.key(.unsignable), given.text("method"), given.text("authority"), given.text("target"), given.body(), tsMs: given.int("ts_ms"),
            nonce: given.hex("nonce_hex"), want: given.flag("want"), grant: given.maybeText("grant"), ext: given.hex("ext_hex"),
            digest: given.digest())
        return ["toki": .text(toki)]
    },
    "toki.verify": Operation(members: keyMembers + requestMembers + "now_ms toki grant finish_body_hex") { given in
        try verify(given.freshService(), given)
    },
    "grant.mint": Operation(members: keyMembers + "request_toki sid_hex exp_s ttl_s") { given in
        let grant = try Hazmat.mintGrant(
            given.key(.unsignable), given.text("request_toki"), sid: given.hex("sid_hex"), expS: given.int("exp_s"), ttlS: given.int("ttl_s"))
        return ["grant": .text(grant)]
    },
    "answer.mint": Operation(members: keyMembers + answerMembers + "session_grant request_toki code ts_ms") { given in
        let toki = try Hazmat.mintAnswer(
            given.key(.unsignable), given.text("request_toki"), Int(given.int("status")), given.body(), code: Int(given.int("code")),
            tsMs: given.int("ts_ms"), sessionGrant: given.maybeText("session_grant"), grant: given.maybeText("grant"),
            ext: given.hex("ext_hex"), digest: given.digest())
        return ["toki": .text(toki)]
    },
    "answer.verify": Operation(members: keyMembers + answerMembers + "session_grant request_toki toki") { given in
        let (outcome, tsMs) = try Hazmat.accept(
            given.key(), given.text("request_toki"), Int(given.int("status")), given.body(), toki: given.maybeText("toki"),
            grant: given.maybeText("grant"), sessionGrant: given.maybeText("session_grant"), ext: given.hex("ext_hex"), digest: given.digest())
        return ["code": number(outcome.code), "ts_ms": .int(tsMs), "sid_hex": maybe(outcome.adoptedSid?.hex)]
    },
    "message.mint": Operation(
        members: keyMembers + "destination type ext_hex body_hex body_sha256_hex ts_ms nonce_hex ttl_s"
    ) { given in
        let toki = try Hazmat.mintMessage(
            given.key(.unsignable), given.text("destination"), given.text("type"), given.body() ?? Data(), tsMs: given.int("ts_ms"),
            nonce: given.hex("nonce_hex"), ttlS: given.int("ttl_s"), ext: given.hex("ext_hex"), digest: given.digest())
        return ["toki": .text(toki)]
    },
    "url.mint": Operation(members: keyMembers + "method authority target ext_hex exp_ms") { given in
        let target = try Hazmat.mintUrl(
            given.key(.unsignable), given.text("method"), given.text("authority"), given.text("target"), expMs: given.int("exp_ms"),
            ext: given.hex("ext_hex"))
        return ["target": .text(target)]
    },
    "ticket.mint": Operation(members: keyMembers + "connection_hex origin ts_ms nonce_hex") { given in
        let ticket = try Hazmat.mintTicket(
            given.key(.unsignable), given.hex("connection_hex"), tsMs: given.int("ts_ms"), nonce: given.hex("nonce_hex"),
            origin: given.maybeText("origin"))
        return ["ticket": .text(ticket)]
    },
    "message.verify": Operation(members: keyMembers + carriedMembers["message"]! + "now_ms") { try message($0.freshService(), $0) },
    "url.verify": Operation(members: keyMembers + carriedMembers["url"]! + "now_ms") { try url($0.freshService(), $0) },
    "ticket.verify": Operation(members: keyMembers + carriedMembers["ticket"]! + "now_ms") { try ticket($0.freshService(), $0) },
    "v1.mint": Operation(members: "key now_ms") { given in
        ["toki": .text(try V1.Key(Data(given.text("key").utf8)).mint(nowMs: given.int("now_ms")))]
    },
    "v1.verify": Operation(members: "key toki now_ms dialect") { given in
        let ts = try V1.Key(Data(given.text("key").utf8)).verify(given.text("toki"), dialect: given.dialect(), nowMs: given.int("now_ms"))
        return ["ts_ms": .int(ts)]
    },
    "v1.tokikey.mint": Operation(members: "key toki now_ms") { given in
        ["tokikey": .text(try V1.Key(Data(given.text("key").utf8)).mintTokikey(given.text("toki"), nowMs: given.int("now_ms")))]
    },
    "v1.tokikey.verify": Operation(members: "key toki tokikey now_ms dialect") { given in
        try V1.Key(Data(given.text("key").utf8)).verifyTokikey(
            given.text("toki"), given.text("tokikey"), dialect: given.dialect(), nowMs: given.int("now_ms"))
        return [:]
    },
]

// ---- what a fresh service and the steps of `service` do alike ----

func verify(_ service: Service, _ given: Given) throws -> Told {
    var verdict = try service.verify(
        given.text("method"), given.text("authority"), given.text("target"), toki: given.maybeText("toki"), grant: given.maybeText("grant"),
        body: given.body(), ext: given.hex("ext_hex"), digest: given.digest(), nowMs: given.int("now_ms"))
    if case .pending(let pending) = verdict {
        if let arrived = try given.maybeHex("finish_body_hex") {
            verdict = pending.finish(arrived)
        } else {
            verdict = try pending.finish(digest: given.hex("body_sha256_hex"))
        }
    }
    guard case .accepted(let verified) = verdict else {
        try verdict.throwForRefusal()
        throw Unknown("a verdict that is neither accepted nor refused")
    }
    return [
        "kid_hex": .text(verified.kid.hex), "sid_hex": maybe(verified.sid?.hex), "ts_ms": .int(verified.tsMs),
        "nonce_hex": .text(verified.nonce.hex), "want": .bool(verified.want),
    ]
}

func message(_ service: Service, _ given: Given) throws -> Told {
    let made = try service.verifyMessage(
        given.text("destination"), given.text("type"), given.body() ?? Data(), toki: given.maybeText("toki"), ext: given.hex("ext_hex"),
        digest: given.digest(), nowMs: given.int("now_ms"))
    return ["kid_hex": .text(made.kid.hex), "ts_ms": .int(made.tsMs), "ttl_s": .int(made.ttlS), "verdict": .text(made.freshness.rawValue)]
}

func url(_ service: Service, _ given: Given) throws -> Told {
    let made = try service.verifyUrl(
        given.text("method"), given.text("authority"), given.text("target"), ext: given.hex("ext_hex"), nowMs: given.int("now_ms"))
    return ["kid_hex": .text(made.kid.hex), "exp_ms": .int(made.expMs)]
}

func ticket(_ service: Service, _ given: Given) throws -> Told {
    let made = try service.verifyTicket(given.maybeText("ticket"), origin: given.maybeText("origin"), nowMs: given.int("now_ms"))
    return ["kid_hex": .text(made.kid.hex), "connection_hex": .text(made.connection.hex), "ts_ms": .int(made.tsMs)]
}

func maybe(_ text: String?) -> JSON { text.map { .text($0) } ?? .null }

func number(_ number: Int?) -> JSON { number.map { .int(Int64($0)) } ?? .null }
