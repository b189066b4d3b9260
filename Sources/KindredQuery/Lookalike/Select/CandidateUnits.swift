import KindredDomain

/// The marked rows, cut into units of about equal work.
struct Candidates {
    /// The rows marked in some words, and the place of their results.
    struct Unit {
        var firstWord: Int
        /// Marked rows before the unit.
        var offset: Int
    }

    let marks: CandidateMarks
    let threshold: Float
    /// In ascending order of rows. The last one is empty: it stands for the end.
    let units: [Unit]
    /// Marked rows.
    let count: Int
}

/// Counts the marked rows and cuts them into units, in steps. Rows that must not be in the audience lose their marks.
final class CandidateCounter {
    let marks: CandidateMarks
    private let threshold: Float
    private let excluded: Bitmap?
    private let rowsPerUnit: Int
    private var units = [Candidates.Unit(firstWord: 0, offset: 0)]
    /// Marked rows so far.
    private var count = 0
    private var word = 0

    /// Rows from which on a unit ends with the word they are in: of usual dimensions some tens of microseconds.
    private static let rowsPerUnitMax = 512
    private static let elementsPerUnit = 32_768
    /// Words of a unit, however few rows they mark.
    private static let wordsPerUnitMax = 4_096

    init(_ scan: CandidateScan, excluded: Bitmap?, dimension: Int) {
        marks = scan.marks
        threshold = scan.threshold
        self.excluded = excluded
        rowsPerUnit = min(Self.rowsPerUnitMax, max(1, Self.elementsPerUnit / dimension))
    }

    /// Looks at `wordCount` words.
    func step(wordCount: Int) -> Step<Candidates> {
        let end = min(word + wordCount, marks.wordCount)
        var start = units[units.count - 1]
        for index in word..<end {
            if let excluded, excluded.words[index] != 0 { marks[word: index] &= ~excluded.words[index] }
            count += marks[word: index].nonzeroBitCount
            if count - start.offset >= rowsPerUnit || index + 1 - start.firstWord >= Self.wordsPerUnitMax {
                start = Candidates.Unit(firstWord: index + 1, offset: count)
                units.append(start)
            }
        }
        word = end
        guard word == marks.wordCount else { return .working }
        if start.firstWord < word { units.append(Candidates.Unit(firstWord: word, offset: count)) }
        return .done(Candidates(marks: marks, threshold: threshold, units: units, count: count))
    }
}
