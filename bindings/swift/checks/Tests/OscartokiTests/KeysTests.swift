import Foundation
@_spi(Checks) import Oscartoki
import Testing

/// Keys, rings, files; and that no key is ever printed.
@Suite struct KeysTests {
    let pair: Pair

    init() throws { pair = try Pair() }

    @Test func textForms() async throws {
        let (secret, key) = (pair.secret, pair.key)
        let session = try pair.client().handOut(60)
        #expect(try Secret(secret.toText()).toText() == secret.toText() && secret.toText().hasPrefix("os2."))
        #expect(try AudienceKey(key.toText()).kid == key.kid && key.kid == secret.kid())
        #expect(try Session(session.toText()).sid == session.sid && session.kid == key.kid && session.expS > 0)
        for text in [key.toText(), session.toText()] { await refused(.wrongKind) { _ = try Secret(text) } }
        for text in [secret.toText(), session.toText()] { await refused(.wrongKind) { _ = try AudienceKey(text) } }
        for text in [secret.toText(), key.toText()] { await refused(.wrongKind) { _ = try Session(text) } }
        for text in [secret.toText() + "\n", " " + secret.toText(), "os2.", "", "os2.\0"] { await refused(.malformed) { _ = try Secret(text) } }
        for bytes in [Data(count: 32), Data("short".utf8), Data(repeating: 7, count: 33), Data()] {
            await refused(.weakSecret) { _ = try Secret.fromBytes(bytes) }
        }
        await refused(.unsignable) { _ = try secret.audienceKey("") }
        await refused(.unsignable) { _ = try secret.kid(generation: -1) }
    }

    @Test func aRingRefusesWhatDoesNotFit() async throws {
        let ring = try Keyring(audience: name)
        try ring.add(pair.key)
        try ring.add(pair.key.toText())
        #expect(ring.kids == [pair.key.kid] && ring.holds(pair.key.kid) && !ring.holds(Data("12345678".utf8)) && !ring.hasV1)
        let other = try Secret.generate().audienceKey(name).withKid(pair.key.kid)
        await refused(.kidTaken) { try ring.add(other) }
        await refused(.wrongKind) { try ring.add(pair.secret.toText()) }
        await refused(.malformed) { try ring.load("nonsense") }
        await refused(.malformed) { try ring.loadRevocations("revoked zz") }
        await refused(.malformed) { _ = try Keyring(audience: "") }
        #expect(ring.faultInKeys("# ours\n\(pair.secret.toText())")?.contains("line 2") == true)
        #expect(try ring.revokeKey(pair.key.kid) == "revoked \(hex(pair.key.kid))" && ring.revocationsText.contains(hex(pair.key.kid)))
        try ring.addV1(kid: Data("v1client".utf8), key: Data("k".utf8), untilMs: 4_000_000_000_000)
        #expect(ring.hasV1)
    }

    @Test func wrongUseIsToldInWords() async throws {
        let key = pair.key.toText()
        let memory = try MemoryReplayLog(capacity: 10)
        await refused(.malformed) { _ = try Service(keys: [key], authorities: ["no authority/"], audience: name, memory: memory) }
        await refused(.malformed) { _ = try Service(keys: [key], authorities: [], memory: memory) }
        await refused(.policy) { _ = try Service(keys: [key], authorities: [name], memory: memory, windowMs: 31_000) }
        await refused(.wrongKind) { _ = try Service(keys: [pair.secret.toText()], authorities: [name], memory: memory) }
        let nowhere = await refused(.store) { _ = try MappedReplayLog("/nowhere/at/all") }
        #expect(nowhere?.sentence.contains("nowhere") == true)
        await refused(.store) { _ = try RedisReplayLog("redis://127.0.0.1:9", name: name) }
        await refused(.store) { _ = try RedisReplayLog("no url", name: name) }
        let absent = await refused(.store) { _ = try Service(authorities: [name], keysFile: ["/nowhere/keys"], memory: memory) }
        #expect(absent?.sentence.contains("/nowhere/keys") == true)
        await refused(.malformed) { _ = try normaliseAuthority("a b") }
        #expect(try normaliseAuthority("API.example.com:443") == "api.example.com")
        await refused(.malformed) { _ = try Hazmat.mintRequest(pair.key, "GET", name, "/", tsMs: now, nonce: Data(count: 7)) }
        #expect(try Service(keys: [key], authorities: [name], memory: NoReplayLog(), firstStart: true).readyAtMs > 0)
    }

    @Test func everyNameIsAnError() {
        #expect(OscarError.Name.allCases.count == 23)
        for name in OscarError.Name.allCases {
            let error = OscarError(name, "a sentence", mayHaveRun: true, signed: true, status: 403)
            #expect("\(error)" == "\(name.rawValue): a sentence" && error.localizedDescription == "\(error)")
            #expect(error.mayHaveRun == true && error.signed && error.status == 403)
            do { throw error } catch name {} catch { Issue.record("\(name) is not caught by its name") }
        }
    }

