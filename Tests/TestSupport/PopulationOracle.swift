/// The statistics of a population in plain scalar code: the documented operations in the documented order. Shares no
/// code with the engine.
package struct PopulationOracle: Sendable {
    /// The id of a row.
    package enum ID: Sendable {
        case number(UInt64)
        case text([UInt8])
    }

    package let mean: [Double]
    /// Row i has the sums of the products of elements i and j <= i.
    package let products: [[Double]]
    package let normQuantiles: [Float]
    package let sample: [Int]

    package init(rows: [[Float]], ids: [ID]) {
        let (count, dimension) = (rows.count, rows[0].count)
        var mean = Array(repeating: 0.0, count: dimension)
        var products = (0..<dimension).map { Array(repeating: 0.0, count: $0 + 1) }
        for first in stride(from: 0, to: count, by: 4_096) {
            var sums = Array(repeating: 0.0, count: dimension)
            var squares = (0..<dimension).map { Array(repeating: 0.0, count: $0 + 1) }
            for row in rows[first..<min(first + 4_096, count)] {
                for i in 0..<dimension {
                    sums[i] += Double(row[i])
                    for j in 0...i { squares[i][j] += Double(row[i]) * Double(row[j]) }
                }
            }
            for i in 0..<dimension {
                mean[i] += sums[i]
                for j in 0...i { products[i][j] += squares[i][j] }
            }
        }
        self.mean = mean.map { $0 / Double(count) }
        self.products = products
        let norms = rows.map { row in
            FoldInOracle.sum(row.map(Double.init), row.map(Double.init)).squareRoot()
        }.sorted()
        normQuantiles = (0...100).map { Float(norms[$0 * (count - 1) / 100]) }
        let hashes = ids.map { Self.hash($0) }
        sample = Array(
            (0..<count).sorted { (hashes[$0], $0) < (hashes[$1], $1) }.prefix(16_384))
    }

    /// The finalizer of SplitMix64, of a number or of a text's FNV-1a hash.
    package static func hash(_ id: ID) -> UInt64 {
        var value: UInt64
        switch id {
        case .number(let number): value = number
        case .text(let bytes):
            value = 14_695_981_039_346_656_037
            for byte in bytes {
                value ^= UInt64(byte)
                value = value &* 1_099_511_628_211
            }
        }
        value ^= value >> 30
        value = value &* 0xbf58_476d_1ce4_e5b9
        value ^= value >> 27
        value = value &* 0x94d0_49bb_1331_11eb
        value ^= value >> 31
        return value
    }
}
