import Foundation
import SluiceMarket
import SluiceRegistry
import SluiceTypes

// Measures the marketplace, or keeps a ledger for somebody who is going to kill it:
//
//     MarketBenchmark offers 10000
//     MarketBenchmark ledger FILE SECONDS [BOOKINGS A SECOND]
let arguments = CommandLine.arguments.dropFirst()
switch arguments.first {
case "offers":
    let count = arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
    print(OfferBench.run(offers: count))
case "ledger" where arguments.count >= 3:
    let words = Array(arguments)
    try await LedgerBench.run(
        path: words[1], seconds: Double(words[2]) ?? 1, rate: words.count > 3 ? Int(words[3]) ?? 5000 : 5000)
default:
    FileHandle.standardError.write(Data("MarketBenchmark offers COUNT | ledger FILE SECONDS [RATE]\n".utf8))
    exit(64)
}
