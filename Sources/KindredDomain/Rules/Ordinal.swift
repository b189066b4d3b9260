/// A place in a list as messages name it. A number alone could be read as an id, and it does not say where it begins.
package enum Ordinal {
    private static let words = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    ]

    /// `first` for index 0, `second` for 1, and so on; `11th` for 10.
    package static func text(_ index: Int) -> String {
        if words.indices.contains(index) { return words[index] }
        let number = index + 1
        let ending =
            switch (number % 100, number % 10) {
            case (11...13, _): "th"
            case (_, 1): "st"
            case (_, 2): "nd"
            case (_, 3): "rd"
            default: "th"
            }
        return "\(number)\(ending)"
    }

    /// `query 1 of 3`; `the query` where there is no other.
    package static func query(_ index: Int, of count: Int) -> String {
        count == 1 ? "the query" : "query \(index + 1) of \(count)"
    }
}
