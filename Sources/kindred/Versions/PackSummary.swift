import KindredCatalog
import KindredDomain
import KindredModel
import KindredPack
import KindredServer
import KindredSystem
import KindredTerminal

/// The result of a pack, as text or as JSON.
struct PackSummary {
    let report: PackReport
    /// The catalog columns of the sides that have a catalog.
    let columns: [Side: CatalogColumns]
    /// Tables that are named as attributes and are none.
    let unreadTables: [UnreadTable]

    /// Text for people: sizes, catalog coverage and warnings.
    var lines: [String] {
        let manifest = report.manifest
        var lines = ["model \(manifest.model)  version \(manifest.version)  \(manifest.metric)"]
        for side in [Side.items, .users] {
            guard let rows = manifest.rows(side) else { continue }
            var line =
                "\(side)  \(rows.count.groupedDigits) rows x \(manifest.dimension)  \(rows.idKind.name) ids"
            if let catalog = columns[side] {
                let matched = Int(rows.count) - catalog.rowsWithoutEntry
                line += "  \(matched.groupedDigits) in the catalog (\(catalog.columns.count) columns"
                if !catalog.sets.isEmpty {
                    line += ", tables of values \(catalog.sets.map(\.name).joined(separator: ", "))"
                }
                line += ")"
            }
            lines.append(line)
            if let catalog = columns[side], catalog.rowsWithoutEntry > 0 {
                lines.append(
                    "note: \(catalog.rowsWithoutEntry.groupedDigits) \(side) have no catalog entry: "
                        + "no filter lets them pass, and columns show nothing for them")
            }
            if let catalog = columns[side], catalog.idsWithoutVector > 0 {
                lines.append(
                    "note: \(catalog.idsWithoutVector.groupedDigits) catalog entries of \(side) have no vector"
                )
            }
        }
        lines += unreadTables.map { "note: \($0)" }
        lines += shop.lines
        if let seen = report.seen { lines += Self.notes(seen).map { "note: \($0)" } }
        lines += warnings.map { "warning: \($0)" }
        return lines
    }

    private var shop: ShopContent { ShopContent(manifest: report.manifest, seen: report.seen?.packed) }

    /// How the file of seen pairs was read, where it is not all taken as it stands.
    private static func notes(_ report: SeenReport) -> [String] {
        var notes: [String] = []
        if let heading = report.heading {
            notes.append("line 1 of the seen pairs, \(heading), is taken for headings")
        }
        let unknown = report.unknown
        if unknown.pairs > 0 {
            notes.append(
                "seen pairs of unknown ids, which are left out: \(unknown.pairs.groupedDigits), \(unknown.examples)"
            )
        }
        if report.duplicates > 0 {
            notes.append(
                "seen pairs that stand there again, which count once: \(report.duplicates.groupedDigits)")
        }
        if report.zeros > 0 {
            notes.append(
                "entries of the seen matrix that are 0, which count as not seen: \(report.zeros.groupedDigits)"
            )
        }
        return notes
    }

    /// What was left out of the seen pairs.
    private static func leftOut(_ report: SeenReport) -> JSONValue {
        func unknown(_ side: SeenReport.Unknown.Side) -> JSONValue {
            .object([
                JSONMember("pairs", .integer(side.count)),
                JSONMember("examples", .array(side.examples.map(JSONValue.string))),
            ])
        }
        return .object([
            JSONMember("pairs_of_unknown_ids", .integer(report.unknown.pairs)),
            JSONMember("unknown_users", unknown(report.unknown.users)),
            JSONMember("unknown_items", unknown(report.unknown.items)),
            JSONMember("duplicates", .integer(report.duplicates)),
            JSONMember("zeros", .integer(report.zeros)),
        ])
    }

    /// The packer's warnings, and one for each catalog column that clients cannot show or filters cannot compare.
    private var warnings: [String] {
        var warnings = report.warnings.map(\.description)
        if let seen = shop.seen, seen.pairs == 0 {
            warnings.append("there are no seen pairs: nobody has seen anything")
        }
        for side in [Side.items, .users] {
            for name in report.manifest.rows(side)?.columns ?? [] where ResultNames.reserved.contains(name) {
                warnings.append(
                    "column '\(name)' of the catalog of \(side) has the name of a result's own member, so --json "
                        + "and the Python client refuse it: \(ResultNames.remedy)")
            }
            for column in columns[side]?.columns ?? [] {
                guard let reason = column.incomparability else { continue }
                warnings.append(
                    "filters refuse the column '\(column.name)' of the catalog of \(side): \(reason)")
            }
        }
        return warnings
    }

    var json: JSONValue {
        let manifest = report.manifest
        var members = [
            JSONMember("directory", .string(report.directory)),
            JSONMember("model", .string(manifest.model.description)),
            JSONMember("version", .integer(manifest.version)),
            JSONMember("fingerprint", .string(manifest.fingerprintText)),
            JSONMember("metric", .string(manifest.metric.description)),
            JSONMember("dimension", .integer(manifest.dimension)),
        ]
        for side in [Side.items, .users] {
            guard let rows = manifest.rows(side) else { continue }
            var inner = [
                JSONMember("rows", .integer(rows.count)), JSONMember("id_kind", .string(rows.idKind.name)),
                JSONMember("columns", .array(rows.columns.map(JSONValue.string))),
            ]
            if let catalog = columns[side] {
                inner.append(JSONMember("rows_without_catalog_entry", .integer(catalog.rowsWithoutEntry)))
                inner.append(JSONMember("catalog_ids_without_vector", .integer(catalog.idsWithoutVector)))
            }
            members.append(JSONMember(side.description, .object(inner)))
        }
        members += shop.members
        if let seen = report.seen { members.append(JSONMember("seen_left_out", Self.leftOut(seen))) }
        members.append(UnreadTable.json(unreadTables))
        members.append(JSONMember("warnings", .array(warnings.map(JSONValue.string))))
        return .object(members)
    }
}
