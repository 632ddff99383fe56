// bench ROUNDS: one line each, NAME NS.
import Foundation

var bench = try Bench()
for _ in 0..<(Int(CommandLine.arguments.dropFirst().first ?? "5") ?? 5) { try bench.round() }
for name in ["sign", "toki", "verify", "answer", "hmac"] { print(name, String(format: "%.1f", bench.best[name] ?? 0)) }
exit(bench.seen == 0 ? 1 : 0)
