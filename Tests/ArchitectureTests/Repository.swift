import Foundation

/// The files the architecture tests read.
enum Repository {
    struct Source {
        var target: String
        var path: String
        var text: String
    }

    static let root: URL = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Every hand-written Swift file in Sources.
    static func sources() throws -> [Source] {
        let folder = root.appendingPathComponent("Sources").resolvingSymlinksInPath()
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
            .filter { $0.hasSuffix(".swift") && !$0.hasSuffix(".pb.swift") }
            .map { path in
                Source(
                    target: String(path.prefix { $0 != "/" }), path: "Sources/\(path)",
                    text: try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8))
            }
    }
}
