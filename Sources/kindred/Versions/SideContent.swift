import KindredCatalog
import KindredDomain
import KindredModel
import KindredSystem
import KindredTerminal

/// One side of a version for `kindred inspect`, as text or as JSON.
struct SideContent {
    let table: VectorTable
    let columns: CatalogColumns?
    let codes: Int8Codes?
    /// The reason for building the codes at load; nil where a file has them.
    let codesBuilt: BuildReason?
    /// Nil but for users.
    let statistics: PopulationStatistics?
    /// The reason for making the statistics at load; nil where a file has them.
    let statisticsBuilt: BuildReason?
    private let firstIDs: [String]
    private let norms: (least: Double, mean: Double, greatest: Double)

    init(
        table: VectorTable, columns: CatalogColumns?, codes: Int8Codes?, codesBuilt: BuildReason?,
        statistics: PopulationStatistics?, statisticsBuilt: BuildReason?, idsShown: Int
    ) {
        self.table = table
        self.columns = columns
        self.codes = codes
        self.codesBuilt = codesBuilt
        self.statistics = statistics
        self.statisticsBuilt = statisticsBuilt
        firstIDs = (0..<min(table.count, idsShown)).map { table.ids.id(ofRow: UInt32($0)).description }
        let norms = UnsafeBufferPointer(start: table.norms, count: table.count)
        self.norms = (
            norms.min() ?? 0, norms.reduce(0, +) / Double(table.count), norms.max() ?? 0
        )
    }

    /// The quantiles of norms that are shown, in per cent.
    private static let quantilesShown = [5, 25, 50, 75, 95]

    var lines: [String] {
        var lines = [
            "\(table.side)        \(table.count.groupedDigits) rows  \(table.ids.kind.name) ids",
            "  norms      least \(norms.least)  mean \(norms.mean)  greatest \(norms.greatest)",
            "  first ids  \(firstIDs.joined(separator: "  "))",
        ]
        if let codes {
            let origin =
                codesBuilt.map { "made at load: \($0)" } ?? "from \(ModelFiles.codes(of: table.side))"
            lines.append("  codes      int8  \(codes.blockCount.groupedDigits) blocks  \(origin)")
        }
        if let statistics {
            let origin = statisticsBuilt.map { "made at load: \($0)" } ?? "from \(ModelFiles.statistics)"
            lines.append(
                "  statistics mean's norm \(statistics.meanNorm)  variance \(statistics.variance)  \(origin)")
            let quantiles = Self.quantilesShown.map { "\($0) % \(statistics.normQuantiles[$0])" }
            lines.append(
                "  quantiles  norms  \(quantiles.joined(separator: "  "))  sample of "
                    + "\(statistics.sample.count.groupedDigits) rows")
        }
        guard let columns else { return lines }
        lines += columns.columns.map {
            let nulls = table.count - $0.present.population
            return "  column     \($0.name)  \($0.values.kindName)  \(nulls.groupedDigits) null"
        }
        lines += columns.sets.map { set in
            let lost = set.entriesWithoutRow
            return "  values     \(set.name)  \(set.entryCount.groupedDigits) entries  "
                + "\(set.values.count.groupedDigits) different"
                + (lost == 0 ? "" : "  \(lost.groupedDigits) without a row")
        }
        lines.append("  catalog    \(columns.rowsWithoutEntry.groupedDigits) rows without an entry")
        lines.append("             \(columns.idsWithoutVector.groupedDigits) entries without a vector")
        return lines
    }

    var json: JSONValue {
        var members = [
            JSONMember("rows", .integer(table.count)), JSONMember("id_kind", .string(table.ids.kind.name)),
            JSONMember(
                "norms",
                .object([
                    JSONMember("min", .real(norms.least)), JSONMember("mean", .real(norms.mean)),
                    JSONMember("max", .real(norms.greatest)),
                ])),
            JSONMember("first_ids", .array(firstIDs.map(JSONValue.string))),
        ]
        if let codes {
            var inner = [JSONMember("blocks", .integer(codes.blockCount))]
            if let codesBuilt { inner.append(JSONMember("made_at_load", .string(codesBuilt.description))) }
            members.append(JSONMember("codes", .object(inner)))
        }
        if let statistics {
            var inner = [
                JSONMember("mean_norm", .real(statistics.meanNorm)),
                JSONMember("variance", .real(statistics.variance)),
                JSONMember("sample_rows", .integer(statistics.sample.count)),
                JSONMember(
                    "norm_quantiles",
                    .object(
                        Self.quantilesShown.map {
                            JSONMember("\($0)", .real(Double(statistics.normQuantiles[$0])))
                        })),
            ]
            if let statisticsBuilt {
                inner.append(JSONMember("made_at_load", .string(statisticsBuilt.description)))
            }
            members.append(JSONMember("statistics", .object(inner)))
        }
        guard let columns else { return .object(members) }
        let described = columns.columns.map { column in
            JSONValue.object([
                JSONMember("name", .string(column.name)), JSONMember("type", .string(column.values.kindName)),
                JSONMember("nulls", .integer(table.count - column.present.population)),
            ])
        }
        members.append(JSONMember("columns", .array(described)))
        let tags = columns.sets.map { set in
            JSONValue.object([
                JSONMember("name", .string(set.name)), JSONMember("entries", .integer(set.entryCount)),
                JSONMember("values", .integer(set.values.count)),
                JSONMember("entries_without_row", .integer(set.entriesWithoutRow)),
            ])
        }
        members.append(JSONMember("tags", .array(tags)))
        members.append(JSONMember("rows_without_catalog_entry", .integer(columns.rowsWithoutEntry)))
        members.append(JSONMember("catalog_ids_without_vector", .integer(columns.idsWithoutVector)))
        return .object(members)
    }
}

extension UnreadTable {
    /// The member of a version's object: a text for each table.
    static func json(_ tables: [UnreadTable]) -> JSONMember {
        JSONMember("unread_tables", .array(tables.map { .string($0.description) }))
    }
}

extension CatalogSet {
    /// Entries of rows that the side has, each value of a row once.
    var entryCount: Int { codes.count + (nullRows?.population ?? 0) }
}

extension CatalogValues {
    /// `integer`, `real` or `text`.
    var kindName: String {
        switch self {
        case .integers: "integer"
        case .reals: "real"
        case .text: "text"
        }
    }
}
