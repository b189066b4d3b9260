import KindredDomain

/// Draws random ids of one side of a model.
struct IDSampler: Sendable {
    enum Law: String, CaseIterable, Codable, Sendable {
        /// All ids equally often.
        case uniform
        /// Few ids often and many rarely.
        case zipf
    }

    private let ids: IDList
    private let zipf: ZipfLaw?
    /// Has no common factor with the number of ids.
    private let step: UInt64

    /// `ids` is not empty. `exponent`: of Zipf's law.
    init(_ ids: IDList, law: Law, exponent: Double) {
        precondition(!ids.isEmpty)
        self.ids = ids
        zipf = law == .zipf ? ZipfLaw(count: ids.count, exponent: exponent) : nil
        // Near the golden section, which spreads consecutive ranks over the table.
        var step = max(1, UInt64(Double(ids.count) * 0.618_033_988_75))
        while Self.commonDivisor(step, UInt64(ids.count)) > 1 { step += 1 }
        self.step = step
    }

    func next(using source: inout RandomSource) -> ExternalID {
        guard let zipf else { return ids[Int.random(in: 0..<ids.count, using: &source)] }
        // Spreads popular ids over the table: rank r is row r * step modulo the number of rows.
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
