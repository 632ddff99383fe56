import Foundation
import Oscartoki
import Testing

/// The primitives: sign, verify, answer, accept, between one client and one service.
@Suite struct ExchangeTests {
    let pair: Pair
    let client: Client
    let service: Service

    init() throws {
        pair = try Pair()
        client = try pair.client()
        service = try pair.service()
    }

    @Test func aRootRequestRollsOntoASession() throws {
        let (_, verdict, outcome) = try exchange(client, service)
        let verified = try #require(accepted(verdict))
        #expect(verified.sid == nil && verified.kid == client.kid && verified.authority == name && verified.version == 2 && verified.tsMs == now)
        #expect(verified.nonce.count == 8 && verified.want && outcome.error == nil && outcome.code == 0 && outcome.signed)
        #expect(outcome.contentAuthentic && outcome.offsetMs == 0 && outcome.status == 200)
        let sid = try #require(outcome.adoptedSid)
        let (signed, next, second) = try exchange(client, service, at: now + 1)
        #expect(signed.inSession && accepted(next)?.sid == sid && second.error == nil && second.grantError == nil)
    }

    @Test func anUnsafeRequestIsProbedFirst() throws {
        let (signed, verdict, outcome) = try exchange(client, service, "POST", "/", Data("x".utf8))
        let refused = try #require(refusal(verdict))
        #expect(signed.isProbe && refused.status == 204 && refused.code == 1 && refused.name == .stale)
        #expect(outcome.error == nil && outcome.isProbe && !outcome.mayHaveRun)
        let (second, next, answer) = try exchange(client, service, "POST", "/", Data("x".utf8), at: now + 1)
        #expect(!second.isProbe && accepted(next) != nil && answer.code == 0)
    }

    @Test func aSecondAcceptIsReplayed() async throws {
        let signed = try client.sign("GET", name, "/", nowMs: now)
        let verified = try #require(accepted(service.verify("GET", name, "/", toki: signed.toki, nowMs: now)))
        let answer = try service.answer(verified, 200, Data("x".utf8), nowMs: now)
        let first = client.accept(signed, 200, Data("x".utf8), toki: answer.toki, grant: answer.grant, receivedMs: now)
        let again = client.accept(signed, 200, Data("x".utf8), toki: answer.toki, grant: answer.grant, receivedMs: now)
        #expect(first.error == nil && again.name == .replayed && !again.signed)
        await refused(.replayed) { try again.throwForRefusal() }
    }

    @Test func aTokiIsGoodOnceAndAnAnswerIsMintedOnce() async throws {
        let signed = try client.sign("GET", name, "/", nowMs: now)
        let verified = try #require(accepted(service.verify("GET", name, "/", toki: signed.toki, nowMs: now)))
        let again = try #require(refusal(service.verify("GET", name, "/", toki: signed.toki, nowMs: now)))
        #expect(again.name == .replayed && again.status == 409 && again.code == 2 && again.signed && !again.wwwAuthenticate)
        _ = try service.answer(verified, 200, nowMs: now)
        await refused(.replayed) { _ = try service.answer(verified, 200, nowMs: now) }
    }

    @Test func contentDigestWaitsForWhatArrives() async throws {
        let digest = sha256(Data("body".utf8))
        for (arrived, expected) in [("body", nil), ("bodY", .bodyMismatch), ("", .bodyMismatch)] as [(String, OscarError.Name?)] {
            let signed = try client.sign("PUT", name, "/", Data("body".utf8), options: .trustClock, nowMs: now)
            guard
                case .pending(let pending) = service.verify(
                    "PUT", name, "/", toki: signed.toki, grant: signed.grant, digest: digest, nowMs: now)
            else {
                Issue.record("not pending")
                return
            }
            #expect(pending.finish(Data(arrived.utf8)).error?.name == expected)
            #expect(pending.finish(Data(arrived.utf8)).error?.name == .replayed)
            await refused(.malformed) { _ = try pending.finish(digest: Data(count: 31)) }
        }
        let signed = try client.sign("PUT", name, "/", Data("body".utf8), options: .trustClock, nowMs: now)
        guard case .pending(let pending) = service.verify("PUT", name, "/", toki: signed.toki, grant: signed.grant, digest: digest, nowMs: now)
        else {
            Issue.record("not pending")
            return
        }
        let large = pending.tooLarge()
        #expect(large.name == .policy && large.status == 413 && large.code == 6)
    }

