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
        counts = Array(unsafeUninitializedCapacity: 1 << boosts.count) { counts, count in
            counts.initialize(repeating: 0)
            Self.forEachWord(boosts, codes) { found, _, rows in counts[found] += rows.nonzeroBitCount }
            counts[0] = codes.rowCount - counts.reduce(0, +)
            count = counts.count
        }
    }

    /// Calls `body` with the rows of each class but the first, 64 positions of the codes at a time: the class, the
    /// first position, a bit for each row.
    @inline(__always)
    private static func forEachWord(
        _ boosts: [Boost], _ codes: Int8Codes, _ body: (Int, Int, UInt64) -> Void
    ) {
        let masks = boosts.map(\.rows.mask)
        withUnsafeTemporaryAllocation(of: Piece.self, capacity: 1 << boosts.count) { pieces in
            for firstBlock in stride(from: 0, to: codes.blockCount, by: blocksPerWord) {
                let first = firstBlock * CodeEncoder.blockRows
                let rowCount = min(64, codes.rowCount - first)
                var pieceCount = 1
                pieces[0] = Piece(found: 0, rows: ~0 >> UInt64(64 - rowCount))
                for index in masks.indices {
                    let matched = word(of: masks[index], firstBlock, blockCount: codes.blockCount)
                    if matched == 0 { continue }
                    for number in 0..<pieceCount {
                        let piece = pieces[number]
                        let inside = piece.rows & matched
                        if inside == 0 { continue }
                        let found = piece.found | 1 << index
                        if inside == piece.rows {
                            pieces[number].found = found
                        } else {
                            pieces[number].rows = piece.rows & ~matched
                            pieces[pieceCount] = Piece(found: found, rows: inside)
                            pieceCount += 1
                        }
                    }
                }
                for number in 0..<pieceCount where pieces[number].found != 0 {
                    body(pieces[number].found, first, pieces[number].rows)
                }
            }
        }
    }

    /// Some of 64 rows that are of one class.
    private struct Piece {
        var found: Int
        var rows: UInt64
    }

    private static let blocksPerWord = 64 / CodeEncoder.blockRows

    /// The bits of four blocks of a mask.
    @inline(__always)
    private static func word(of mask: UnsafePointer<UInt16>, _ first: Int, blockCount: Int) -> UInt64 {
        if first + blocksPerWord <= blockCount {
            return UnsafeRawPointer(mask + first).loadUnaligned(as: UInt64.self).littleEndian
        }
        var word: UInt64 = 0
        for block in first..<blockCount {
            word |= UInt64(mask[block]) << UInt64(CodeEncoder.blockRows * (block - first))
        }
        return word
    }

    /// True where no row of class `low` is above a row of class `high` of the same canonical score: going from one to
    /// the other adds only boosts that raise and takes away only such as lower.
    private func isBelow(_ low: Int, _ high: Int) -> Bool {
        low & raising & ~high == 0 && high & lowering & ~low == 0
    }

    private var occurring: [Int] { counts.indices.filter { counts[$0] > 0 } }

    /// The classes that occur and are not listed, without those that are below another one. The largest one comes
    /// first.
    func highest() -> [Int] {
        let classes = occurring.filter { !isListed[$0] }
        return classes.filter { one in !classes.contains { $0 != one && isBelow(one, $0) } }.sorted {
            (counts[$1], $0) < (counts[$0], $1)
        }
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
        // Each round lists classes of all those that no other is above, so that there are few rounds.
        var isOver = false
        while !isOver {
            isOver = true
            for small in highest() where small != 0 && counts[small] <= min(countMax, room - listedCount) {
                isListed[small] = true
                listedCount += counts[small]
                isOver = false
            }
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
