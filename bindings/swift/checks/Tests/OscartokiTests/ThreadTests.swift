import Foundation
import Oscartoki
import Testing

/// 32 threads on one client and one service, and what is freed.
@Suite struct ThreadTests {
    @Test func threadsShareClientAndService() async throws {
        let pair = try Pair()
        let (client, service) = (try pair.client(), try pair.service())
        let tokis = Found<String>()
        let faults = Found<String>()
        await threads(32) { _ in
            for number in 0..<50 {
                do {
                    let (signed, verdict, outcome) = try exchange(client, service, "GET", "/\(number)")
                    if accepted(verdict)?.kid != client.kid || outcome.error != nil { faults.add("\(outcome)") }
                    tokis.add(signed.toki)
                } catch {
                    faults.add("\(error)")
                }
            }
        }
        #expect(faults.all.isEmpty && Set(tokis.all).count == 1600)
    }

    @Test func oneTokiRacedByThreadsWinsOnce() async throws {
        let pair = try Pair()
        let (client, service) = (try pair.client(), try pair.service())
        for _ in 0..<20 {
            let signed = try client.sign("GET", name, "/", nowMs: now)
            let verdicts = Found<String>()
            await threads(32) { _ in
                let verdict = service.verify("GET", name, "/", toki: signed.toki, grant: signed.grant, nowMs: now)
                verdicts.add(verdict.error?.name.rawValue ?? "accepted")
            }
            #expect(verdicts.all.filter { $0 == "accepted" }.count == 1 && verdicts.all.filter { $0 == "replayed" }.count == 31)
        }
    }

    @Test func tasksShareAClient() async throws {
        let pair = try Pair()
        let (client, service) = (try pair.client(), try pair.service())
        let failed = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<32 {
                group.addTask {
                    guard let outcome = try? exchange(client, service, "GET", "/\(number)").outcome else { return true }
                    return outcome.error != nil
                }
            }
            var failed = 0
            for await one in group where one { failed += 1 }
            return failed
        }
        #expect(failed == 0)
    }

    /// Contexts, calls, clients and services that nobody uses give back what they held: a million of them take no more room than some.
    @Test func whatIsNotUsedIsFreed() throws {
        let pair = try Pair()
        let (client, service) = (try pair.client(), try pair.service())
        let toki = try client.sign("GET", name, "/", nowMs: now).toki
        func some(_ count: Int) throws {
            for number in 0..<count {
                _ = try client.sign("GET", name, "/", nowMs: now)
                _ = service.verify("GET", name, "/", toki: toki, nowMs: now)
                if number % 100 != 0 { continue }
                _ = try client.call("GET", name, "/").next(nowMs: now)
                _ = try Client(secret: pair.secret, audience: name)
                _ = try Service(keyring: service.keyring, memory: service.memory, firstStart: true, fixedAuthority: name)
            }
        }
        try some(20_000)
        let before = peak()
        try some(1_000_000)
        #expect(peak() - before < 48 << 20)
        let (_, verdict, outcome) = try exchange(client, service)
        #expect(accepted(verdict) != nil && outcome.error == nil)
    }
}

/// The most memory that this process had, in bytes.
private func peak() -> Int {
    var usage = rusage()
    #if canImport(Darwin)
        getrusage(RUSAGE_SELF, &usage)
        return Int(usage.ru_maxrss)
    #else
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) * 1024
    #endif
}
