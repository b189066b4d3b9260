import KindredDomain
import KindredSystem

/// One pass of a radix sort: keys move to where a digit of theirs belongs, those of one digit in the order they had.
///
/// The keys are cut into segments. Threads count the digits of a segment each, then every segment is told where
/// its keys of each digit begin, then threads move the keys of a segment each.
final class AudienceSortPass: @unchecked Sendable {
    /// Keys of a segment, at least: some tens of microseconds.
    static let keysPerSegment = 8_192
    private static let pageByteCount = 4_096

    /// The digit of a key: some bits of how far its upper half is above the least.
    struct Digit {
        var least: UInt32
        var shift: UInt32
        /// Bits, at most 16.
        var width: UInt32

        var count: Int { 1 << Int(width) }

        @inline(__always)
        func callAsFunction(_ key: UInt64) -> Int {
            let above = UInt32(truncatingIfNeeded: key >> 32) &- least
            return Int(above &>> shift & (1 &<< width &- 1))
        }
    }

    private let digit: Digit
    private let source: UnsafePointer<UInt64>
    private let target: UnsafeMutablePointer<UInt64>
    private let stretches: [Range<Int>]
    /// Of `stretches`, those of each segment.
    private let segments: [Range<Int>]
    /// Per segment and digit: how many keys, then where the next one goes.
    private let places: UnsafeMutablePointer<UInt32>
    /// Pages of `target` that nobody has written yet.
    private let freshPageCount: Int
    /// What keeps the pointers alive.
    private let memory: [MemoryRegion]

    /// Keys of each digit in all segments that were looked at, then where the next one goes.
    private let totals: UnsafeMutablePointer<UInt32>
    private var position = 0
    private var isSummed = false

    /// `places` has room for `segments.count * digit.count` numbers, `target` for all keys.
    init(
        _ digit: Digit, from source: MemoryRegion, _ stretches: [Range<Int>], segments: [Range<Int>],
        to target: MemoryRegion, isFresh: Bool, places: MemoryRegion
    ) {
        self.digit = digit
        self.source = UnsafePointer(source.bytes.bindMemory(to: UInt64.self).baseAddress!)
        self.target = target.mutableBytes.bindMemory(to: UInt64.self).baseAddress!
        self.stretches = stretches
        self.segments = segments
        self.places = places.mutableBytes.bindMemory(to: UInt32.self).baseAddress!
        freshPageCount = isFresh ? (target.byteCount + Self.pageByteCount - 1) / Self.pageByteCount : 0
        memory = [source, target, places]
        totals = .allocate(capacity: digit.count)
        totals.initialize(repeating: 0, count: digit.count)
    }

    deinit { totals.deallocate() }

    var segmentCount: Int { segments.count }

    /// Cuts stretches into segments of about equal work.
    static func segments(of stretches: [Range<Int>]) -> [Range<Int>] {
        var segments: [Range<Int>] = []
        var (first, keyCount) = (0, 0)
        for (index, stretch) in stretches.enumerated() {
            keyCount += stretch.count
            guard keyCount >= keysPerSegment || index == stretches.count - 1 else { continue }
            segments.append(first..<index + 1)
            (first, keyCount) = (index + 1, 0)
        }
        return segments
    }

    /// Counts the digits of a segment; any thread.
    func count(segment: Int) {
        let counts = places + segment * digit.count
        counts.update(repeating: 0, count: digit.count)
        let digit = digit
        for stretch in segments[segment] {
            for index in stretches[stretch] { counts[digit(source[index])] &+= 1 }
        }
        // Fresh memory costs a fault for every page that is first written. The first segment that is moved would
        // scatter over all of them, so each segment makes its share here.
        let pages =
            freshPageCount * segment / segments.count..<freshPageCount * (segment + 1) / segments.count
        for page in pages { target[page * Self.pageByteCount / MemoryLayout<UInt64>.stride] = 0 }
    }

    /// Looks at `segmentCount` segments, once all are counted. True when every segment knows its places.
    func place(segmentCount: Int) -> Bool {
        let end = min(position + segmentCount, segments.count)
        let totals = totals
        for segment in position..<end {
            let counts = places + segment * digit.count
            if isSummed {
                for value in 0..<digit.count {
                    let count = counts[value]
                    counts[value] = totals[value]
                    totals[value] &+= count
                }
            } else {
                for value in 0..<digit.count { totals[value] &+= counts[value] }
            }
        }
        position = end
        guard position == segments.count else { return false }
        if isSummed { return true }
        isSummed = true
        position = 0
        var start: UInt32 = 0
        for value in 0..<digit.count {
            let count = totals[value]
            totals[value] = start
            start &+= count
        }
        return false
    }

    /// Moves the keys of a segment, once all know their places; any thread.
    func move(segment: Int) {
        let places = places + segment * digit.count
        let digit = digit
        let (source, target) = (source, target)
        for stretch in segments[segment] {
            for index in stretches[stretch] {
                let key = source[index]
                let place = places + digit(key)
                target[Int(place.pointee)] = key
                place.pointee &+= 1
            }
        }
    }
}

/// The counting, or the moving, of all segments of a pass.
final class AudienceSortWork: AudienceWork {
    enum Action {
        case count, move
    }

    private let pass: AudienceSortPass
    private let action: Action
    private let segments: UnitCursor
    /// From one segment that is dealt to the next one. Neighbours write to the same cache lines, so those that threads
    /// have at the same time lie apart.
    private let stride: Int

    init(_ pass: AudienceSortPass, _ action: Action) {
        self.pass = pass
        self.action = action
        segments = UnitCursor(count: pass.segmentCount)
        stride = Self.stride(of: pass.segmentCount)
    }

    /// A number without common divisor with `count`, so that its multiples modulo `count` are all numbers below, and
    /// about the golden section of it, so that those of neighbours are far from each other.
    private static func stride(of count: Int) -> Int {
        func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
        return (max(1, count * 5 / 8)...).first { divisor($0, count) == 1 } ?? 1
    }

    func work(scratch: ScanScratch) -> Bool { work() }

    /// The same for whoever has no scratch: sorting needs none.
    func work() -> Bool {
        guard let unit = segments.take() else { return false }
        let segment = unit * stride % pass.segmentCount
        switch action {
        case .count: pass.count(segment: segment)
        case .move: pass.move(segment: segment)
        }
        segments.finish()
        return true
    }

    var isComplete: Bool { segments.isComplete }
}
