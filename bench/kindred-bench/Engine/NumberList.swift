import ArgumentParser

/// Whole numbers with commas between them.
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

    /// Throws what an option says of a number outside a range.
    func check(_ option: String, _ range: ClosedRange<Int>) throws {
        for value in values { try OptionRange.check(option, value, range) }
    }
}
