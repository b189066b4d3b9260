import KindredFilter
import KindredModel

/// The evaluation of a filter into a mask that is kept, in steps.
///
/// One that is given up before its end leaves the filter to the next request.
package struct FilterMaskEvaluation: ~Copyable {
    private var program: FilterProgram
    private let claim: FilterMaskStore.Claim
    private let codes: Int8Codes

    /// `program` is that of the claim's filter over the side of `codes`.
    package init(_ program: consuming FilterProgram, claim: FilterMaskStore.Claim, codes: Int8Codes) {
        self.program = program
        self.claim = claim
        self.codes = codes
    }

    /// Works for about as long as comparing so many rows with a constant takes. Once all rows are judged, the next step
    /// makes the mask from a bit for each row, keeps it and returns it.
    package mutating func step(rowCount: Int) -> RowMask? {
        guard program.isDone else {
            _ = program.step(rowCount: rowCount)
            return nil
        }
        let words = MaskWords(rows: program.rows, codes: codes)
        claim.keep(words)
        return RowMask(words, codes: codes)
    }
}