    @Test func aChangedRequestIsRefused() throws {
        let x = Data("x".utf8)
        let signed = try client.sign("PUT", name, "/a", x, options: .trustClock, nowMs: now)
        typealias Change = (OscarError.Name, (Service, String) -> Verdict)
        let changes: [Change] = [
            (.badMac, { $0.verify("DELETE", name, "/a", toki: $1, body: x, nowMs: now) }),
            (.badMac, { $0.verify("PUT", name, "/b", toki: $1, body: x, nowMs: now) }),
            (.badMac, { $0.verify("PUT", name, "/a?", toki: $1, body: x, nowMs: now) }),
            (.badMac, { $0.verify("PUT", name, "/a", toki: $1, body: Data("y".utf8), nowMs: now) }),
            (.malformed, { $0.verify("PUT", name, "/a", toki: $1, nowMs: now) }),
            (.malformed, { $0.verify("PUT", name, "/a", toki: $1, body: x, ext: Data("\0\u{1}a\0\u{1}b".utf8), nowMs: now) }),
            (.unknownAuthority, { $0.verify("PUT", "other.example.com", "/a", toki: $1, body: x, nowMs: now) }),
            (.malformed, { $0.verify("PUT", "a b", "/a", toki: $1, body: x, nowMs: now) }),
            (.missing, { service, _ in service.verify("PUT", name, "/a", toki: nil, body: x, nowMs: now) }),
            (.malformed, { service, _ in service.verify("PUT", name, "/a", toki: "", body: x, nowMs: now) }),
            (.malformed, { $0.verify("PUT", name, "/a", toki: $1, grant: "ok2.", body: x, nowMs: now) }),
            (.malformed, { $0.verify("put", name, "/a", toki: $1, body: x, nowMs: now) }),
            (.malformed, { $0.verify("PUT", name, "x", toki: $1, body: x, nowMs: now) }),
            (.malformed, { $0.verify("PUT", name, "/" + String(repeating: "x", count: 70_000), toki: $1, body: x, nowMs: now) }),
            (.malformed, { $0.verify("PUT", name, "/\u{fc}", toki: $1, body: x, nowMs: now) }),
            (.stale, { $0.verify("PUT", name, "/a", toki: $1, body: x, nowMs: now + 30_001) }),
            (.stale, { $0.verify("PUT", name, "/a", toki: $1, body: x, nowMs: now - 2_001) }),
        ]
        for (wanted, change) in changes {
            let service = try pair.service()
            let verdict = change(service, signed.toki)
            #expect(verdict.error?.name == wanted)
            #expect(refusal(verdict)?.signed == (wanted == .stale))
        }
    }

    @Test func aChangedAnswerIsRefused() throws {
        let x = Data("x".utf8)
        typealias Change = (OscarError.Name, (Client, SignedRequest, SignedAnswer) -> Outcome)
        let changes: [Change] = [
            (.badMac, { $0.accept($1, 201, x, toki: $2.toki, grant: $2.grant, receivedMs: now) }),
            (.badMac, { $0.accept($1, 200, Data("y".utf8), toki: $2.toki, grant: $2.grant, receivedMs: now) }),
            (.missing, { $0.accept($1, 200, x, toki: nil, grant: $2.grant, receivedMs: now) }),
            (.malformed, { $0.accept($1, 200, x, toki: $2.toki, receivedMs: now) }),
            (.malformed, { client, signed, answer in client.accept(signed, 200, x, toki: "ot2.AAAA", grant: answer.grant, receivedMs: now) }),
            (.malformed, { $0.accept($1, 200, toki: $2.toki, grant: $2.grant, receivedMs: now) }),
            (.malformed, { $0.accept($1, 70_000, x, toki: $2.toki, grant: $2.grant, receivedMs: now) }),
            (.missing, { client, signed, _ in client.giveUp(signed) }),
            (.policy, { client, signed, _ in client.giveUp(signed, status: 200) }),
        ]
        for (wanted, change) in changes {
            let signed = try client.sign("GET", name, "/a", nowMs: now)
            let verified = try #require(accepted(service.verify("GET", name, "/a", toki: signed.toki, nowMs: now)))
            let outcome = change(client, signed, try service.answer(verified, 200, x, nowMs: now))
            #expect(outcome.name == wanted && outcome.mayHaveRun && !outcome.signed && !outcome.resend && outcome.error?.mayHaveRun == true)
            #expect(client.offsetMs == nil)
        }
    }

    @Test func aRefusedSignSaysThatNothingRan() async throws {
        for (method, authority, target) in [
            ("get", name, "/"), ("GET", "", "/"), ("GET", name, "x"), ("GET", name, "/#"), ("CONNECT", name, "/"),
            ("GET", name, "/" + String(repeating: "x", count: 70_000)),
        ] {
            let error = await refused(.unsignable) { _ = try client.sign(method, authority, target) }
            #expect(error?.mayHaveRun == false && error?.signed == false)
        }
        await refused(.unsignable) { _ = try client.sign("POST", name, "/", Data("x".utf8), options: .repeatable) }
        await refused(.unsignable) { _ = try client.call("POST", name, "/" + String(repeating: "x", count: 70_000)) }
    }

