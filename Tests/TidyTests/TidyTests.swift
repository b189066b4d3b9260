import Foundation
import Testing

/// The rules that no compiler holds: which module imports which, how long lines are, what is never said.
@Suite struct TidyTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every edge between modules and to packages. What is not here is not allowed.
    private static let edges: [String: Set<String>] = [
        "KindredDomain": [],
        "KindredChecksum": ["CKindredKernels"],
        "KindredWire": ["KindredDomain", "KindredChecksum"],
        "KindredKernels": ["CKindredKernels", "CKindredSystem", "CBLAS", "Glibc", "Synchronization"],
        "KindredModel": [
            "KindredDomain", "KindredChecksum", "KindredKernels", "CKindredSystem", "Dispatch",
            "Glibc", "Synchronization",
        ],
        "KindredCatalog": ["KindredDomain", "GRDB", "GRDBSQLite", "Glibc"],
        "KindredQuery": ["KindredDomain", "KindredModel", "KindredKernels", "Synchronization"],
        "KindredServer": [
            "KindredDomain", "KindredQuery", "KindredModel", "KindredCatalog", "KindredWire",
            "KindredKernels",
            "CKindredSystem", "DequeModule", "NIOCore", "NIOPosix", "Logging", "ServiceLifecycle",
            "Synchronization",
            "Dispatch",
            "Foundation", "Glibc",
        ],
        "KindredClient": [
            "KindredDomain", "KindredWire", "NIOCore", "NIOPosix", "Synchronization",
        ],
        "kindred": [
            "KindredDomain", "KindredServer", "KindredClient", "KindredModel", "KindredCatalog",
            "ArgumentParser",
            "Logging", "ServiceLifecycle", "Foundation", "Glibc",
        ],
    ]

    private static func files(under folder: String, ending suffixes: [String]) throws -> [URL] {
        let base = root.appending(path: folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path)
        return paths.filter { path in suffixes.contains { path.hasSuffix($0) } }.sorted().map {
            base.appending(path: $0)
        }
    }

    @Test func importsPointDownward() throws {
        for (module, allowed) in Self.edges {
            for file in try Self.files(under: "Sources/\(module)", ending: [".swift"]) {
                for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                    var words = line.split(separator: " ")
                    while let first = words.first, first.hasPrefix("@") || first == "public" {
                        words.removeFirst()
                    }
                    guard words.first == "import", let imported = words.last else { continue }
                    #expect(
                        allowed.contains(String(imported)),
                        "\(file.lastPathComponent) in \(module) imports \(imported)")
                }
            }
        }
    }

    @Test func everyModuleIsListed() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "Sources").path)
        let systemModules: Set = ["CBLAS", "CKindredKernels", "CKindredSystem"]
        #expect(Set(folders).subtracting(systemModules) == Set(Self.edges.keys))
    }

    @Test func linesAndFilesStayShort() throws {
        for folder in ["Sources", "Tests"] {
            for file in try Self.files(under: folder, ending: [".swift", ".c", ".h"]) {
                let lines = try String(contentsOf: file, encoding: .utf8).split(
                    separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.count <= 450, "\(file.lastPathComponent) has \(lines.count) lines: split it")
                for (index, line) in lines.enumerated() where line.count > 120 {
                    Issue.record("\(file.lastPathComponent):\(index + 1) has \(line.count) characters")
                }
            }
        }
    }

    @Test func noDrawersAndNoPromises() throws {
        let drawers = ["Utils", "Utilities", "Helpers", "Common", "Manager"]
        let promises = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "for " + "now"]
        for folder in ["Sources", "Tests", "bench", "proto-spec"] {
            for file in try Self.files(under: folder, ending: [".swift", ".c", ".h", ".py", ".md"]) {
                let name = file.deletingPathExtension().lastPathComponent
                #expect(!drawers.contains { name.hasSuffix($0) }, "\(name) is a drawer")
                let text = try String(contentsOf: file, encoding: .utf8)
                for promise in promises {
                    #expect(!text.contains(promise), "\(file.lastPathComponent) says '\(promise)'")
                }
            }
        }
    }

    /// Traps that bytes from outside could reach: conversions that are not exact, and forced casts.
    @Test func wireDecodingConvertsExactly() throws {
        for file in try Self.files(under: "Sources/KindredWire", ending: [".swift"]) {
            let text = try String(contentsOf: file, encoding: .utf8)
            for trap in ["as!", "try!", "fatalError("] {
                #expect(!text.contains(trap), "\(file.lastPathComponent) contains \(trap)")
            }
        }
    }
}
