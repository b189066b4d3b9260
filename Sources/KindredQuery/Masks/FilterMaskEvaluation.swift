import KindredDomain
import KindredFilter
import KindredModel

/// The evaluation of a filter into a mask that is kept, in steps.
///
/// One that is given up before its end leaves the filter to the next request.
package struct FilterMaskEvaluation: ~Copyable {
    private var program: FilterProgram
    private let claim: FilterMaskStore.Claim
    private let codes: Int8Codes
    /// The words of the mask, once all rows are judged.
    private var making: MaskWordsMaking?

    /// `program` is that of the claim's filter over the side of `codes`.
    package init(_ program: consuming FilterProgram, claim: FilterMaskStore.Claim, codes: Int8Codes) {
        self.program = program
        self.claim = claim
        self.codes = codes
    }

    /// Works for about as long as comparing so many rows with a constant takes. Once all rows are judged, the next
    /// steps make the mask. The last one keeps it and returns it.
    /// Throws where the filter is refused after all.
    package mutating func step(rowCount: Int) throws(FilterFailure) -> RowMask? {
        guard program.isDone else {
            _ = program.step(rowCount: rowCount)
            return nil
        }
        if let failure = program.failure { throw failure }
        let making = making ?? MaskWordsMaking(rows: program.rows, codes: codes)
        self.making = making
        guard making.step(rowCount: max(1, rowCount / Self.comparisonsPerRow)) else { return nil }
        let words = making.finish()
        claim.keep(words)
        return RowMask(words, codes: codes)
    }

    /// Rows that are compared with a constant in the time of putting one into the mask.
    static let comparisonsPerRow = 2
}