    @Test func aDelegateHasItsSessionAndNoMore() async throws {
        let session = try client.handOut(60, nowMs: now)
        let delegate = try Client(session: Session(session.toText()))
        let (signed, verdict, outcome) = try exchange(delegate, service)
        #expect(signed.inSession && accepted(verdict)?.sid == session.sid && outcome.error == nil)
        await refused(.grantExpired) { _ = try delegate.sign("GET", name, "/", nowMs: now + 61_000) }
        await refused(.unsignable) { _ = try delegate.handOut(60) }
        await refused(.unsignable) { _ = try client.handOut(601) }
        try service.revokeSession(client.kid, session.sid)
        let later = try Client(session: session).sign("GET", name, "/", nowMs: now)
        let verdictLater = service.verify("GET", name, "/", toki: later.toki, grant: later.grant, nowMs: now)
        #expect(refusal(verdictLater)?.name == .revoked && refusal(verdictLater)?.status == 403)
    }

    @Test func stateGoesToAnotherProcess() async throws {
        _ = try exchange(client, service)
        let other = try pair.client()
        try other.importState(client.exportState())
        #expect(try other.sign("GET", name, "/", nowMs: now).inSession)
        #expect(!client.exportState().contains(pair.secret.toText()))
        await refused(.malformed) { try other.importState("nonsense") }
    }

    @Test func oneClientForSeveralAudiences() throws {
        let several = try Client(secret: pair.secret)
        let (_, verdict, outcome) = try exchange(several, service)
        #expect(accepted(verdict) != nil && outcome.error == nil && several.offsetMs == nil)
        #expect(try several.forAudience(name).offsetMs == 0)
    }

    @Test func coveredHeadersMustAgree() throws {
        let client = try pair.client(ClientOptions(ext: ["idempotency-key"], answerExt: ["etag"]))
        let service = try Service(
            keys: [pair.key.toText()], authorities: [name], memory: MemoryReplayLog(capacity: 100), firstStart: true, ext: ["idempotency-key"],
            answerExt: ["etag"], nowMs: now)
        func verify(_ headers: [Header], _ signed: SignedRequest) -> Verdict {
            service.verifyHead("GET", "/", [("Host", name), ("oscartoki", signed.toki)] + headers, nowMs: now)
        }
        let ext = try client.requestExt([("Idempotency-Key", "k1")])
        let signed = try client.sign("GET", name, "/", ext: ext, nowMs: now)
        #expect(refusal(verify([("idempotency-key", "k2")], signed))?.name == .badMac)
        #expect(refusal(verify([], signed))?.name == .badMac)
        let verified = try #require(accepted(verify([("IDEMPOTENCY-KEY", "k1")], signed)))
        let answer = try service.answerHead(verified, 200, [("ETag", "\"1\"")], Data("x".utf8), nowMs: now)
        let head = [("ETag", "\"2\"")] + answer.headers.map { ($0.name, $0.value) }
        #expect(client.acceptHead(signed, 200, head, Data("x".utf8), receivedMs: now).name == .badMac)
        #expect(client.dropsFromProbe("Content-Length") && !client.dropsFromProbe("Idempotency-Key"))
    }

    @Test func aHeadThatCantBeIsMalformed() throws {
        let signed = try client.sign("GET", name, "/", nowMs: now)
        let host: Header = ("Host", name)
        let toki: Header = ("oscartoki", signed.toki)
        for headers in [[host, toki, toki], [host, host, toki], [toki], [host, ("oscartoki", "")], [host, toki, ("X-HTTP-Method", "PUT")]] {
            #expect(refusal(service.verifyHead("GET", "/", headers, nowMs: now))?.name == .malformed)
        }
        #expect(refusal(service.verifyHead("GET", "/", [host], nowMs: now))?.name == .missing)
        #expect(refusal(service.verifyHead("GET", "/", [host, ("x", String(repeating: "y", count: 70_000))], nowMs: now))?.name == .malformed)
        #expect(accepted(service.verifyHead("GET", "/", [host, toki], nowMs: now)) != nil)
    }

