import Foundation
import Testing

/// Holds the rules of `TidyRules` against the project's files.
@Suite struct TidyTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The modules that do not lie in `Sources`, and the folder that they lie in.
    private static let roots = ["kindred-bench": "bench"]

    private static let codeFolders = ["Sources", "Tests", "bench/kindred-bench", "bench/CBenchProbes"]

    /// The files below a folder whose names end so. `root` is the folder of the modules.
    private static func files(
        under folder: String, root: String = "Sources", ending suffixes: [String] = [".swift"]
    ) throws -> [SourceFile] {
        let base = Self.root.appending(path: folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path)
        return try paths.filter { path in suffixes.contains { path.hasSuffix($0) } }.sorted().map {
            SourceFile(
                path: "\(folder)/\($0)", root: root,
                text: try String(contentsOf: base.appending(path: $0), encoding: .utf8))
        }
    }

    private static func files(ofModule module: String) throws -> [SourceFile] {
        let root = roots[module] ?? "Sources"
        return try files(under: "\(root)/\(module)", root: root)
    }

    private static func expectNone(_ violations: [String]) {
        for violation in violations { Issue.record("\(violation)") }
    }

    @Test func importsPointDownward() throws {
        for module in Edges.modules.keys.sorted() {
            for file in try Self.files(ofModule: module) {
                Self.expectNone(TidyRules.forbiddenImports(file, allowed: Edges.modules))
                Self.expectNone(TidyRules.misplacedImports(file, places: Edges.places))
            }
        }
    }

    @Test func foldersPointDownward() throws {
        for (module, allowed) in Edges.folders {
            let files = try Self.files(ofModule: module)
            let folders = Set(files.map(\.folder))
            for (folder, others) in allowed {
                #expect(folders.contains(folder), "\(module) has no folder '\(folder)'")
                #expect(others.isSubset(of: folders), "\(module) has not all of \(others.sorted())")
            }
            Self.expectNone(TidyRules.forbiddenNames(files, allowed: allowed))
        }
    }

    @Test func everyModuleIsListed() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "Sources").path)
        let systemModules: Set = ["CBLAS", "CKindredKernels", "CKindredSystem"]
        let modules = Set(folders).subtracting(systemModules).union(Self.roots.keys)
        #expect(modules == Set(Edges.modules.keys))
    }

    @Test func linesFilesAndFoldersStayShort() throws {
        for folder in Self.codeFolders {
            let files = try Self.files(under: folder, ending: [".swift", ".c", ".h"])
            if folder == "Sources" { Self.expectNone(TidyRules.crowdedFolders(files.map(\.path))) }
            for file in files { Self.expectNone(TidyRules.longLines(file) + TidyRules.longFile(file)) }
        }
    }

    /// A release build compiles no `@testable` import.
    @Test func testsImportWithPackageAccess() throws {
        for file in try Self.files(under: "Tests") { Self.expectNone(TidyRules.testableImports(file)) }
    }

    @Test func noDrawersAndNoPromises() throws {
        for folder in ["Sources", "Tests", "bench", "proto-spec"] {
            for file in try Self.files(under: folder, ending: [".swift", ".c", ".h", ".py", ".md"]) {
                Self.expectNone(TidyRules.drawers(file) + TidyRules.promises(file))
            }
        }
    }

    /// Bytes of a peer reach all of KindredWire, so that nothing in it may trap on a value.
    @Test func decodingDoesNotTrap() throws {
        for file in try Self.files(ofModule: "KindredWire") {
            Self.expectNone(TidyRules.trappingConversions(file) + TidyRules.trappingExpressions(file))
        }
    }

    /// A pointer into a region is kept valid by a `RegionColumn` or a scoped call, never by a line that keeps the
    /// region.
    @Test func onlyRegionsAndColumnsExtendLifetimes() throws {
        for file in try Self.files(under: "Sources") where !file.path.contains("KindredSystem/Memory/") {
            Self.expectNone(TidyRules.extendedLifetimes(file))
        }
    }
}
