// vectors FILE...: runs files in the format of core/vectors/README.md through the public API of the package `Oscartoki`.
// Prints `FAIL <file>: <name>: got …, want …` for each failing case, then the tally. Exit 1: a case failed; 2: a file can't be read.
import Foundation
import Oscartoki

let names = Set(OscarError.Name.allCases.map(\.rawValue)).subtracting(["store", "internal"])

/// Whether what was told is what is expected.
func agrees(_ expect: JSON, _ told: Told) -> Bool {
    guard let members = expect.members else { return false }
    func same(_ name: String, _ wanted: JSON) -> Bool { (told[name] ?? .null) == wanted }
    if let ok = members["ok"] {
        let wanted = ok.members ?? [:]
        return members.count == 1 && told["error"] == nil && wanted.allSatisfy(same)
    }
    let errors = members["error_any_of"].map { $0.list ?? [] } ?? [members["error"] ?? .null]
    let known = errors.allSatisfy { if case .text(let name) = $0 { names.contains(name) } else { false } }
    guard known, let error = told["error"], errors.contains(error) else { return false }
    return members.filter { $0.key != "error" && $0.key != "error_any_of" }.allSatisfy { told[$0.key] != nil && same($0.key, $0.value) }
}

/// An error of the protocol is something told; everything else fails the case.
func attempt(_ run: () throws -> Told) throws -> Told {
    do {
        return try run()
    } catch let error as OscarError {
        return ["error": .text(error.name.rawValue)]
    }
}

/// Nil, or what was got and what was wanted.
func judge(_ test: JSON) throws -> (got: String, want: String)? {
    guard case .text(let op) = test["op"], let expect = test["expect"] else { throw Unknown("a case has op and expect") }
    if op == "service" || op == "client" { return try judgeSteps(op, test, expect) }
    guard let operation = operations[op] else { throw Unknown("op \(op)") }
    let given = try Given(test["in"], allowed: operation.members)
    let told = try attempt { try operation.run(given) }
    return agrees(expect, told) ? nil : ("\(JSON.object(told))", "\(expect)")
}

func judgeSteps(_ op: String, _ test: JSON, _ expect: JSON) throws -> (got: String, want: String)? {
    let given = try Given(test["in"], allowed: op == "service" ? ServiceSteps.given : ClientSteps.given)
    var made: (any Steps)?
    let told = try attempt {
        made = try op == "service" ? ServiceSteps(given) : ClientSteps(given)
        return [:]
    }
    if !agrees(expect, told) { return ("\(JSON.object(told))", "\(expect)") }
    guard let made else { return nil }
    for (index, step) in try given.list("steps").enumerated() {
        guard case .text(let act) = step["do"], let expect = step["expect"] else { throw Unknown("a step has do and expect") }
        guard let members = made.members[act] else { throw Unknown("step \(act)") }
        let given = try Given(step["in"], allowed: members)
        let told = try attempt { try made.take(index, act, given) }
        if !agrees(expect, told) { return ("step \(index) \(JSON.object(told))", "\(expect)") }
    }
    return nil
}

struct File: Decodable { let cases: [JSON] }

func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

let files = CommandLine.arguments.dropFirst()
if files.isEmpty {
    complain("usage: vectors FILE...")
    exit(2)
}
var passed = 0
var failed = 0
for file in files {
    let cases: [JSON]
    do {
        cases = try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(fileURLWithPath: file))).cases
    } catch {
        complain("\(file): \(error)")
        exit(2)
    }
    for test in cases {
        var verdict: (got: String, want: String)?
        do {
            verdict = try judge(test)
        } catch {
            // Whatever a case does to the runner, it is a failing case.
            verdict = ("\(error)", "\(test["expect"] ?? .null)")
        }
        guard let verdict else {
            passed += 1
            continue
        }
        failed += 1
        var name = "?"
        if case .text(let text) = test["name"] { name = text }
        print("FAIL \(file): \(name): got \(verdict.got), want \(verdict.want)")
    }
}
print("\(passed) passed, \(failed) failed")
exit(failed == 0 ? 0 : 1)
