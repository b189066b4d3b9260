/// Memory of one evaluation: for each level of nesting, a block's words of rows where the condition is true, of those
/// where it is NULL, and of those that still matter.
final class BlockScratch {
    /// Words of one block: 4,096 rows.
    static let wordsMax = 64

    private let memory: UnsafeMutablePointer<UInt64>
    private let levelCount: Int

    init(levelCount: Int) {
        self.levelCount = levelCount
        memory = .allocate(capacity: levelCount * 3 * Self.wordsMax)
        memory.initialize(repeating: 0, count: levelCount * 3 * Self.wordsMax)
    }

    deinit { memory.deallocate() }

    /// The words of one level.
    struct Level {
        let truths: UnsafeMutablePointer<UInt64>
        let nulls: UnsafeMutablePointer<UInt64>
        let cares: UnsafeMutablePointer<UInt64>
    }

    /// A level of `0 ..< levelCount`. Valid while the scratch is held.
    func level(_ index: Int) -> Level {
        precondition(index < levelCount, "a level for every nesting")
        let start = memory + index * 3 * Self.wordsMax
        return Level(truths: start, nulls: start + Self.wordsMax, cares: start + 2 * Self.wordsMax)
    }
}
