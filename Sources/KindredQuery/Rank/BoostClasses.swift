import KindredDomain
import KindredKernels
import KindredModel

/// The classes of rows that boosts make, while the boosts are prepared. Class c has the rows that exactly the boosts
/// of the bits of c match.
struct BoostClasses {
    private let boosts: [Boost]
    private let codes: Int8Codes
    /// Rows, by class.
    let counts: [Int]
    /// By class.
    private(set) var isListed: [Bool]
    /// Bits of the boosts that never lower a score, and of those that never raise one.
    private let raising: Int
    private let lowering: Int

    /// Rows of all listed classes: at most this share of the table.
    private static let rowsPerListedMin = 32
    /// About the cost of scoring a listed row, in rows that a scan compares with the formula of their class.
    private static let comparisonsPerScore = 4

    init(_ boosts: [Boost], codes: Int8Codes) {
        self.boosts = boosts
        self.codes = codes
        isListed = Array(repeating: false, count: 1 << boosts.count)
        var raising = 0
        var lowering = 0
        for (index, boost) in boosts.enumerated() {
            let raises =
                switch boost.effect {
                case .multiply(let factor): factor >= 1
                case .add(let term): term >= 0
                }
            if raises { raising |= 1 << index } else { lowering |= 1 << index }
        }
        self.raising = raising
        self.lowering = lowering
        var counts = Array(repeating: 0, count: 1 << boosts.count)
        counts[0] = codes.rowCount
        Self.forEachWord(boosts, codes) { found, _, rows in
            counts[found] += rows.nonzeroBitCount
            counts[0] -= rows.nonzeroBitCount
        }
        self.counts = counts
    }

    /// Calls `body` with the rows of each class but the first, 64 positions of the codes at a time: the class, the
    /// first position, a bit for each row.
    private static func forEachWord(
        _ boosts: [Boost], _ codes: Int8Codes, _ body: (Int, Int, UInt64) -> Void
    ) {
        let masks = boosts.map(\.rows.mask)
        var classes = Array(repeating: (found: 0, rows: UInt64(0)), count: 1 << boosts.count)
        for firstBlock in stride(from: 0, to: codes.blockCount, by: 4) {
            var classCount = 1
            let first = firstBlock * CodeEncoder.blockRows
            let rowCount = min(64, codes.rowCount - first)
            classes[0] = (0, ~0 >> UInt64(64 - rowCount))
            for (index, mask) in masks.enumerated() {
                var matched: UInt64 = 0
                for block in 0..<min(4, codes.blockCount - firstBlock) {
                    matched |= UInt64(mask[firstBlock + block]) << UInt64(16 * block)
                }
                if matched == 0 { continue }
                for number in 0..<classCount {
                    let (found, rows) = classes[number]
                    let inside = rows & matched
                    if inside == 0 { continue }
                    if inside == rows {
                        classes[number].found = found | 1 << index
                    } else {
                        classes[number].rows = rows & ~matched
                        classes[classCount] = (found | 1 << index, inside)
                        classCount += 1
                    }
                }
            }
            for number in 0..<classCount where classes[number].found != 0 {
                body(classes[number].found, first, classes[number].rows)
            }
        }
    }

    /// True where no row of class `low` is above a row of class `high` of the same canonical score: going from one to
    /// the other adds only boosts that raise and takes away only such as lower.
    private func isBelow(_ low: Int, _ high: Int) -> Bool {
        low & raising & ~high == 0 && high & lowering & ~low == 0
    }

    private var occurring: [Int] { counts.indices.filter { counts[$0] > 0 } }

    /// The classes that occur and are not listed, without those that are below another one.
    func highest() -> [Int] {
        let classes = occurring.filter { !isListed[$0] }
        return classes.filter { one in !classes.contains { $0 != one && isBelow(one, $0) } }
    }

    /// The classes that occur, without those that are above another one.
    func lowest() -> [Int] {
        let classes = occurring
        return classes.filter { one in !classes.contains { $0 != one && isBelow($0, one) } }
    }

    /// Lists the small classes among the highest ones, and returns their rows.
    ///
    /// The threshold of a class of c rows is the `fetchCount`-th best score of c rows, which about fetchCount / c of
    /// all rows reach: so many are compared with the formulas of their classes in vain.
    mutating func list(fetchCount: Int) -> RowSet? {
        let room = codes.rowCount / Self.rowsPerListedMin
        let countMax = Int(Double(fetchCount * codes.rowCount / Self.comparisonsPerScore).squareRoot())
        var listedCount = 0
        while let small = highest().first(where: {
            $0 != 0 && counts[$0] <= min(countMax, room - listedCount)
        }) {
            isListed[small] = true
            listedCount += counts[small]
        }
        guard listedCount > 0 else { return nil }
        let rows = RowSet(capacity: listedCount)
        Self.forEachWord(boosts, codes) { found, first, bits in
            guard isListed[found] else { return }
            var left = bits
            while left != 0 {
                rows.insert(codes.rows[first + left.trailingZeroBitCount])
                left &= left - 1
            }
        }
        return rows
    }
}
