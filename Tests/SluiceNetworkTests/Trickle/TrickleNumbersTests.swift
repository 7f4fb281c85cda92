import SluiceTypes
import Testing

@testable import SluiceNetwork

/// Numbers that nobody would send to a trickle server: each is refused or made do with, and the server lives.
@Suite(.timeLimit(.minutes(2))) struct TrickleNumbersTests {
    static let numbers = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "-3", "1e300", "NaN", "0x7f", "1.5",
    ]

    @Test(arguments: numbers) func inThePathAndInHeaders(_ number: String) async throws {
        try await TrickleDoor.opened { door in
            #expect(try await door.ask("POST", "ch", headers: ["Expect-Content: text/plain"]).code == 200)
            #expect(try await door.ask("POST", "ch/0", body: "first").code == 200)
            let posted = try await door.ask("POST", "ch/\(number)", body: "x").code
            #expect((200..<500).contains(posted), "\(posted)")
            for header in ["Lp-Trickle-Seq", "Lp-Trickle-Latest", "Lp-Trickle-Size", "Range"] {
                let code = try await door.ask("POST", "ch/1", headers: ["\(header): \(number)"], body: "x").code
                #expect((200..<500).contains(code), "\(header): \(code)")
            }
            // A look at one that never comes would wait: HEAD does not.
            _ = try await door.ask("GET", "ch/next")
            #expect(try await door.ask("DELETE", "ch").code == 200)
            #expect(try await door.ask("POST", "other", headers: ["Expect-Content: text/plain"]).code == 200, "it lives")
        }
    }
}