    @Test func noKeyIsPrinted() throws {
        let canary = Data(100..<132)
        let secret = try Secret.fromBytes(canary)
        let key = try secret.audienceKey(name)
        let client = try Client(secret: secret, audience: name)
        let session = try client.handOut(60)
        let service = try Service(keys: [key.toText()], authorities: [name], memory: MemoryReplayLog(capacity: 10), firstStart: true)
        let things: [Any] = [secret, key, session, client, service, service.keyring, service.memory, try client.sign("GET", name, "/")]
        var said = ""
        for thing in things {
            said += "\(thing) \(String(reflecting: thing)) "
            dump(thing, to: &said)
        }
        for text in [key.toText(), secret.toText() + "A", "os2." + secret.toText()] {
            do { _ = try Secret(text) } catch { said += "\(error) \(String(reflecting: error)) \(error.localizedDescription)" }
        }
        do { try service.keyring.load(secret.toText()) } catch { said += "\(error)" }
        for text in [secret.toText(), key.toText(), session.toText()] { #expect(!said.contains(text.dropFirst(4))) }
        #expect(!said.contains(canary.base64EncodedString()) && !said.contains(hex(canary)) && said.contains(hex(key.kid)))
    }

    @Test func keyAndRevocationFilesAreReread() async throws {
        let place = try folder()
        let (keys, revocations) = (place + "/keys", place + "/revoked")
        let other = try Secret.generate().audienceKey(name)
        func write(_ text: String, _ path: String) throws { try text.write(toFile: path, atomically: false, encoding: .utf8) }
        try write("# ours\n\(pair.key.toText())\n", keys)
        let faults = Found<String>()
        func made() throws -> Service {
            try Service(
                authorities: [name], audience: name, keysFile: [keys], revocationsFile: revocations, memory: MemoryReplayLog(capacity: 100),
                firstStart: true, onFileFault: { faults.add($0.sentence) })
        }
        let (service, sibling) = (try made(), try made())
        func look() { for service in [service, sibling] { _ = service.verify("GET", name, "/", toki: nil) } }
        #expect(service.keyring.kids == [pair.key.kid])
        try write("\(pair.key.toText())\n\(other.toText())\n", keys)
        try await eventually {
            look()
            return service.keyring.kids.count == 2
        }
        try write("nonsense\n", keys)
        try await eventually {
            look()
            return faults.all.contains { $0.contains(keys) }
        }
        #expect(service.keyring.kids.count == 2)
        try write("revoked \(hex(other.kid))", revocations)
        try await eventually {
            look()
            return sibling.keyring.revocationsText.contains(hex(other.kid))
        }
        try service.revokeKey(pair.key.kid)
        let lines = try String(contentsOfFile: revocations, encoding: .utf8).split(separator: "\n")
        #expect(lines == ["revoked \(hex(other.kid))", "revoked \(hex(pair.key.kid))"])
        try await eventually {
            look()
            return sibling.keyring.revocationsText.contains(hex(pair.key.kid))
        }
        let signed = try pair.client().sign("GET", name, "/")
        let refused = try #require(refusal(sibling.verify("GET", name, "/", toki: signed.toki)))
        #expect(refused.name == .revoked && refused.code == 4 && refused.status == 403)
    }

    @Test func aMappedMemoryIsSharedAndSurvives() throws {
        let path = try folder() + "/memory"
        let client = try pair.client()
        let signed = try client.sign("GET", name, "/")
        let one = try pair.service(nowMs: nil, memory: MappedReplayLog(path, capacity: 1000))
        #expect(accepted(one.verify("GET", name, "/", toki: signed.toki)) != nil)
        let two = try Service(keys: [pair.key.toText()], authorities: [name], memory: MappedReplayLog(path))
        #expect(refusal(two.verify("GET", name, "/", toki: signed.toki))?.name == .replayed)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func withoutMemoryAFileOfThisUserIsUsed() throws {
        let service = try Service(keys: [pair.key.toText()], authorities: [name])
        let memory = try #require(service.memory as? MappedReplayLog)
        defer { for end in ["", ".lock"] { try? FileManager.default.removeItem(atPath: memory.path + end) } }
        #expect(FileManager.default.fileExists(atPath: memory.path) && service.readyAtMs > Int64(Date().timeIntervalSince1970 * 1000))
        let signed = try pair.client().sign("GET", name, "/")
        #expect(refusal(service.verify("GET", name, "/", toki: signed.toki))?.name == .stale)
    }

    @Test func aFullMemoryIsBusy() throws {
        let service = try pair.service(memory: MemoryReplayLog(capacity: 1, exact: true))
        let client = try pair.client()
        let first = try client.sign("GET", name, "/", nowMs: now)
        #expect(accepted(service.verify("GET", name, "/", toki: first.toki, nowMs: now)) != nil)
        let second = try client.sign("GET", name, "/", nowMs: now)
        let refused = try #require(refusal(service.verify("GET", name, "/", toki: second.toki, nowMs: now)))
        #expect(refused.name == .busy && refused.code == 7 && refused.status == 503)
        let counters = service.counters()
        #expect(counters["accepted"] == 1 && counters["refused_busy"] == 1 && service.floorMs > 0)
    }

    @Test func aLibraryOfAnotherVersionIsRefusedInWords() {
        #expect(Door.misfit(version: version, abi: Door.abi) == nil)
        #expect(Door.misfit(version: "9.9.9", abi: Door.abi)?.contains("found liboscartoki 9.9.9") == true)
        #expect(Door.misfit(version: version, abi: 99)?.contains("has ABI 99") == true)
    }

    @Test func secretsComeFromFiles() async throws {
        let place = try folder() + "/secret"
        try "# a comment\n\n \(pair.secret.toText())\n".write(toFile: place, atomically: true, encoding: .utf8)
        #expect(try secretFrom(place) == pair.secret.toText())
        try "# nothing\n".write(toFile: place, atomically: true, encoding: .utf8)
        await refused(.store) { _ = try secretFrom(place) }
    }
}

func hex(_ data: Data) -> String { data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
