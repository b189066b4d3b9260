import KindredDomain
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// The nearest own item of each row against a comparison with all of them.
@Suite struct ReasonSearchTests {
    private func search(
        _ rows: [UInt32], own: [UInt32], _ generation: Generation, using generator: inout SeededGenerator
    ) -> [UInt32] {
        var search = ReasonSearch(
            rows: rows, own: .rows(own), table: generation.items!.table, metric: generation.metric)
        while true {
            let step = search.step(pairCount: Int.random(in: 1...3_000, using: &generator))
            if case .done(let reasons) = step { return reasons }
        }
    }

    /// The greatest score, then the least row.
    private func nearest(_ row: UInt32, own: [UInt32], _ vectors: [[Float]], _ metric: Similarity) -> UInt32 {
        let query = vectors[Int(row)]
        let norm = Oracle.sum(query, query).squareRoot()
        func score(_ own: UInt32) -> Float {
            let vector = vectors[Int(own)]
            let sum = Oracle.sum(query, vector)
            if metric == .cosine { return Float(sum) }
            let product = norm * Oracle.sum(vector, vector).squareRoot()
            return product == 0 ? 0 : Float(sum / product)
        }
        let scored = own.map { (score: score($0), row: $0) }
        return scored.min { $0.score > $1.score || $0.score == $1.score && $0.row < $1.row }!.row
    }

    @Test func reasonsAreTheNearest() throws {
        var generator = SeededGenerator.announced()
        for round in 0..<60 {
            let shape = VectorShape.allCases[round % VectorShape.allCases.count]
            let dimension = Int.random(in: 1...70, using: &generator)
            var vectors = shape.rows(count: 300, dimension: dimension, using: &generator)
            vectors[17] = Array(repeating: 0, count: dimension)
            let generation = try Generation.sample(items: vectors, metric: .dot)
            let all = Array(0..<UInt32(300))
            let rows = Array(
                all.shuffled(using: &generator).prefix(Int.random(in: 1...100, using: &generator)))
            let own = Array(
                all.shuffled(using: &generator).prefix(Int.random(in: 1...150, using: &generator)))
            let found = search(rows, own: own, generation, using: &generator)
            #expect(found == rows.map { nearest($0, own: own, vectors, .dot) }, "\(shape), d \(dimension)")
        }
    }

    @Test func rowsOfACosineModelAreComparedAsInItsAnswers() throws {
        var generator = SeededGenerator.announced()
        let vectors = VectorShape.flat.rows(count: 200, dimension: 12, using: &generator).map { row in
            let norm = Oracle.sum(row, row).squareRoot()
            return row.map { Float(Double($0) / norm) }
        }
        let generation = try Generation.sample(items: vectors, metric: .cosine)
        let own = (0..<40).map { UInt32($0 * 5) }
        let rows = (0..<50).map { UInt32($0 * 4 + 1) }
        let found = search(rows, own: own, generation, using: &generator)
        #expect(found == rows.map { nearest($0, own: own, vectors, .cosine) })
        // As a query by item, whose best row among the own items it is.
        for (row, reason) in zip(rows, found) {
            var request = RecommendRequest(
                scope: QueryScope(queries: .items(.numbers([UInt64(row) * 3])), target: .items), k: 1)
            request.candidates = RaggedIDs(shared: .numbers(own.map { UInt64($0) * 3 }))
            request.includesMembers = true
            let response = try answer(request, generation, using: &generator)
            #expect(response.ids == .numbers([UInt64(reason) * 3]))
        }
    }

    /// Vectors so long that few rows are compared at a time.
    @Test func longVectorsAreComparedInBlocks() throws {
        var generator = SeededGenerator.announced()
        let vectors = VectorShape.flat.rows(count: 40, dimension: 4_096, using: &generator)
        let generation = try Generation.sample(items: vectors, metric: .dot)
        let rows = (0..<15).map { UInt32($0) }
        let own = (15..<40).map { UInt32($0) }
        let found = search(rows, own: own, generation, using: &generator)
        #expect(found == rows.map { nearest($0, own: own, vectors, .dot) })
    }

    @Test func nothingToCompareIsNoReason() throws {
        var generator = SeededGenerator.announced()
        let generation = try Generation.sample(items: [[1, 2], [3, 4]], metric: .dot)
        #expect(search([], own: [1], generation, using: &generator) == [])
        #expect(search([0, 1], own: [], generation, using: &generator) == [])
        // A row that is an own item itself is its own nearest.
        #expect(search([0, 1], own: [1, 0], generation, using: &generator) == [0, 1])
    }
}
