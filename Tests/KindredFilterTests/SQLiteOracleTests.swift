import KindredDomain
import Testing

/// The oracle itself: it asks SQLite, with values bound by name.
@Suite struct SQLiteOracleTests {
    @Test func rowsOfAFilter() throws {
        let oracle = try SQLiteOracle(columns: ["price REAL", "name TEXT", "any"])
        try oracle.insert(id: 1, [.integer(3), .text(Array("mug".utf8)), .null])
        try oracle.insert(id: 2, [.real(0.5), .integer(7), .text([0x61, 0, 0x62])])
        #expect(try oracle.stored("price", id: 1) == .real(3))
        #expect(try oracle.stored("name", id: 2) == .text(Array("7".utf8)))
        #expect(
            try oracle.ids(where: Filter("price < :most", parameters: [FilterParameter("most", .integer(3))]))
                == [2])
        let text = FilterParameter("text", .text([0x61, 0, 0x62]))
        #expect(try oracle.ids(where: Filter("any = :text -- a comment", parameters: [text])) == [2])
        #expect(try oracle.value(of: "-9223372036854775808") == .integer(.min))
        #expect(try oracle.value(of: ":text", [text]) == text.value)
        #expect(throws: SQLiteOracle.Refusal.self) { try oracle.ids(where: Filter("price <")) }
    }
}
