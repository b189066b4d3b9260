import KindredDomain
import KindredFilter

/// A table made of what SQLite stores, without the loader, which refuses infinite reals.
struct DirectColumns {
    let catalog: RandomCatalog

    func table() throws -> FilterTable {
        let names = (["id"] + catalog.columns.map(\.name)).joined(separator: ", ")
        let stored = try catalog.database.run("SELECT \(names) FROM items")
        let rowCount = catalog.ids.count
        var entries = Bitmap(count: rowCount)
        var integerRows = Bitmap(count: rowCount)
        var values = catalog.columns.map { _ in [AttributeValue](repeating: .null, count: rowCount) }
        for entry in stored {
            guard let row = catalog.row(ofID: entry[0]).map({ Int($0) }) else { continue }
            entries[row] = true
            if case .integer = entry[0] { integerRows[row] = true }
            for index in values.indices { values[index][row] = entry[index + 1] }
        }
        let columns = zip(catalog.columns, values).map { column, values in
            Self.column(column.name, Self.declaration(column.type), values)
        }
        let storage: CatalogIDs.Storage =
            integerRows.population == 0
            ? .texts : integerRows == entries ? .integers : .mixed(integers: integerRows)
        return FilterTable(
            rowCount: rowCount,
            catalog: CatalogColumns(
                columns: columns, idsWithoutVector: 0, rowsWithoutEntry: rowCount - entries.population,
                ids: CatalogIDs(Self.declaration(catalog.idType), storage: storage), entries: entries,
                sets: try catalog.sets.map { try set($0) }), ids: catalog.ids)
    }

    private static func declaration(_ type: String) -> ColumnDeclaration {
        ColumnDeclaration(type: type, isStrict: false, collation: "BINARY")
    }

    static func column(
        _ name: String, _ declaration: ColumnDeclaration, _ values: [AttributeValue]
    ) -> CatalogColumn {
        var present = Bitmap(count: values.count)
        var integers = Bitmap(count: values.count)
        var (hasReals, hasTexts, isInexact) = (false, false, false)
        for (row, value) in values.enumerated() {
            present[row] = value != .null
            switch value {
            case .null: break
            case .integer(let integer):
                integers[row] = true
                if Int64(exactly: Double(integer)) != integer { isInexact = true }
            case .real: hasReals = true
            case .text: hasTexts = true
            }
        }
        var storage = ColumnStorage.uniform
        let slots: CatalogValues
        if hasTexts {
            let texts = Set(values.compactMap { $0.textBytes }).sorted { $0.lexicographicallyPrecedes($1) }
            var dictionary = TextList()
            for text in texts { dictionary.append(text) }
            slots = .text(
                codes: values.map { value in
                    value.textBytes.flatMap { texts.firstIndex(of: $0) }.map { UInt32($0) } ?? 0
                }, dictionary: dictionary)
            if hasReals || integers.population > 0 { storage = .unknown("mixed") }
        } else if hasReals {
            slots = .reals(values.map { $0.double })
            if integers.population > 0 {
                storage = isInexact ? .unknown("inexact") : .reals(integers: integers)
            }
        } else {
            slots = .integers(
                values.map { value in
                    if case .integer(let integer) = value { integer } else { 0 }
                })
        }
        return CatalogColumn(
            name: name, values: slots, present: present, declaration: declaration, storage: storage)
    }

    private func set(_ set: RandomCatalog.Column) throws -> CatalogSet {
        let stored = try catalog.database.run(
            "SELECT items.id, v.value FROM items, items_\(set.name) AS v WHERE v.id = items.id")
        let distinct = Array(Set(stored.map { $0[1] })).filter { $0 != .null }
        // One value for each code, integers first, then reals, then texts, as `SetValues` has them.
        let integers = distinct.compactMap {
            if case .integer(let value) = $0 { value } else { nil as Int64? }
        }
        let reals = distinct.compactMap { if case .real(let value) = $0 { value } else { nil as Double? } }
        let texts = distinct.compactMap { $0.textBytes }
        var list = TextList()
        for text in texts { list.append(text) }
        let values = SetValues(integers: integers, reals: reals, texts: list)
        let codes = Dictionary(uniqueKeysWithValues: (0..<values.count).map { (values[$0], UInt32($0)) })
        var rows = [Set<UInt32>](repeating: [], count: catalog.ids.count)
        var nullRows = Bitmap(count: catalog.ids.count)
        for entry in stored {
            guard let row = catalog.row(ofID: entry[0]) else { continue }
            if let code = codes[entry[1]] { rows[Int(row)].insert(code) } else { nullRows[Int(row)] = true }
        }
        var offsets: [UInt32] = [0]
        var all: [UInt32] = []
        for row in rows {
            all += row.sorted()
            offsets.append(UInt32(all.count))
        }
        return CatalogSet(
            name: set.name, affinity: Self.declaration(set.type).affinity, offsets: offsets, codes: all,
            values: values, nullRows: nullRows, entriesWithoutRow: 0)
    }
}

extension AttributeValue {
    var textBytes: [UInt8]? {
        if case .text(let bytes) = self { bytes } else { nil }
    }

    /// A number as a real; 0 for others.
    var double: Double {
        switch self {
        case .integer(let integer): Double(integer)
        case .real(let real): real
        case .null, .text: 0
        }
    }
}
