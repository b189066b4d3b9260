import ArgumentParser

/// Checks the values of options.
enum OptionRange {
    /// Throws unless the value is in the range, with the option, its value and the range.
    static func check<Value: Comparable>(
        _ option: String, _ value: Value, _ range: ClosedRange<Value>
    ) throws(ValidationError) {
        guard !range.contains(value) else { return }
        throw ValidationError("\(option) \(value): \(range.lowerBound) to \(range.upperBound)")
    }
}
