import KindredDomain

/// Draws ids of one side of a model.
struct IDDraw: Sendable {
    enum Law: String, CaseIterable, Codable, Sendable {
        /// Each id as often as any other.
        case uniform
        /// Few ids often and many seldom.
        case zipf
    }

    private let ids: IDList
    private let zipf: ZipfLaw?
    /// Without a common factor with the number of ids.
    private let step: UInt64

    /// `ids` is not empty. `exponent` is that of the Zipf law.
    init(_ ids: IDList, law: Law, exponent: Double) {
        precondition(!ids.isEmpty)
        self.ids = ids
        zipf = law == .zipf ? ZipfLaw(count: ids.count, exponent: exponent) : nil
        // About the golden section, which spreads consecutive ranks over all rows.
        var step = max(1, UInt64(Double(ids.count) * 0.618_033_988_75))
        while Self.commonDivisor(step, UInt64(ids.count)) > 1 { step += 1 }
        self.step = step
    }

    func next(using source: inout RandomSource) -> ExternalID {
        guard let zipf else { return ids[Int.random(in: 0..<ids.count, using: &source)] }
        // Popular ids lie anywhere, not at the begin of the table: rank r is row r * step modulo the rows.
        let rank = UInt64(zipf.rank(using: &source) - 1)
        let product = rank.multipliedFullWidth(by: step)
        return ids[Int(UInt64(ids.count).dividingFullWidth(product).remainder)]
    }

    func next(_ count: Int, using source: inout RandomSource) -> IDList {
        IDList((0..<count).map { _ in next(using: &source) })
    }

    private static func commonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
        b == 0 ? a : commonDivisor(b, a % b)
    }
}
