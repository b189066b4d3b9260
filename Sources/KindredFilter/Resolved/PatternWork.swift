import KindredDomain

/// The work of matching patterns and reading texts while one filter is evaluated.
///
/// A pattern such as `%a%a%b` takes as many steps as the text and the pattern have bytes, multiplied. No step of a
/// job may take that long, so a filter with such a pattern over such a text is refused, and one whose patterns take
/// that long together: while the filter is made, for one distinct text, or for one row.
final class PatternWork {
    /// Characters that were compared, and what takes as long.
    private(set) var steps = 0
    /// True once more steps were needed than the limits allow. What is evaluated from then on has no meaning.
    var isExceeded: Bool { refused != nil }
    /// True once the rows of a part took many steps together. What the part has found has no meaning.
    private(set) var isPaused = false
    private var refused: String?
    /// `steps` at the beginning of the part.
    private var start = 0
    private var mayPause = false

    /// Bytes of a text that are copied in the time of a step.
    private static let bytesPerStep = 16
    /// Bytes of the patterns that were made ready.
    private var patternByteCount = 0
    /// Steps for each byte of a pattern that is made ready.
    private static let stepsPerPatternByte = 4
    /// Steps after which a part is paused.
    private static let partSteps = 1 << 18

    /// What is evaluated from now on is one part. `mayPause`: it has several rows, and is done again with fewer where
    /// they take long. So it is a row alone whose steps decide whether the filter is refused.
    func begin(mayPause: Bool = false) {
        start = steps
        isPaused = false
        self.mayPause = mayPause
    }

    /// Whether a text matches a pattern.
    func matches(_ pattern: TextPattern, _ text: [UInt8]) -> Bool {
        guard !isExceeded, !isPaused else { return false }
        let taken = steps - start
        if mayPause, taken > Self.partSteps {
            isPaused = true
            return false
        }
        let most = min(Limits.patternStepsMax, Limits.patternStepsPerPartMax - taken)
        var left = max(0, most)
        let matches = pattern.matches(text, steps: &left)
        steps += max(0, most) - left
        guard let matches else {
            if most == Limits.patternStepsMax {
                refuse("a pattern that takes more than \(most) steps on a text")
            } else {
                refuseTogether()
            }
            return false
        }
        return matches
    }

    /// A text was read.
    func read(byteCount: Int) { steps += byteCount / Self.bytesPerStep }

    /// A pattern of so many bytes is made ready. False where the filter is refused.
    func takesPattern(byteCount: Int) -> Bool {
        guard !isExceeded else { return false }
        steps += byteCount * Self.stepsPerPatternByte
        patternByteCount += byteCount
        if patternByteCount > Limits.patternBytesPerFilterMax {
            refuse("patterns of more than \(Limits.patternBytesPerFilterMax) bytes together")
        }
        return !isExceeded
    }

    private func refuseTogether() {
        refuse("patterns that take more than \(Limits.patternStepsPerPartMax) steps together")
    }

    private func refuse(_ what: String) { refused = refused ?? what }

    /// The refusal of the filter; nil where it has not taken too long.
    var failure: FilterFailure? {
        refused.map {
            FilterFailure(
                .unsupported($0, wanted: "fewer wildcards, fewer characters between them, or fewer patterns"),
                at: 0)
        }
    }
}
