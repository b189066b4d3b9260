import Foundation
import Testing

/// The rules that no compiler holds: which module imports which, how long lines are, what is never said.
@Suite struct TidyTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every edge between modules and to packages. What is not here is not allowed.
    private static let edges: [String: Set<String>] = [
        "KindredDomain": ["Synchronization"],
        "KindredChecksum": ["CKindredKernels"],
        "KindredWire": ["KindredDomain", "KindredChecksum"],
        "KindredSystem": ["KindredDomain", "Glibc", "Synchronization"],
        "KindredKernels": ["KindredSystem", "CKindredKernels", "CKindredSystem", "CBLAS", "Glibc"],
        "KindredModel": [
            "KindredDomain", "KindredChecksum", "KindredSystem", "KindredKernels", "CKindredSystem",
            "Dispatch", "Glibc", "Synchronization",
        ],
        "KindredPack": [
            "KindredDomain", "KindredChecksum", "KindredSystem", "KindredKernels", "KindredModel",
            "CKindredSystem", "Glibc",
        ],
        "KindredTerminal": ["Glibc", "Synchronization"],
        "KindredCatalog": ["KindredDomain", "GRDB", "GRDBSQLite", "Glibc"],
        "KindredQuery": [
            "KindredDomain", "KindredSystem", "KindredModel", "KindredKernels", "Synchronization",
        ],
        "KindredServer": [
            "KindredDomain", "KindredQuery", "KindredModel", "KindredCatalog", "KindredWire",
            "KindredKernels", "KindredSystem",
            "CKindredSystem", "DequeModule", "GRDB", "NIOCore", "NIOPosix", "Logging", "ServiceLifecycle",
            "Synchronization",
            "Dispatch",
            "Foundation", "Glibc",
        ],
        "KindredClient": [
            "KindredDomain", "KindredWire", "NIOCore", "NIOPosix", "Synchronization",
        ],
        "kindred": [
            "KindredDomain", "KindredServer", "KindredClient", "KindredModel", "KindredCatalog",
            "KindredPack", "KindredSystem", "KindredTerminal", "ArgumentParser",
            "Logging", "ServiceLifecycle", "UnixSignals", "Foundation", "Glibc",
        ],
        "kindred-bench": [
            "KindredDomain", "KindredSystem", "KindredKernels", "KindredModel", "KindredPack",
            "KindredQuery", "KindredWire", "KindredClient", "KindredTerminal",
            "CBenchProbes", "ArgumentParser",
            "Synchronization", "Dispatch", "Foundation", "Glibc",
        ],
    ]

    /// Packages that one folder of a module alone may import.
    private static let foldersOfPackages = ["GRDB": ["KindredServer": "Models/State"]]

    /// The modules that do not lie in `Sources`.
    private static let folders = ["kindred-bench": "bench/kindred-bench"]

    private static let accessLevels: Set<Substring> = [
        "public", "package", "internal", "fileprivate", "private",
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
            let folder = Self.folders[module] ?? "Sources/\(module)"
            for file in try Self.files(under: folder, ending: [".swift"]) {
                for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                    var words = line.split(separator: " ")
                    while let first = words.first,
                        first.hasPrefix("@") || Self.accessLevels.contains(first)
                    {
                        words.removeFirst()
                    }
                    guard words.first == "import", let imported = words.last else { continue }
                    #expect(
                        allowed.contains(String(imported)),
                        "\(file.lastPathComponent) in \(module) imports \(imported)")
                    if let only = Self.foldersOfPackages[String(imported)]?[module] {
                        #expect(
                            file.path.contains("/\(module)/\(only)/"),
                            "\(file.lastPathComponent) imports \(imported): only \(only) does")
                    }
                }
            }
        }
    }

    @Test func everyModuleIsListed() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "Sources").path)
        let systemModules: Set = ["CBLAS", "CKindredKernels", "CKindredSystem"]
        let modules = Set(folders).subtracting(systemModules).union(Self.folders.keys)
        #expect(modules == Set(Self.edges.keys))
    }

    @Test func linesAndFilesStayShort() throws {
        for folder in ["Sources", "Tests", "bench/kindred-bench", "bench/CBenchProbes"] {
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

    /// Traps that bytes from outside could reach: forced casts, and conversions of integers that need not fit.
    @Test func wireDecodingConvertsExactly() throws {
        var unseen = IntegerConversion.widening
        for file in try Self.files(under: "Sources/KindredWire", ending: [".swift"]) {
            let name = file.lastPathComponent
            let text = try String(contentsOf: file, encoding: .utf8)
            for trap in ["as!", "try!", "fatalError("] {
                #expect(!text.contains(trap), "\(name) contains \(trap)")
            }
            let widening = unseen.removeValue(forKey: name) ?? []
            let found = IntegerConversion.trapping(in: text)
            for conversion in found.subtracting(widening).sorted() {
                Issue.record("\(name): \(conversion) may trap: say exactly: or clamping:, or list it")
            }
            #expect(widening.subtracting(found) == [], "\(name) has them no more: take them off the list")
        }
        #expect(unseen.isEmpty, "there are no such files")
    }

    @Test func conversionsThatMayTrapAreFound() {
        let text = """
            let a = Int(x) + UInt32(exactly: y)! + Swift.UInt8(f(z,
                2)) // Int(comment)
            let b = UInt16(clamping: x) | UInt64(list.count) | UInt32(list.count) | Int(limits.kMax) | asInt(x)
            """
        let expected: Set = ["Int(x)", "UInt8(f(z, 2))", "UInt32(list.count)"]
        #expect(IntegerConversion.trapping(in: text) == expected)
    }
}
