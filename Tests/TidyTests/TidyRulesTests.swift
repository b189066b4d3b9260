import Testing

/// Each rule on a text that breaks it and on one that does not.
@Suite struct TidyRulesTests {
    private func file(_ path: String, _ text: String) -> SourceFile {
        SourceFile(path: "Sources/\(path)", text: text)
    }

    @Test func aFileKnowsItsModuleAndFolder() {
        let deep = file("KindredServer/Models/State/StateFile.swift", "")
        #expect(deep.module == "KindredServer")
        #expect(deep.folder == "Models/State")
        #expect(deep.name == "StateFile.swift")
        #expect(file("KindredDomain/Limits.swift", "").folder == "")
        let bench = SourceFile(path: "bench/kindred-bench/Load/Loops.swift", root: "bench", text: "")
        #expect(bench.module == "kindred-bench")
        #expect(bench.folder == "Load")
    }

    @Test func codeHasNoCommentsAndNoTexts() {
        let text = #"""
            let a = "Int(x) \(b + f("Int(y)", g(2))) \" // Int(z)" // Int(w)
            let c = d /// Int(v)
            """#
        let code = file("M/F.swift", text).code
        #expect(!code.contains("Int("))
        for name in ["a", "b", "f", "g", "c", "d"] { #expect(SourceFile.names(in: code).contains(name)) }
    }

    @Test func longLinesAndFilesAreFound() {
        #expect(TidyRules.longLines(file("M/F.swift", String(repeating: "x", count: 120))).isEmpty)
        #expect(TidyRules.longLines(file("M/F.swift", "a\n" + String(repeating: "x", count: 121))).count == 1)
        let lines = String(repeating: "x\n", count: 350)
        #expect(TidyRules.longFile(file("M/F.swift", lines)).isEmpty)
        #expect(TidyRules.longFile(file("M/F.swift", lines + "x\n")).count == 1)
        let reason = "// Longer than 350 lines because it is a table.\n"
        #expect(TidyRules.longFile(file("M/F.c", reason + lines)).isEmpty)
        #expect(TidyRules.longFile(file("M/F.c", lines + reason)).count == 1)
    }

    @Test func crowdedFoldersAreFound() {
        let files = (1...20).map { "Sources/M/F/\($0).swift" } + ["Sources/M/F/G/1.swift"]
        #expect(TidyRules.crowdedFolders(files).isEmpty)
        #expect(TidyRules.crowdedFolders(files + ["Sources/M/F/21.swift"]).count == 1)
    }

    @Test func importsThatAreNotAllowedAreFound() {
        let upward = file(
            "KindredWire/F.swift", "@_exported public import KindredServer\nimport KindredDomain")
        #expect(upward.imports == ["KindredServer", "KindredDomain"])
        #expect(
            TidyRules.forbiddenImports(upward, allowed: Edges.modules)
                == ["Sources/KindredWire/F.swift imports KindredServer"])
    }

    @Test func importsInTheWrongFolderAreFound() {
        let places = [Edges.Place(module: "M", imported: "GRDB", folders: ["Models/State"])]
        for folder in ["Models", "Models/Statement", "Requests"] {
            let wrong = file("M/\(folder)/F.swift", "internal import GRDB")
            #expect(TidyRules.misplacedImports(wrong, places: places).count == 1, "\(folder)")
        }
        for path in ["M/Models/State/F.swift", "M/Models/State/Old/F.swift", "N/F.swift"] {
            #expect(TidyRules.misplacedImports(file(path, "import GRDB"), places: places).isEmpty)
        }
    }

    @Test func namesOfOtherFoldersAreFound() {
        let cut = file(
            "M/Lookalike/Cut.swift",
            """
            package final class Cut {}
            private struct Own {}
            struct Rule { enum Kind {} }
            """)
        let allowed: [String: Set<String>] = ["Rank": ["Scan"]]
        func violations(_ folder: String, _ code: String) -> Int {
            TidyRules.forbiddenNames([cut, file("M/\(folder)/F.swift", code)], allowed: allowed).count
        }
        #expect(violations("Rank", "func f(_ cut: Cut, _ rule: [Rule]) {}") == 2)
        #expect(violations("Rank", "// Cut\nlet own: Own, kind: Kind, CutOff, name = \"Rule\"") == 0)
        #expect(violations("Scan", "let cut: Cut") == 0)
        #expect(violations("Lookalike", "let cut: Cut") == 0)
    }

    @Test func trappingConversionsAreFound() {
        func found(_ code: String) -> Int { TidyRules.trappingConversions(file("M/F.swift", code)).count }
        for code in [
            "Int(x)", "UInt32(exactly: y)! + Swift.UInt8(f(z))", "list.map(UInt16.init)",
            "UInt64(list.count)",
            "\"\\(Int64(x))\"", "numericCast(x)",
        ] {
            #expect(found(code) == 1, "\(code)")
        }
        for code in [
            "Int(widening: x)", "UInt16(clamping: x) | UInt8(truncatingIfNeeded: y)", "asInt(x)",
            "[UInt64]()",
            "UInt8(ascii: \"a\")", "let x: Int // Int(x)", "Float(x)", "\"Int(x)\"",
        ] {
            #expect(found(code) == 0, "\(code)")
        }
    }

    @Test func trappingExpressionsDrawersAndPromisesAreFound() {
        #expect(TidyRules.trappingExpressions(file("M/F.swift", "try! f() as! T")).count == 2)
        #expect(TidyRules.trappingExpressions(file("M/F.swift", "try? f() as? T // as!")).isEmpty)
        #expect(TidyRules.drawers(file("M/StringUtils.swift", "")).count == 1)
        #expect(TidyRules.drawers(file("M/Limits.swift", "")).isEmpty)
        #expect(TidyRules.promises(file("M/F.swift", "// TO" + "DO: x")).count == 1)
        #expect(TidyRules.promises(file("M/F.swift", "// Done.")).isEmpty)
    }

    @Test func extendedLifetimesAreFound() {
        let line = "withExtended" + "Lifetime(region) {}"
        #expect(TidyRules.extendedLifetimes(file("M/F.swift", line)).count == 1)
        #expect(TidyRules.extendedLifetimes(file("M/F.swift", "region.withBytes { $0.count }")).isEmpty)
    }

    @Test func testableImportsAreFound() {
        let line = "@" + "testable import KindredWire"
        #expect(TidyRules.testableImports(file("M/F.swift", line)).count == 1)
        #expect(TidyRules.testableImports(file("M/F.swift", "import KindredWire")).isEmpty)
    }
}
