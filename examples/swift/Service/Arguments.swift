import Foundation

/// The command line of an example: options with a value, flags, and what stands alone.
struct Arguments {
    private var values: [String: [String]] = [:]
    private(set) var alone: [String] = []

    init(valued: [String], flags: [String]) {
        var rest = CommandLine.arguments.dropFirst()
        while let word = rest.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            if valued.contains(word) {
                guard let value = rest.popFirst() else { usage("\(word) needs a value") }
                values[word, default: []].append(value)
            } else if parts.count == 2, valued.contains(parts[0]) {
                values[parts[0], default: []].append(parts[1])
            } else if flags.contains(word) {
                values[word] = []
            } else if word.hasPrefix("-") {
                usage("\(word) is no option")
            } else {
                alone.append(word)
            }
        }
    }

    subscript(name: String) -> [String] { values[name] ?? [] }

    func last(_ name: String) -> String? { values[name]?.last }

    func has(_ flag: String) -> Bool { values[flag] != nil }

    func list(_ name: String) -> [String] {
        (last(name) ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    func number(_ name: String, _ usual: Int64) -> Int64 {
        guard let text = last(name) else { return usual }
        guard let number = Int64(text) else { usage("\(name) takes a number") }
        return number
    }

    func usage(_ fault: String) -> Never {
        FileHandle.standardError.write(Data("error: \(fault)\n".utf8))
        exit(2)
    }
}
