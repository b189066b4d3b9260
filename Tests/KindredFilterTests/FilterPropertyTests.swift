import Foundation
import KindredDomain
import KindredFilter
import TestSupport
import Testing

/// Random filters over random rows let the same rows through as SQLite does for the same WHERE.
@Suite struct FilterPropertyTests {
    private static let filtersPerTable = 40

    /// `KINDRED_TEST_FILTERS`, else a number for a run of seconds.
    static let filterCount =
        ProcessInfo.processInfo.environment["KINDRED_TEST_FILTERS"].flatMap { Int($0) }
        ?? (isOptimised ? 5_000 : 1_000)

    @Test func filtersMeanWhatSQLiteMeans() throws {
        var generator = SeededGenerator.announced()
        var compared = 0
        var tellingApart = 0
        var refused = 0
        for done in stride(from: 0, to: Self.filterCount, by: Self.filtersPerTable) {
            let table = try RandomTable(rowCount: 12, &generator)
            for _ in 0..<min(Self.filtersPerTable, Self.filterCount - done) {
                switch Self.compare(RandomFilter(&generator), table) {
                case .same(let rowCount):
                    compared += 1
                    if rowCount > 0, rowCount < table.rows.count { tellingApart += 1 }
                case .bothRefuse: refused += 1
                case .difference(let comment): Issue.record("\(comment)")
                }
            }
        }
        // Of the texts without enough parentheses some are no expressions.
        print(
            "filters compared: \(compared), let some rows through: \(tellingApart), refused by both: \(refused)"
        )
        #expect(compared > Self.filterCount * 3 / 4)
        #expect(tellingApart > Self.filterCount / 8)
    }

    /// GLOB has no ESCAPE in the subset, whatever SQLite finds wrong first.
    private static func isEscapeOfGlob(_ failure: FilterFailure) -> Bool {
        if case .unsupported("ESCAPE after GLOB", _) = failure.reason { true } else { false }
    }

    enum Outcome {
        case same(rowCount: Int)
        case bothRefuse
        case difference(String)
    }

    static func compare(_ random: RandomFilter, _ table: RandomTable) -> Outcome {
        let expected = Result { () throws(SQLiteOracle.Refusal) in
            random.hasSeed
                ? try table.oracle.ids(where: random.asSQL, seedTable: "own")
                : try table.oracle.ids(where: random.asSQL)
        }
        let found = Result { () throws(FilterFailure) in
            try table.ids(where: try FilterParser.parse(random.filter), random.filter.parameters)
        }
        let filter = random.filter
        switch (expected, found) {
        case (.success(let expected), .success(let found)) where expected == found:
            return .same(rowCount: found.count)
        case (.failure(let refusal), .failure(let failure)):
            if case .syntax = failure.reason { return .bothRefuse }
            if Self.isEscapeOfGlob(failure) { return .bothRefuse }
            if refusal.message.lowercased().contains("function glob") { return .bothRefuse }
            return .difference("\(failure) where SQLite says \(refusal.message): \(filter)")
        // SQLite's parser has a stack of fixed size.
        case (.failure(let refusal), .success) where refusal.message.contains("stack overflow"):
            return .bothRefuse
        // SQLite refuses a value only where it comes to it.
        case (.success, .failure(let failure)) where FilterMutationTests.isValue(failure): return .bothRefuse
        // It takes no look at what stands before NOT IN ().
        case (.success, .failure(let failure)) where Self.isEscapeOfGlob(failure): return .bothRefuse
        default: return .difference("SQLite \(expected), found \(found): \(filter)\n\(random.asSQL.text)")
        }
    }
}
