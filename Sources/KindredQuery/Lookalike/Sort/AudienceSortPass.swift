import KindredSystem

/// One pass of a radix sort: moves keys to the places of one of their digits. Keys of the same digit keep their order.
///
/// The keys are cut into segments. Threads count the digits of a segment each, then every segment gets the places where
/// its keys of each digit begin, then threads move the keys of a segment each.
package final class AudienceSortPass: @unchecked Sendable {
    /// Keys of a segment, at least: some tens of microseconds.
    static let keysPerSegment = 8_192
    private static let pageByteCount = 4_096

    /// The digit of a key: some bits of how far its upper half is above the least.
    package struct Digit {
        var least: UInt32
        var shift: UInt32
        /// Bits, at most 16.
        var width: UInt32

        package init(least: UInt32, shift: UInt32, width: UInt32) {
            self.least = least
            self.shift = shift
            self.width = width
        }

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
    /// By segment, a range of `stretches`.
    private let segments: [Range<Int>]
    /// By segment and digit: the number of keys, later the place of the next key.
    private let places: UnsafeMutablePointer<UInt32>
    /// Pages of `target` that have never been written.
    private let freshPageCount: Int
    /// The owners of the memory that the pointers point to.
    private let memory: [MemoryRegion]

    /// By digit: the number of keys in the segments that were looked at, later the place of the next key.
    private let totals: UnsafeMutablePointer<UInt32>
    private var position = 0
    private var isSummed = false

    /// `places` has room for `segments.count * digit.count` numbers, `source` and `target` for all keys.
    package init(
        _ digit: Digit, from source: MemoryRegion, _ stretches: [Range<Int>], segments: [Range<Int>],
        to target: MemoryRegion, isFresh: Bool, places: MemoryRegion
    ) {
        let keyStride = MemoryLayout<UInt64>.stride
        precondition(
            digit.width <= 16
                && places.byteCount >= segments.count * digit.count * MemoryLayout<UInt32>.stride
                && target.byteCount >= stretches.reduce(0) { $0 + $1.count } * keyStride
                && source.byteCount >= (stretches.last?.upperBound ?? 0) * keyStride,
            "the memory of a sort is too small")
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
    package static func segments(of stretches: [Range<Int>]) -> [Range<Int>] {
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
        // The first write to a fresh page costs a fault. The first segment that is moved would write to all pages, so
        // each segment makes its share of them here.
        let pages =
            freshPageCount * segment / segments.count..<freshPageCount * (segment + 1) / segments.count
        for page in pages { target[page * Self.pageByteCount / MemoryLayout<UInt64>.stride] = 0 }
    }

    /// Places the keys of `segmentCount` segments, once all are counted. True when every segment has its places.
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

    /// Moves the keys of a segment, once all have their places; any thread.
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
final class AudienceSortWork: SharedWork {
    enum Action {
        case count, move
    }

    private let pass: AudienceSortPass
    private let action: Action
    private let segments: UnitCursor
    /// Distance between segments that are dealt one after the other. Neighbours write to the same cache lines, so
    /// segments that are moved at the same time have to lie apart.
    private let stride: Int

    init(_ pass: AudienceSortPass, _ action: Action) {
        self.pass = pass
        self.action = action
        segments = UnitCursor(count: pass.segmentCount)
        stride = Self.stride(of: pass.segmentCount)
    }

    /// A number without a common divisor with `count`, so that its multiples modulo `count` are all numbers below
    /// `count`; near the golden section of `count`, so that successive multiples lie far apart.
    private static func stride(of count: Int) -> Int {
        func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
        return (max(1, count * 5 / 8)...).first { divisor($0, count) == 1 } ?? 1
    }

    func work(scratch: ScanScratch) -> Bool { work() }

    /// The same without scratch memory: sorting needs none.
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
