import Foundation
import Testing

@Suite struct ArchitectureTests {
    private static let longestFile = 400
    private static let forbiddenWords = ["Manager", "Helper", "Util", "Common", "Core", "Node", "Impl"]
    private static let forbiddenSuffixes = ["Info", "Data"]

    @Test func everyImportIsInTheLayerTable() throws {
        let table = LayerTable(markdown: try Repository.text("docs/Architecture.md"))
        #expect(table.allowed.count > 5)
        let sources = try Repository.sources()
        #expect(sources.count > 50)
        let strays = sources.flatMap { source in
            LayerTable.imports(of: source.text).filter { !table.permits($0.module, in: source.target) }
                .map { "\(source.path):\($0.line): \(source.target) may not import \($0.module)" }
        }
        #expect(strays == [])
    }

    @Test func tableAllowsNoTargetItsNeighbour() throws {
        let allowed = LayerTable(markdown: try Repository.text("docs/Architecture.md")).allowed
        let layers: [Set<String>] = [
            ["SluiceRouting", "SluiceWire"], ["SluiceMedia", "SluiceNetwork", "SluiceRegistry", "SluiceIdentity"],
            ["SluiceGateway", "SluiceOrchestrator"],
        ]
        for layer in layers {
            for target in layer { #expect(allowed[target]?.isDisjoint(with: layer) == true, "\(target)") }
        }
        #expect(allowed["SluiceTypes"]?.contains { $0.hasPrefix("Sluice") } == false)
    }

    @Test func noFileIsTooLong() throws {
        let long = try Repository.sources().filter {
            $0.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 > Self.longestFile
        }
        #expect(long.map(\.path) == [])
    }

    @Test func noTypeHasANameThatSaysNothing() throws {
        let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        var found: [String] = []
        for source in try Repository.sources() {
            for line in source.text.split(separator: "\n") {
                let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
                let isComment = line.drop { $0 == " " }.hasPrefix("//")
                for (kind, name) in zip(words, words.dropFirst())
                where kinds.contains(kind) {
                    guard !isComment, name.first?.isUppercase == true else { continue }
                    let parts = Self.words(of: name)
                    let isForbidden = parts.contains { Self.forbiddenWords.contains($0) }
                    let endsBadly = parts.count > 1 && Self.forbiddenSuffixes.contains(parts.last ?? "")
                    if isForbidden || endsBadly { found.append("\(source.path): \(name)") }
                }
            }
        }
        #expect(found == [])
    }

    @Test func changelogHasUnreleased() throws {
        #expect(try Repository.text("CHANGELOG.md").contains("\n## Unreleased\n"))
    }

    @Test(arguments: [
        ("import NIOCore", ["NIOCore"]), ("    package import SluiceTypes", ["SluiceTypes"]),
        ("@testable import sluice", ["sluice"]), ("import struct Foundation.URL", ["Foundation"]), ("// import Yams", []),
        ("let important = 1", []),
    ]) func importLinesAreRead(line: String, modules: [String]) {
        #expect(LayerTable.imports(of: line).map(\.module) == modules)
    }

    /// `MediaNodeCore` is `Media`, `Node`, `Core`.
    private static func words(of name: Substring) -> [String] {
        name.reduce(into: []) { words, character in
            if character.isUppercase || words.isEmpty { words.append(String(character)) } else { words[words.count - 1].append(character) }
        }
    }
}
