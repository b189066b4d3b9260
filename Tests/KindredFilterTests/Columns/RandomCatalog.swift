import KindredCatalog
import KindredDomain
import KindredFilter
import TestSupport

/// A random catalog file with a table `items`, and the ids of a model: some have no entry, and some entries no id.
final class RandomCatalog {
    struct Column {
        let name: String
        let type: String
    }

    let database: CatalogDatabase
    let path: String
    let columns: [Column]
    /// Of `items.id`.
    let idType: String
    private(set) var sets: [Column] = []
    let ids: IDList
    /// The rows of the model by what an entry's id spells.
    private let rows: [String: UInt32]

    private static let types = [
        "", "INT", "INTEGER", "REAL", "NUMERIC", "TEXT", "BLOB", "DECIMAL(10,2)", "VARCHAR(9)",
        "FLOATING POINT",
        "DOUBLE", "ANY",
    ]

    init(path: String, infinite: Bool, _ generator: inout SeededGenerator) throws {
        self.path = path
        database = try CatalogDatabase(path: path)
        let rowCount = [1, 5, 63, 64, 65, 150].randomElement(using: &generator)!
        let isNumeric = Bool.random(using: &generator)
        ids = Self.ids(rowCount, isNumeric: isNumeric, &generator)
        rows = Dictionary(
            ids.ids.enumerated().map { ($0.element.description, UInt32($0.offset)) },
            uniquingKeysWith: { first, _ in first })
        let idType = ["INTEGER", "INT", "TEXT", "", "BLOB", "NUMERIC"].randomElement(using: &generator)!
        self.idType = idType
        columns = (0..<Int.random(in: 1...6, using: &generator)).map {
            Column(name: "c\($0)", type: Self.types.randomElement(using: &generator)!)
        }
        let declared = columns.map { "\($0.name) \($0.type)" }.joined(separator: ", ")
        try database.run("BEGIN")
        try database.run("CREATE TABLE items(id \(idType) PRIMARY KEY, \(declared))")
        try insertEntries(infinite: infinite, &generator)
        for name in ["tags", "seasons"].prefix(Int.random(in: 0...2, using: &generator)) {
            try makeSet(name, infinite: infinite, &generator)
        }
        try database.run("COMMIT")
    }

    private static func ids(
        _ count: Int, isNumeric: Bool, _ generator: inout SeededGenerator
    ) -> IDList {
        if isNumeric {
            var numbers: Set<UInt64> = [0, Limits.numberIDMax, 7]
            while numbers.count < count + 3 { numbers.insert(.random(in: 0...999, using: &generator)) }
            return .numbers(Array(numbers.sorted().prefix(count)))
        }
        var texts: Set<String> = ["7", "-3", "07", "x"]
        while texts.count < count + 4 {
            let number = Int.random(in: 0...999, using: &generator)
            texts.insert(Bool.random(using: &generator) ? "\(number)" : "id\(number)")
        }
        return IDList(texts.map { ExternalID($0) }.sorted().prefix(count))
    }

    private func insertEntries(infinite: Bool, _ generator: inout SeededGenerator) throws {
        let themes = columns.map { _ in Int.random(in: 0..<5, using: &generator) }
        let storesIntegers = Int.random(in: 0..<3, using: &generator)
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        for id in ids.ids + ["999001", "999002", "gone"] where Int.random(in: 0..<9, using: &generator) > 0 {
            let spelled = id.description
            let number = Int64(spelled).flatMap { String($0) == spelled ? $0 : nil }
            let isInteger = storesIntegers == 2 ? Bool.random(using: &generator) : storesIntegers == 1
            let stored: AttributeValue =
                isInteger
                ? number.map { .integer($0) } ?? .text(Array(spelled.utf8)) : .text(Array(spelled.utf8))
            let values = themes.map { theme -> AttributeValue in
                if Int.random(in: 0..<6, using: &generator) == 0 { return .null }
                switch theme {
                case 0: return EdgeValue.integer(&generator)
                case 1: return EdgeValue.real(&generator, infinite: infinite)
                case 2:
                    return Bool.random(using: &generator)
                        ? .integer(.random(in: -5...5, using: &generator))
                        : EdgeValue.real(&generator, infinite: infinite)
                case 3: return EdgeValue.text(&generator)
                default: return EdgeValue.any(&generator, infinite: infinite)
                }
            }
            // An INTEGER PRIMARY KEY takes no text, and two spellings may be one key.
            do { try database.run("INSERT INTO items VALUES (?, \(places))", [stored] + values) } catch {}
        }
    }

    private func makeSet(_ name: String, infinite: Bool, _ generator: inout SeededGenerator) throws {
        let type = Self.types.randomElement(using: &generator)!
        sets.append(Column(name: name, type: type))
        let idType = Int.random(in: 0..<4, using: &generator) > 0 ? idType : "TEXT"
        try database.run("CREATE TABLE items_\(name)(id \(idType), value \(type))")
        let entries = try database.run("SELECT id FROM items").map { $0[0] } + [.integer(424_242)]
        for id in entries {
            for _ in 0..<[0, 1, 2, 5].randomElement(using: &generator)! {
                let value = EdgeValue.any(&generator, infinite: infinite)
                let value2 = Bool.random(using: &generator) ? AttributeValue.integer(5) : value
                try database.run("INSERT INTO items_\(name) VALUES (?, ?)", [id, value2])
            }
        }
    }

    /// The row of an entry's id: an integer and a text that spell the same are one.
    func row(ofID id: AttributeValue) -> UInt32? {
        switch id {
        case .integer(let integer): rows["\(integer)"]
        case .text(let bytes): rows[String(decoding: bytes, as: UTF8.self)]
        case .null, .real: nil
        }
    }

    /// The entry of a row: its `rowid`.
    func rowID(ofRow row: UInt32) throws -> Int64? {
        for entry in try database.run("SELECT rowid, id FROM items") where self.row(ofID: entry[1]) == row {
            if case .integer(let rowID) = entry[0] { return rowID }
        }
        return nil
    }

    /// The rows that SQLite lets through.
    func rows(where condition: String, _ parameters: [FilterParameter]) throws -> Set<UInt32> {
        Set(
            try database.run("SELECT id FROM items WHERE \(condition)", named: parameters).compactMap {
                row(ofID: $0[0])
            })
    }

    /// The catalog as the loader reads it.
    func loaded() throws -> FilterTable {
        let columns = try CatalogReader.readColumns(path: path, side: .items, rowCount: ids.count) { id in
            self.rows[id.description]
        }
        guard let columns else { throw CatalogDatabase.Refusal(message: "no table") }
        return FilterTable(rowCount: ids.count, catalog: columns, ids: ids)
    }
}
