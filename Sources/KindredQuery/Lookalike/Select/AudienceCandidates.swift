import KindredDomain

/// Counts the marked rows and cuts them into units of about equal work, in steps; rows that must not be in the
/// audience lose their marks.
final class AudienceCandidates {
    /// The rows marked in some words, and where their results go.
    struct Unit {
        var firstWord: Int
        /// Marked rows before the unit.
        var offset: Int
    }

    let marks: AudienceMarks
    let threshold: Float
    /// In ascending order of rows; the last one is empty and stands for the end.
    private(set) var units: [Unit] = [Unit(firstWord: 0, offset: 0)]
    /// Marked rows so far.
    private(set) var count = 0
    private let excluded: Bitmap?
    private let rowsPerUnit: Int
    private var word = 0

    /// Rows of a unit, but for those of its last word: of the usual dimensions some tens of microseconds.
    private static let rowsPerUnitMax = 512
    private static let elementsPerUnit = 32_768
    /// Words of a unit, however few rows they mark.
    private static let wordsPerUnitMax = 4_096

    init(_ sieve: AudienceSieve, excluded: Bitmap?, dimension: Int) {
        marks = sieve.marks
        threshold = sieve.threshold
        self.excluded = excluded
        rowsPerUnit = min(Self.rowsPerUnitMax, max(1, Self.elementsPerUnit / dimension))
    }

    /// Rows of a unit, at most.
    static let rowsOfUnitMax = rowsPerUnitMax + 63

    /// Looks at `wordCount` words. True once all are.
    func step(wordCount: Int) -> Bool {
        let end = min(word + wordCount, marks.wordCount)
        var start = units[units.count - 1]
        for index in word..<end {
            if let excluded, excluded.words[index] != 0 { marks[word: index] &= ~excluded.words[index] }
            count += marks[word: index].nonzeroBitCount
            if count - start.offset >= rowsPerUnit || index + 1 - start.firstWord >= Self.wordsPerUnitMax {
                start = Unit(firstWord: index + 1, offset: count)
                units.append(start)
            }
        }
        word = end
        guard word == marks.wordCount else { return false }
        if start.firstWord < word { units.append(Unit(firstWord: word, offset: count)) }
        return true
    }
}
