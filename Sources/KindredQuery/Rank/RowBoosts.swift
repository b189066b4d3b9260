import KindredDomain
import KindredModel

/// The boosts of a request over one side, in the form in which scans read them. Immutable: all queries of the request
/// share one.
///
/// Rows that the same boosts match are a class, and within a class the boosted score never descends while the canonical
/// score rises. So a threshold of boosted scores is a threshold of canonical scores for each class, and the least of
/// these serves a scan of all rows, which keeps its bounds by codes and norms. What it keeps is compared once more by
/// the formula of its class.
package final class RowBoosts: @unchecked Sendable {
    /// What a scan reads: one pointer, without counting references. Valid while the boosts are held.
    package struct Look {
        fileprivate let table: UnsafePointer<Table>

        /// The class of the row at a position of the codes.
        @inline(__always)
        private func classOf(position: Int) -> Int {
            var found = 0
            for boost in 0..<table.pointee.boostCount {
                let word = table.pointee.masks[boost][position >> 4]
                found |= Int(word >> UInt16(position & 15) & 1) << boost
            }
            return found
        }

        private func classOf(row: UInt32) -> Int { classOf(position: Int(table.pointee.positions[Int(row)])) }

        /// The boosted score of a row of canonical score `score`.
        func boosted(_ score: Float, row: UInt32) -> Float {
            table.pointee.formulas[classOf(row: row)].boosted(score)
        }

        /// False only where no row of a canonical score of at most `upper`, at a position of the codes, reaches a
        /// boosted score, or where the row is listed.
        @inline(__always)
        func mayReach(_ target: Float, from upper: Float, position: Int) -> Bool {
            let found = classOf(position: position)
            return !table.pointee.isListed[found]
                && table.pointee.formulas[found].mayReach(target, from: upper)
        }

        /// True where the row is scored one by one, beside the scan.
        func isListed(_ row: UInt32) -> Bool { table.pointee.isListed[classOf(row: row)] }

        /// A canonical score that a row must have so that its boosted score may reach `target`, over all classes that
        /// are not listed.
        func leastScore(reaching target: Float) -> Float {
            var least = Float.greatestFiniteMagnitude
            for found in table.pointee.highest {
                least = min(least, table.pointee.formulas[found].leastScore(reaching: target))
            }
            return least
        }

        /// The classes whose rows may make a threshold of their own: the largest of the highest ones.
        var seedingClasses: Slice<UnsafeBufferPointer<Int>> {
            table.pointee.highest.prefix(RowBoosts.seedingClassesMax)
        }

        /// Writes the rows of a class among some blocks: a word for each, with a bit for each row of `mask`, or for
        /// each row where that is nil.
        func write(
            _ found: Int, blocks: Range<Int>, of mask: UnsafePointer<UInt16>?,
            to words: UnsafeMutablePointer<UInt16>
        ) {
            for block in blocks {
                var word = mask?[block] ?? .max
                for boost in 0..<table.pointee.boostCount {
                    let matched = table.pointee.masks[boost][block]
                    word &= found >> boost & 1 != 0 ? matched : ~matched
                }
                words[block - blocks.lowerBound] = word
            }
        }

        /// The boosted score of a row of a class.
        func boosted(_ score: Float, class found: Int) -> Float {
            table.pointee.formulas[found].boosted(score)
        }

        /// The least boosted score of any row of canonical score `score`.
        func leastBoosted(_ score: Float) -> Float {
            var least = Float.infinity
            for found in table.pointee.lowest {
                least = min(least, table.pointee.formulas[found].boosted(score))
            }
            return least
        }
    }

    /// Where the parts of the boosts lie in memory. The number of a class has bit b set where its rows match boost b.
    fileprivate struct Table {
        let masks: UnsafePointer<UnsafePointer<UInt16>>
        let boostCount: Int
        let positions: UnsafePointer<UInt32>
        /// By class.
        let formulas: UnsafePointer<BoostFormula>
        /// By class, true where its rows are listed.
        let isListed: UnsafePointer<Bool>
        /// The classes that are not listed and that no other one is always above, the largest one first.
        let highest: UnsafeBufferPointer<Int>
        /// The classes that no other one is always below.
        let lowest: UnsafeBufferPointer<Int>
    }

    /// Classes that make thresholds of their own, at most.
    private static let seedingClassesMax = 2

    package let look: Look
    /// Rows of small classes, which a scan of all rows leaves out: their threshold would let too many others pass.
    package let listed: RowSet?
    private let boosts: [Boost]
    private let codes: Int8Codes
    private let memory: UnsafeMutableRawPointer

    /// Bytes of memory beside the masks, about: the listed rows with their slots.
    package var byteCount: Int { (listed?.count ?? 0) * 20 + (boosts.count << boosts.count) * 16 }

    /// Boosts over the table that `codes` were made of, in the order of the request, at most 8, for scans that find
    /// `fetchCount` rows. Reads the masks once.
    package init(_ boosts: [Boost], codes: Int8Codes, fetchCount: Int) {
        precondition(boosts.count <= Int(Limits.standard.boostsMax), "too many boosts")
        self.boosts = boosts
        self.codes = codes
        let classCount = 1 << boosts.count
        var classes = BoostClasses(boosts, codes: codes)
        let lowest = classes.lowest()
        listed = classes.list(fetchCount: fetchCount)
        let highest = classes.highest()

        var layout = ColumnLayout()
        let tableColumn = layout.add(Table.self, count: 1)
        let masksColumn = layout.add(UnsafePointer<UInt16>.self, count: boosts.count)
        let numbersColumn = layout.add(Double.self, count: classCount * boosts.count)
        let formulasColumn = layout.add(BoostFormula.self, count: classCount)
        let listedColumn = layout.add(Bool.self, count: classCount)
        let highestColumn = layout.add(Int.self, count: highest.count)
        let lowestColumn = layout.add(Int.self, count: lowest.count)
        memory = layout.allocate()
        let masks = memory.elements(masksColumn)
        for (index, boost) in boosts.enumerated() { (masks + index).initialize(to: boost.rows.mask) }
        let numbers = memory.elements(numbersColumn)
        let formulas = memory.elements(formulasColumn)
        let isListed = memory.elements(listedColumn)
        for found in 0..<classCount {
            let own = numbers + found * boosts.count
            var factorCount = 0
            var count = 0
            for (index, boost) in boosts.enumerated() where found >> index & 1 != 0 {
                guard case .multiply(let factor) = boost.effect else { continue }
                (own + count).initialize(to: factor)
                count += 1
            }
            factorCount = count
            for (index, boost) in boosts.enumerated() where found >> index & 1 != 0 {
                guard case .add(let term) = boost.effect else { continue }
                (own + count).initialize(to: term)
                count += 1
            }
            (formulas + found).initialize(
                to: BoostFormula(numbers: own, factorCount: factorCount, termCount: count - factorCount))
            (isListed + found).initialize(to: classes.isListed[found])
        }
        let table = memory.elements(tableColumn)
        table.initialize(
            to: Table(
                masks: masks, boostCount: boosts.count, positions: codes.positions, formulas: formulas,
                isListed: isListed, highest: Self.store(highest, at: memory.elements(highestColumn)),
                lowest: Self.store(lowest, at: memory.elements(lowestColumn))))
        look = Look(table: table)
    }

    private static func store(
        _ classes: [Int], at elements: UnsafeMutablePointer<Int>
    ) -> UnsafeBufferPointer<Int> {
        for (index, value) in classes.enumerated() { (elements + index).initialize(to: value) }
        return UnsafeBufferPointer(start: elements, count: classes.count)
    }

    deinit { memory.deallocate() }

    /// Throws where a boosted score of a query could leave the range of float32. Its scores are at most the norms'
    /// product under the inner product, and at most 1 under cosine.
    package func checkRange(of ranking: RankingVector) throws(RuleFailure) {
        let bound: Float
        switch ranking.similarity {
        case .dot:
            // 2^-36 covers the roundings of both norms and of the canonical sum.
            let greatest = ranking.vector.norm * Double(codes.view.blocks[0].norm_max) * (1 + 0x1p-36)
            bound = Float(greatest).nextUp
        case .cosine: bound = 1
        }
        try Boost.checkRange(of: boosts.map(\.effect), scoresUpTo: bound)
    }

    /// The boosted score of a row of canonical score `score`.
    package func boosted(_ score: Float, row: UInt32) -> Float { look.boosted(score, row: row) }
}
