import KindredDomain
import KindredFilter
import TestSupport

/// A table of random rows with columns of each affinity, a query's own row, and tables of values; in SQLite and
/// here.
struct RandomTable {
    struct Column {
        /// As a filter's text names it.
        let written: String
        let name: String
        let affinity: Affinity
        let declaration: String

        init(_ written: String, _ name: String, _ affinity: Affinity, _ type: String) {
            self.written = written
            self.name = name
            self.affinity = affinity
            declaration = "\(written) \(type)"
        }
    }

    static let columns = [
        Column("t", "t", .text, "TEXT"), Column("Name", "Name", .text, "VARCHAR(20)"),
        Column("n", "n", .numeric, "NUMERIC"),
        Column("\"list price\"", "list price", .numeric, "DECIMAL(9, 2)"),
        Column("i", "i", .integer, "INTEGER"), Column("[order]", "order", .integer, "BIGINT"),
        Column("r", "r", .real, "REAL"), Column("`d\"d`", "d\"d", .real, "DOUBLE PRECISION"),
        Column("b", "b", .blob, ""), Column("größe", "größe", .blob, "BLOB"),
    ]

    /// A table of values: the rows of a table of ids and values.
    struct SetColumn {
        let name: String
        let affinity: Affinity
        let type: String
    }

    static let sets = [
        SetColumn(name: "tags", affinity: .text, type: "TEXT"),
        SetColumn(name: "sizes", affinity: .numeric, type: "NUMERIC"),
        SetColumn(name: "marks", affinity: .blob, type: ""),
    ]

    let oracle: SQLiteOracle
    private(set) var rows: [RandomRow] = []

    init(rowCount: Int, _ generator: inout SeededGenerator) throws {
        let declarations = Self.columns.map(\.declaration)
        oracle = try SQLiteOracle(columns: declarations)
        try oracle.execute(
            "CREATE TABLE own (\((["id INTEGER PRIMARY KEY"] + declarations).joined(separator: ", ")))")
        for set in Self.sets {
            try oracle.execute("CREATE TABLE \(set.name) (id INTEGER, value \(set.type))")
        }
        let seed = try Self.seed(oracle, &generator)
        for _ in 0..<rowCount {
            let id = Bool.random(using: &generator) ? Int64(rows.count) : RandomValues.integer(&generator)
            // No id of a model is negative. SQLite looks rowids up by integers and does not find -2^63 by the real of
            // the same value, which it finds equal in a scan.
            if id == .min { continue }
            guard !rows.contains(where: { $0.id == id }) else { continue }
            try oracle.insert(id: id, Self.columns.map { _ in RandomValues.any(&generator) })
            var row = RandomRow(id: id, seed: seed)
            for column in Self.columns {
                row.values[column.name] = TypedValue(
                    try oracle.stored(column.written, id: id), column.affinity)
            }
            for set in Self.sets { row.sets[set.name] = try Self.fill(set, id: id, oracle, &generator) }
            rows.append(row)
        }
    }

    /// The query's own row, or nil.
    private static func seed(
        _ oracle: SQLiteOracle, _ generator: inout SeededGenerator
    ) throws -> [String: TypedValue]? {
        guard Int.random(in: 0..<4, using: &generator) > 0 else { return nil }
        let id = RandomValues.integer(&generator)
        let places = Array(repeating: "?", count: columns.count + 1).joined(separator: ", ")
        try oracle.execute(
            "INSERT INTO own VALUES (\(places))",
            [.integer(id)] + columns.map { _ in RandomValues.any(&generator) })
        var seed = ["id": TypedValue(.integer(id), .integer)]
        for column in columns {
            seed[column.name] = TypedValue(
                try oracle.value(of: "\(column.written) FROM own"), column.affinity)
        }
        return seed
    }

    private static func fill(
        _ set: SetColumn, id: Int64, _ oracle: SQLiteOracle, _ generator: inout SeededGenerator
    ) throws -> [AttributeValue] {
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            try oracle.execute(
                "INSERT INTO \(set.name) VALUES (?, ?)",
                [.integer(id), RandomValues.any(&generator, nullsIn: 12)])
        }
        return try oracle.values(of: "SELECT value FROM \(set.name) WHERE id = ?", .integer(id))
    }

    /// The ids of the rows that an expression lets through, ascending.
    func ids(
        where expression: FilterExpression, _ parameters: [FilterParameter]
    ) throws(FilterFailure) -> [Int64] {
        let evaluator = ExpressionEvaluator(parameters)
        var ids: [Int64] = []
        for row in rows where try evaluator.truth(of: expression, row: row) == true { ids.append(row.id) }
        return ids.sorted()
    }
}

/// A row as the evaluator sees it.
struct RandomRow: FilterRow {
    let id: Int64
    /// Nil where the query has no row of its own.
    let seed: [String: TypedValue]?
    var values: [String: TypedValue] = [:]
    var sets: [String: [AttributeValue]] = [:]

    init(id: Int64, seed: [String: TypedValue]?) {
        self.id = id
        self.seed = seed
        values["id"] = TypedValue(.integer(id), .integer)
    }

    func value(of column: FilterExpression.ColumnName) throws(FilterFailure) -> TypedValue {
        guard let known = values.keys.first(where: { ASCII.sameName($0, column.name) }),
            let value = values[known]
        else {
            throw FilterFailure(.unknownColumn(column.name, known: Array(values.keys)), at: column.position)
        }
        switch column.scope {
        case .row: return value
        case .seed: return seed.flatMap { $0[known] } ?? TypedValue(.null, value.affinity)
        }
    }

    func values(
        of set: FilterExpression.SetName
    ) throws(FilterFailure) -> (values: [AttributeValue], affinity: Affinity?) {
        guard let known = RandomTable.sets.first(where: { ASCII.sameName($0.name, set.name) }) else {
            throw FilterFailure(.unknownSet(set.name, known: Array(sets.keys)), at: set.position)
        }
        return (sets[known.name] ?? [], known.affinity)
    }
}
