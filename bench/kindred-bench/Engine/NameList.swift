import ArgumentParser

/// Names of cases with commas between them.
struct NameList<Name: RawRepresentable<String> & Sendable>: ExpressibleByArgument, Sendable {
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
