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

/// The value of an option: whole numbers, separated by commas.
struct NumberList: ExpressibleByArgument {
    let values: [Int]

    init?(argument: String) {
        var values: [Int] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let value = Int(part) else { return nil }
            values.append(value)
        }
        self.values = values
    }

    /// Throws for a number outside the range.
    func check(_ option: String, _ range: ClosedRange<Int>) throws {
        for value in values { try OptionRange.check(option, value, range) }
    }
}

/// The value of an option: names of cases, separated by commas.
struct CaseList<Name: RawRepresentable<String> & Sendable>: ExpressibleByArgument, Sendable {
    let values: [Name]

    init?(argument: String) {
        var values: [Name] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let value = Name(rawValue: String(part)) else { return nil }
            values.append(value)
        }
        self.values = values
    }
}
