// swift-tools-version:6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

// The layer table of docs/Architecture.md; Tests/ArchitectureTests compares it with the import lines.
let package = Package(
    name: "sluice",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "sluice", targets: ["sluice"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .target(name: "CKeccak"),
        .target(
            name: "CFFmpeg",
            linkerSettings: ["avformat", "avcodec", "avutil", "swscale", "swresample"].map { .linkedLibrary($0) }),
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CConsole", exclude: ["page"]),
        .target(name: "CSpawn"),
        .target(name: "SluiceTypes", dependencies: ["CKeccak", nioCore], swiftSettings: settings),
        .target(
            name: "SluiceProto", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["net/lp_rpc.proto"], swiftSettings: settings),
        .target(name: "SluiceRouting", dependencies: ["SluiceTypes"], swiftSettings: settings),
        .target(name: "SluiceMarket", dependencies: ["SluiceTypes"], swiftSettings: settings),
        .target(
            name: "SluiceRegistry", dependencies: ["SluiceTypes", .product(name: "GRDB", package: "GRDB.swift")], swiftSettings: settings),
        .target(
            name: "SluiceIdentity", dependencies: ["SluiceTypes", .product(name: "JWTKit", package: "jwt-kit")], swiftSettings: settings),
        .target(
            name: "SluiceWire",
            dependencies: [
                "SluiceTypes", "SluiceProto", "COpenSSL", "CZlib", nioCore,
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], swiftSettings: settings),
        .target(name: "SluiceMedia", dependencies: ["SluiceTypes", "CFFmpeg", nioCore], swiftSettings: settings),
        .target(
            name: "SluiceNetwork",
            dependencies: [
                "SluiceTypes", "SluiceProto", "SluiceWire", "COpenSSL", "CSpawn", nioCore, logging,
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], swiftSettings: settings),
        .target(
            name: "SluiceGateway",
            dependencies: ["SluiceTypes", "SluiceRouting", "SluiceMarket", "SluiceWire", "SluiceMedia", nioCore, logging],
            swiftSettings: settings),
        .target(
            name: "SluiceOrchestrator", dependencies: ["SluiceTypes", "SluiceMedia", nioCore, logging],
            swiftSettings: settings),
        .target(name: "SluiceSimulation", dependencies: ["SluiceTypes", "SluiceRouting", "SluiceMarket"], swiftSettings: settings),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "SluiceTypes", "SluiceRouting", "SluiceMarket", "SluiceRegistry", "SluiceWire", "SluiceMedia", "SluiceNetwork",
                "SluiceGateway", "SluiceOrchestrator", "SluiceSimulation", "SluiceIdentity", "CConsole", nioCore, logging,
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ], swiftSettings: settings),
        .target(
            name: "SluiceTesting", dependencies: ["SluiceTypes", "SluiceRouting", nioCore], swiftSettings: settings),
        .testTarget(name: "ArchitectureTests", swiftSettings: settings),
        .testTarget(name: "SluiceTypesTests", dependencies: ["SluiceTypes", "SluiceTesting", nioCore], swiftSettings: settings),
        .testTarget(name: "SluiceRoutingTests", dependencies: ["SluiceRouting", "SluiceTypes"], swiftSettings: settings),
        .testTarget(name: "SluiceMarketTests", dependencies: ["SluiceMarket", "SluiceTypes"], swiftSettings: settings),
        .testTarget(
            name: "SluiceRegistryTests", dependencies: ["SluiceRegistry", "SluiceTypes", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: settings),
        .testTarget(
            name: "SluiceIdentityTests",
            dependencies: ["SluiceIdentity", "SluiceTypes", .product(name: "JWTKit", package: "jwt-kit")], swiftSettings: settings),
        .testTarget(
            name: "SluiceSimulationTests", dependencies: ["SluiceSimulation", "SluiceRouting", "SluiceMarket", "SluiceTypes"],
            swiftSettings: settings),
        .testTarget(
            name: "SluiceWireTests",
            dependencies: [
                "SluiceWire", "SluiceTypes", "SluiceProto", nioCore,
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], swiftSettings: settings),
        .testTarget(
            name: "SluiceMediaTests", dependencies: ["SluiceMedia", "SluiceTypes", "SluiceTesting", nioCore],
            swiftSettings: settings),
        .testTarget(
            name: "SluiceNetworkTests",
            dependencies: [
                "SluiceNetwork", "SluiceGateway", "SluiceOrchestrator", "SluiceWire", "SluiceProto", "SluiceTypes", nioCore, logging,
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], swiftSettings: settings),
        .testTarget(
            name: "SluiceGatewayTests",
            dependencies: [
                "SluiceGateway", "SluiceRouting", "SluiceMarket", "SluiceMedia", "SluiceWire", "SluiceTypes", "SluiceTesting", nioCore,
                logging,
            ], swiftSettings: settings),
        .testTarget(
            name: "SluiceOrchestratorTests",
            dependencies: ["SluiceOrchestrator", "SluiceMedia", "SluiceTypes", "SluiceTesting", nioCore, logging],
            swiftSettings: settings),
        .testTarget(
            name: "sluiceTests",
            dependencies: [
                "sluice", "SluiceGateway", "SluiceNetwork", "SluiceRouting", "SluiceMarket", "SluiceRegistry", "SluiceOrchestrator",
                "SluiceSimulation", "SluiceIdentity", "SluiceTesting", "SluiceTypes", "SluiceWire", "CConsole", nioCore, logging,
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        // Programs that measure, run by scripts/bench.
        .target(name: "AllocationCount", path: "Benchmarks/AllocationCount"),
        .executableTarget(
            name: "DecisionBenchmark", dependencies: ["AllocationCount", "SluiceRouting", "SluiceTypes"], path: "Benchmarks/Decision",
            swiftSettings: settings),
        .executableTarget(
            name: "MarketBenchmark", dependencies: ["SluiceMarket", "SluiceRegistry", "SluiceTypes"], path: "Benchmarks/Market",
            swiftSettings: settings),
        // Its programs run as processes of their own; the dependencies make sure the binaries are built.
        .testTarget(
            name: "EndToEndTests", dependencies: ["sluice", "MarketBenchmark", "SluiceRegistry", "SluiceTypes"],
            exclude: [
                "Console/console.py", "Console/day.py", "Observing/collector.py", "Observing/schemathesis.toml", "Player/player.py",
                "Player/token_viewer.py", "Publishers/enhanced.py",
            ], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
