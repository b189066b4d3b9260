import KindredDomain

/// The work of matching patterns and reading texts while one filter is evaluated.
///
/// A pattern such as `%a%a%b` takes as many steps as the text and the pattern have bytes, multiplied. No step of a
/// job may take that long, so a filter with such a pattern over such a text is refused.
final class PatternWork {
    /// Characters that were compared, and what takes as long.
    private(set) var steps = 0
    /// True once a text took more steps than the limits allow. What is evaluated from then on has no meaning.
    private(set) var isExceeded = false

    /// Bytes of a text that are copied in the time of a step.
    private static let bytesPerStep = 16

    /// Whether a text matches a pattern.
    func matches(_ pattern: TextPattern, _ text: [UInt8]) -> Bool {
        guard !isExceeded else { return false }
        var left = Limits.patternStepsMax
        let matches = pattern.matches(text, steps: &left)
        steps += Limits.patternStepsMax - left
        guard let matches else {
            isExceeded = true
            return false
        }
        return matches
    }

    /// A text was read.
    func read(byteCount: Int) { steps += byteCount / Self.bytesPerStep }

    /// Rows that are evaluated together have taken steps since `steps` was `start`.
    func check(since start: Int) {
        if steps - start > Limits.patternStepsPerBlockMax { isExceeded = true }
    }

    /// The refusal of the filter; nil where it has not taken too long.
    var failure: FilterFailure? {
        guard isExceeded else { return nil }
        return FilterFailure(
            .unsupported(
                "a pattern that takes more than \(Limits.patternStepsMax) steps on a text of the catalog",
                wanted: "fewer wildcards, or fewer characters between them"), at: 0)
    }
}
