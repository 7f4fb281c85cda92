import AllocationCount
import Foundation
import SluiceRouting
import SluiceTypes

// What one decision costs among N orchestrators, all of which are known, and what memory they take. Prints one JSON object.
// Usage: DecisionBenchmark ORCHESTRATORS [ROUNDS]

let count = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 1000 : 1000
let rounds = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 100 : 100

let before = residentBytes()
var bench = DecisionBench(orchestrators: count)
bench.teach()
let memory = residentBytes() - before
let figures = bench.measure(rounds: rounds)
print(
    """
    {"orchestrators": \(count), "workClasses": \(DecisionBench.workClasses), "memoryMB": \(Double(memory) / 1e6), \
    "stay": \(figures.stay.json), "first": \(figures.first.json), "hedge": \(figures.another.json)}
    """)

func residentBytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (line.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0) * 1024
}
