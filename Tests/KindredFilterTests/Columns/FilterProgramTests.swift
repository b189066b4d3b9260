import Foundation
import KindredCatalog
import KindredDomain
import KindredFilter
import TestSupport
import Testing

/// Filters over columns give the rows that SQLite gives for the same condition on the same file. Half of them are read
/// from their texts, as a server reads them.
@Suite struct FilterProgramTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Filters that each test compares, at least: half of `KINDRED_TEST_FILTERS`, else a number for a run of seconds.
    private static let filterCount =
        ProcessInfo.processInfo.environment["KINDRED_TEST_FILTERS"].flatMap { Int($0) }.map { ($0 + 1) / 2 }
        ?? (isOptimised ? 12_000 : 1_200)
    private static let filtersPerCatalog = 60
    /// A column of mixed values refuses filters, and some catalogs have no other.
    private static var catalogCountMax: Int { 9 + 9 * filterCount / filtersPerCatalog }

    private func rows(
        _ expression: FilterExpression, _ parameters: [FilterParameter], _ table: FilterTable,
        _ seed: FilterSeed?, _ generator: inout SeededGenerator
    ) throws(FilterFailure) -> Set<UInt32> {
        var program = try FilterProgram(expression, parameters: parameters, over: table, seed: seed)
        let rowCount = [1, 200, 1_000_000].randomElement(using: &generator)!
        while !program.step(rowCount: rowCount) {}
        let rows = program.rows
        return Set((0..<UInt32(rows.count)).filter { rows[Int($0)] })
    }

    /// Whether SQLite stores what the columns cannot tell: texts and numbers, or integers that no real equals.
    private func isMixed(_ column: String, of catalog: RandomCatalog) throws -> Bool {
        let stored = try catalog.database.run("SELECT \(column) FROM items").map { $0[0] }
        let hasText = stored.contains { $0.textBytes != nil }
        let hasReal = stored.contains { if case .real = $0 { true } else { false } }
        let integers = stored.compactMap { if case .integer(let value) = $0 { value } else { nil as Int64? } }
        let isInexact = integers.contains { Int64(exactly: Double($0)) != $0 }
        return hasText && (hasReal || !integers.isEmpty) || hasReal && isInexact
    }

    /// Compares many filters over one catalog; the numbers that were compared and refused.
    private func compare(
        _ catalog: RandomCatalog, _ table: FilterTable, _ seed: UInt64, _ generator: inout SeededGenerator
    ) throws -> (compared: Int, refused: Int) {
        var counts = (compared: 0, refused: 0)
        for _ in 0..<Self.filtersPerCatalog {
            let seedRow = UInt32.random(in: 0..<UInt32(table.rowCount), using: &generator)
            var random = RandomExpression(
                columns: catalog.columns.map(\.name), sets: catalog.sets.map(\.name), hasSeed: true)
            let made = random.condition(Int.random(in: 0...3, using: &generator), &generator)
            let sql = FilterSQL(seedRowID: try catalog.rowID(ofRow: seedRow)).text(made)
            let expression =
                Bool.random(using: &generator)
                ? try FilterParser.parse(
                    Filter(FilterSQL(isFilter: true).text(made), parameters: random.parameters)) : made
            do throws(FilterFailure) {
                let found = try rows(
                    expression, random.parameters, table, FilterSeed(table, row: seedRow), &generator)
                let wanted = try wanted(catalog, sql, random.parameters)
                let declared = catalog.columns.map { "\($0.name) \($0.type)" }
                #expect(
                    found == wanted,
                    "seed \(seed): \(sql) \(random.parameters) id \(catalog.idType) \(declared) \(catalog.sets)"
                )
                if found != wanted { return counts }
                counts.compared += 1
            } catch {
                switch error.reason {
                case .incomparableColumn(let name, _):
                    #expect((try? isMixed(name, of: catalog)) == true, "seed \(seed): \(name) of \(sql)")
                case .unsupported: break
                default: Issue.record("seed \(seed): \(error) for \(sql)")
                }
                counts.refused += 1
            }
        }
        return counts
    }

    private func wanted(
        _ catalog: RandomCatalog, _ sql: String, _ parameters: [FilterParameter]
    ) throws(FilterFailure) -> Set<UInt32> {
        do { return try catalog.rows(where: sql, parameters) } catch {
            Issue.record("\(error)")
            return []
        }
    }

    @Test func loadedCatalogs() throws {
        var generator = SeededGenerator.announced()
        let seed = generator.seed
        var counts = (compared: 0, refused: 0)
        var number = 0
        while counts.compared < Self.filterCount, number < Self.catalogCountMax {
            number += 1
            let catalog = try RandomCatalog(
                path: folder.file("\(number).sqlite"), infinite: false, &generator)
            let table: FilterTable
            do { table = try catalog.loaded() } catch let error as CatalogFailure {
                // A random affinity makes a text of a column infinite, and ids of two tables have two types.
                switch error {
                case .idTypes: break
                case .value(_, _, _, _, let found, _):
                    #expect(found.hasSuffix("inf"), "seed \(seed): \(error)")
                default: Issue.record("seed \(seed): \(error)")
                }
                continue
            }
            let more = try compare(catalog, table, seed, &generator)
            counts = (counts.compared + more.compared, counts.refused + more.refused)
        }
        print("filters compared: \(counts.compared), refused: \(counts.refused)")
        #expect(counts.compared >= Self.filterCount, "seed \(seed)")
    }

    @Test func columnsWithInfinities() throws {
        var generator = SeededGenerator.announced()
        let seed = generator.seed
        var counts = (compared: 0, refused: 0)
        var number = 0
        while counts.compared < Self.filterCount, number < Self.catalogCountMax {
            number += 1
            let catalog = try RandomCatalog(
                path: folder.file("\(number).sqlite"), infinite: true, &generator)
            let table = try DirectColumns(catalog: catalog).table()
            let more = try compare(catalog, table, seed, &generator)
            counts = (counts.compared + more.compared, counts.refused + more.refused)
        }
        print("filters compared: \(counts.compared), refused: \(counts.refused)")
        #expect(counts.compared >= Self.filterCount, "seed \(seed)")
    }
}
