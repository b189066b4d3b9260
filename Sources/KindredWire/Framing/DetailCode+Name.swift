extension DetailCode {
    /// The name in the specification, such as `FILTER_COLUMN`: the case's own in capitals, with `_` between its words.
    package var name: String {
        let letters = Array("\(self)")
        var name = ""
        for (index, letter) in letters.enumerated() {
            if index > 0, letter.isUppercase, Self.beginsWord(letters, index) { name += "_" }
            name += letter.uppercased()
        }
        return name
    }

    /// Whether a capital letter begins a word. In `textIDNotUTF8` those of `ID` and `UTF8` after the first do not, and
    /// in `numberForTextIDs` the `s` belongs to `ID`.
    private static func beginsWord(_ letters: [Character], _ index: Int) -> Bool {
        guard letters[index - 1].isUppercase else { return true }
        guard index + 1 < letters.count, letters[index + 1].isLowercase else { return false }
        return letters[index + 1] != "s" || index + 2 < letters.count
    }
}
