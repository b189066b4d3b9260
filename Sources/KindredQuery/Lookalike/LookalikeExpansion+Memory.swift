import KindredDomain

extension LookalikeExpansion {
    /// Bytes to set aside before an expansion begins: the most it holds for usual data. `byteCount` tells when it comes
    /// to hold more.
    package static func byteCount(
        of request: LookalikeRequest, over generation: Generation, rule: SelectionRule = SelectionRule()
    ) -> UInt64 {
        guard let side = generation.users else { return 0 }
        let rowCount = UInt64(side.table.count)
        let wanted = min(rowCountMax(of: request, over: side) ?? rowCount, rowCount)
        // Ids take the place of keys.
        let result =
            wanted * scoreByteCount + min(UInt64(side.table.ids.textByteCount), wanted * idByteCountMax)
        guard rule.mayUseCodes(goal: .best(Int(wanted)), rowCount: Int(rowCount)) else {
            return rowCount / 8 + rowCount * scoreByteCount + wanted * 2 * keyByteCount + result
        }
        let candidates = wanted * candidatesPerRow + sampleByteCount / keyByteCount
        return rowCount / 4 + candidates * 2 * keyByteCount + result
    }

    private static let scoreByteCount: UInt64 = 4
    private static let keyByteCount: UInt64 = 8
    private static let idByteCountMax: UInt64 = 256
    /// Bytes of the keys of a sample, in both memories of its sort.
    private static let sampleByteCount: UInt64 = 1 << 20
    /// Rows that are scored for each wanted row of usual data.
    private static let candidatesPerRow: UInt64 = 2

    /// Rows that a request wants; nil where it wants all rows of a minimum score.
    static func rowCountMax(of request: LookalikeRequest, over side: GenerationSide) -> UInt64? {
        switch request.size {
        case .minimumScore: nil
        case .count(let count): count
        case .share(let parts): max(1, UInt64(parts) * UInt64(side.table.count) / Limits.shareMax)
        }
    }
}