    @Test func messages() async throws {
        let memory = try MemoryReplayLog(capacity: 1000).forMessages(firstStart: true, nowMs: now)
        let sent = try client.mintMessage("billing", "invoice.created", Data("{}".utf8), ttlS: 60, nowMs: now)
        func verify(_ destination: String = "billing", _ body: String = "{}", memory: MessageMemory? = nil, at: Int64 = now) throws -> VerifiedMessage
        {
            try service.verifyMessage(destination, "invoice.created", Data(body.utf8), toki: sent.toki, memory: memory, nowMs: at)
        }
        let got = try verify(memory: memory)
        #expect(got.freshness == .fresh && got.kid == client.kid && got.ttlS == 60 && got.tsMs == now)
        #expect(try verify(memory: memory).freshness == .duplicate)
        #expect(try verify().freshness == .unchecked)
        await refused(.badMac) { _ = try verify("payroll") }
        await refused(.badMac) { _ = try verify(body: "{ }") }
        await refused(.expired) { _ = try verify(at: now + 60_001) }
        await refused(.notYet) { _ = try verify(at: now - 300_001) }
        await refused(.missing) { _ = try service.verifyMessage("billing", "t", Data(), toki: nil, nowMs: now) }
        await refused(.unsignable) { _ = try client.mintMessage("billing", "t", ttlS: 0, nowMs: now) }
        let reply = try got.reply(Data("done".utf8), nowMs: now + 5)
        #expect(try sent.acceptReply(reply, Data("done".utf8)) == now + 5)
        await refused(.replayed) { try sent.acceptReply(reply, Data("done".utf8)) }
        func verify(body: String) throws -> VerifiedMessage { try verify("billing", body) }
    }

    @Test func urlsAndTickets() async throws {
        let target = try client.signUrl(name, "/files/a.pdf?v=2", expMs: now + 1000)
        let url = try service.verifyUrl("GET", name, target, nowMs: now + 1000)
        #expect(url.target == "/files/a.pdf?v=2" && url.expMs == now + 1000 && url.kid == client.kid)
        #expect(try service.verifyUrl("HEAD", name, target, nowMs: now) == url)
        await refused(.expired) { _ = try service.verifyUrl("GET", name, target, nowMs: now + 1001) }
        await refused(.badMac) { _ = try service.verifyUrl("PUT", name, target, nowMs: now) }
        await refused(.malformed) { _ = try service.verifyUrl("GET", name, target, hasToki: true, nowMs: now) }
        await refused(.missing) { _ = try service.verifyUrl("GET", name, "/files/a.pdf?v=2", nowMs: now) }
        await refused(.unsignable) { _ = try client.signUrl(name, target, expMs: now) }
        let origin = "https://app.example.com"
        let ticket = try client.mintTicket(Data("user-42".utf8), origin: origin, nowMs: now)
        await refused(.badMac) { _ = try service.verifyTicket(ticket, origin: "https://evil.example.com", nowMs: now) }
        #expect(try service.verifyTicket(ticket, origin: origin, nowMs: now).connection == Data("user-42".utf8))
        await refused(.replayed) { _ = try service.verifyTicket(ticket, origin: origin, nowMs: now) }
        let loose = try client.mintTicket(Data("user-42".utf8), nowMs: now)
        await refused(.policy) { _ = try service.verifyTicket(loose, requireOrigin: true, nowMs: now) }
        await refused(.unsignable) { _ = try client.mintTicket(Data(), nowMs: now) }
    }

    @Test func explainNamesWhatAlteredARequest() throws {
        let signed = try client.sign("GET", name, "/a?b=1", nowMs: now)
        let keys = [(label: name, key: pair.key)]
        for (method, authority) in [("HEAD", name), ("GET", name + ":8080")] {
            #expect(try explain(keys: keys, method, authority, "/a?b=1", toki: signed.toki)?.isEmpty == false)
        }
        #expect(try explain(keys: keys, "GET", name, "/something/else", toki: signed.toki) == nil)
    }

    @Test func aCallIsTheLoopWithoutASocket() throws {
        let call = try client.call("POST", name, "/t", Data("x".utf8), options: .verifyFirst)
        let probe = try call.next(nowMs: now)
        #expect(probe.kind == .send && probe.isProbe && probe.method == "HEAD" && probe.headers["content-digest"] == nil)
        let refused = try #require(refusal(service.verify("HEAD", name, "/t", toki: probe.headers["oscartoki"], nowMs: now)))
        let answer = try service.answer(refused, 204, nowMs: now)
        call.received(204, answer.headers, nil, receivedMs: now)
        let step = try call.next(nowMs: now + 1)
        #expect(step.kind == .send && !step.isProbe && step.method == "POST" && step.headers["content-digest"] != nil && step.inSession)
        call.failed()
        let end = try call.next()
        #expect(end.kind == .failed && end.outcome.name == .missing && end.outcome.mayHaveRun && end.requests == 2 && end.probed && !end.resent)
    }
}
