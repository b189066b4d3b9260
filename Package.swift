// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "kindred",
    products: [
        .library(name: "KindredClient", targets: ["KindredClient"]),
        .executable(name: "kindred", targets: ["kindred"]),
        .executable(name: "kindred-bench", targets: ["kindred-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // Level 0: shared words and checksums.
        .target(name: "KindredDomain"),
        .target(name: "KindredChecksum", dependencies: ["CKindredKernels"]),

        // Instructions and system calls that Swift cannot name.
        .target(name: "CKindredKernels"),
        .target(name: "CKindredSystem"),
        .systemLibrary(name: "CBLAS", providers: [.apt(["libblas-dev"])]),

        // Level 1: memory, files, JSON, time; bytes, arithmetic, models, attributes.
        .target(name: "KindredSystem", dependencies: ["KindredDomain"]),
        .target(name: "KindredWire", dependencies: ["KindredDomain", "KindredChecksum"]),
        .target(
            name: "KindredKernels",
            dependencies: ["KindredSystem", "CKindredKernels", "CKindredSystem", "CBLAS"]),
        .target(
            name: "KindredModel",
            dependencies: [
                "KindredDomain", "KindredChecksum", "KindredSystem", "KindredKernels", "CKindredSystem",
            ]),
        // A server needs no packer.
        .target(
            name: "KindredPack",
            dependencies: [
                "KindredDomain", "KindredChecksum", "KindredSystem", "KindredKernels", "KindredModel",
                "CKindredSystem",
            ]),
        .target(
            name: "KindredCatalog",
            dependencies: [
                "KindredDomain",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),

        // The filter language: SQLite's expressions over a catalog's columns. SQLite converts numbers and texts.
        .target(
            name: "KindredFilter",
            dependencies: ["KindredDomain", .product(name: "GRDBSQLite", package: "GRDB.swift")]),

        // What a command prints on a terminal, for both executables.
        .target(name: "KindredTerminal"),

        // Level 2: how an answer is found.
        .target(
            name: "KindredQuery",
            dependencies: [
                "KindredDomain", "KindredSystem", "KindredModel", "KindredKernels", "KindredFilter",
            ]),

        // Level 3: sockets.
        .target(
            name: "KindredServer",
            dependencies: [
                "KindredDomain", "KindredQuery", "KindredModel", "KindredCatalog", "KindredWire",
                "KindredKernels", "KindredSystem", "CKindredSystem",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .target(
            name: "KindredClient",
            dependencies: [
                "KindredDomain", "KindredWire",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),

        // Level 4: the command line.
        .executableTarget(
            name: "kindred",
            dependencies: [
                "KindredDomain", "KindredServer", "KindredClient", "KindredModel", "KindredCatalog",
                "KindredPack", "KindredSystem", "KindredTerminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md"]),

        .target(name: "CBenchProbes", path: "bench/CBenchProbes"),
        .executableTarget(
            name: "kindred-bench",
            dependencies: [
                "KindredDomain", "KindredSystem", "KindredKernels", "KindredModel", "KindredPack",
                "KindredQuery", "KindredWire", "KindredClient", "KindredTerminal",
                "CBenchProbes",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            path: "bench/kindred-bench"),

        // Tests mirror the sources.
        // The oracle is optimised in every build: unoptimised, it takes longer than what it checks.
        .target(
            name: "TestSupport", dependencies: ["KindredDomain"], path: "Tests/TestSupport",
            swiftSettings: [.unsafeFlags(["-O"], .when(configuration: .debug))]),
        .testTarget(name: "TidyTests"),
        .testTarget(name: "KindredDomainTests", dependencies: ["KindredDomain", "TestSupport"]),
        .testTarget(name: "KindredSystemTests", dependencies: ["KindredSystem", "TestSupport"]),
        .testTarget(name: "KindredTerminalTests", dependencies: ["KindredTerminal", "TestSupport"]),
        .target(name: "CEmulatedKernels", dependencies: ["CKindredKernels"], path: "Tests/CEmulatedKernels"),
        .testTarget(
            name: "KindredKernelsTests",
            dependencies: [
                "KindredKernels", "KindredSystem", "CKindredKernels", "CEmulatedKernels", "KindredChecksum",
                "TestSupport",
            ]),
        .testTarget(
            name: "KindredWireTests",
            dependencies: ["KindredWire", "KindredDomain", "KindredChecksum", "TestSupport"]),
        // A small model, packed by the packer itself: for the tests of loading and of packing.
        .target(
            name: "ModelTestSupport",
            dependencies: [
                "KindredModel", "KindredPack", "KindredSystem", "KindredDomain", "KindredChecksum",
                "KindredKernels", "TestSupport",
            ],
            path: "Tests/ModelTestSupport"),
        .testTarget(
            name: "KindredModelTests",
            dependencies: [
                "KindredModel", "KindredPack", "KindredSystem", "KindredDomain", "KindredChecksum",
                "KindredKernels", "ModelTestSupport", "TestSupport",
            ]),
        .testTarget(
            name: "KindredPackTests",
            dependencies: [
                "KindredPack", "KindredModel", "KindredSystem", "KindredDomain", "ModelTestSupport",
                "TestSupport",
            ]),
        .testTarget(
            name: "KindredCatalogTests",
            dependencies: [
                "KindredCatalog", "KindredDomain", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(
            name: "KindredFilterTests",
            dependencies: [
                "KindredFilter", "KindredCatalog", "KindredDomain", "TestSupport",
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        .testTarget(
            name: "KindredQueryTests",
            dependencies: [
                "KindredQuery", "KindredFilter", "KindredModel", "KindredSystem", "KindredKernels",
                "KindredDomain", "TestSupport",
            ]),
        .testTarget(
            name: "KindredServerTests",
            dependencies: [
                "KindredServer", "KindredClient", "KindredModel", "KindredPack", "KindredQuery",
                "KindredWire", "KindredSystem", "KindredDomain",
                "TestSupport", .product(name: "Logging", package: "swift-log"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "KindredClientTests",
            dependencies: [
                "KindredClient", "KindredWire", "KindredDomain", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// The compiler checks exclusive access everywhere. Checks at run time are on in debug, in which all tests run, and off
// in release, where they cost every request some per cent. KindredClient keeps them, since its users build it.
let servedBy: Set = ["KindredServer", "KindredQuery", "KindredModel", "KindredKernels", "KindredSystem"]
for target in package.targets where servedBy.contains(target.name) {
    target.swiftSettings = [
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
    ]
}
