import Glibc
import KindredDomain
import KindredSystem

/// Answers to requests that may come again, by the bytes of their requests. One event loop uses it.
///
/// Generations do not change, so the same request has the same answer for as long as the same generations serve;
/// `forget` is called when that ends. Bytes are compared as a whole: a hash only says where to look.
///
/// A ring of entries, the oldest of which give way to new ones, and a table of buckets over it, each of which may name
/// seven entries, the oldest giving way here too. An entry that is used while in the older half of the ring is appended
/// anew, so what is asked for again and again stays. Finding an answer allocates nothing. (Such a ring under a lossy
/// table is the cache mode of MICA: Lim, Han, Andersen, Kaminsky, NSDI 2014.)
///
/// Keeping an answer costs more than some are worth that nobody asks for again. Unless `keepsAtOnce`, an answer is kept
/// when its request comes for the second time: each bucket also has marks of the four requests that were missing there
/// last. (A filter that admits at the second sight is the doorkeeper of TinyLFU: Einziger, Friedman, Manes, ACM ToS
/// 2017.)
package struct AnswerCache: ~Copyable {
    /// What a request that was not found is remembered by until it is answered.
    package struct Key: Sendable {
        fileprivate let request: [UInt8]
        fileprivate let hash: UInt64
        /// Which of the times between two calls of `forget` it belongs to.
        fileprivate let era: UInt64
    }

    package enum Lookup {
        case found
        /// `nil`: the answer to this request is not to be kept, or not yet.
        case missing(Key?)
    }

    /// An answer that was kept. Its bytes are valid until the cache is used again.
    package struct Answer {
        /// The body of the only frame of the reply.
        package let body: UnsafeRawBufferPointer
        package let counts: Counts
    }

    /// What an answer counts for, whenever it is given.
    package struct Counts: Equatable, Sendable {
        package var queries: UInt32
        package var failedQueries: UInt32

        package init(queries: UInt32, failedQueries: UInt32) {
            self.queries = queries
            self.failedQueries = failedQueries
        }
    }

    /// The beginning of an entry; the request's bytes and then the answer's follow.
    private struct Header {
        var hash: UInt64
        var requestByteCount: UInt32
        var bodyByteCount: UInt32
        var counts: Counts
    }

    /// Entries begin at multiples of this, and places are counted in it.
    private static let unitByteCount = 16
    private static let slotsPerBucket = 7
    /// The slots, and one with marks: a line of memory.
    private static let wordsPerBucket = 8
    private static let marksPerBucket = 4
    private static let markBits = 16
    /// Bytes of the ring for each slot of the table: a third of an answer of ten results with its request (numeric ids,
    /// 368 bytes), so that a bucket hardly ever has more entries than slots.
    private static let bytesPerSlot = 128
    /// A slot holds a place in its low bits and some of the hash above them.
    private static let placeBits: UInt64 = 48
    private static let placeMask: UInt64 = (1 << placeBits) - 1

    private let memory: MemoryRegion
    private let ring: UnsafeMutableRawBufferPointer
    private let unitCount: UInt64
    private let words: UnsafeMutableBufferPointer<UInt64>
    private let bucketMask: UInt64
    /// The place of the next entry: units that were ever written. A place modulo the ring's size is where it lies.
    private var head: UInt64
    /// Entries before this are forgotten.
    private var forgottenBefore: UInt64
    private var era: UInt64 = 0
    /// Whether an answer is kept when its request comes for the first time.
    package var keepsAtOnce = true

    /// An empty cache of `byteCount` bytes, and a fourteenth to a seventh of that for the table, which the system gives
    /// as they are written; 0: one that keeps nothing. `firstPlace`: where a test wants places to begin. Throws where
    /// the system has no room for so much.
    package init(byteCount: Int, firstPlace: UInt64 = 0) throws(MemoryFailure) {
        let units = byteCount / Self.unitByteCount
        let bucketCount = units == 0 ? 0 : Self.bucketCount(byteCount)
        let tableByteCount = bucketCount * Self.wordsPerBucket * MemoryLayout<UInt64>.size
        memory = try MemoryRegion(byteCount: tableByteCount + units * Self.unitByteCount)
        let bytes = memory.mutableBytes
        words = UnsafeMutableRawBufferPointer(rebasing: bytes[..<tableByteCount]).bindMemory(to: UInt64.self)
        ring = UnsafeMutableRawBufferPointer(rebasing: bytes[tableByteCount...])
        unitCount = UInt64(units)
        bucketMask = UInt64(max(bucketCount, 1) - 1)
        // From the ring's size on: a place of 0 is one that has been overwritten, as an empty slot names it.
        head = max(unitCount, firstPlace)
        forgottenBefore = head
    }

    private static func bucketCount(_ byteCount: Int) -> Int {
        let wanted = max(1, byteCount / bytesPerSlot / slotsPerBucket)
        return 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
    }

    package var keepsAnswers: Bool { unitCount > 0 }

    /// What was kept is no longer true, nor are the answers to requests that have been read.
    package mutating func forget() {
        forgottenBefore = head
        era += 1
    }

    /// Looks for the answer to a request and gives it to `use`.
    package mutating func find(_ request: RawSpan, _ use: (Answer) -> Void) -> Lookup {
        guard keepsAnswers, request.byteCount <= Limits.keptRequestBytesMax else { return .missing(nil) }
        return request.withUnsafeBytes { bytes in
            let hash = Self.hash(bytes)
            guard let slot = slot(of: hash, where: { holds($0, bytes, hash) }) else {
                guard keepsAtOnce || wasMissing(hash) else { return .missing(nil) }
                return .missing(Key(request: Array(bytes), hash: hash, era: era))
            }
            let place = words[slot] & Self.placeMask
            let header = header(at: place)
            use(Answer(body: body(at: place, header), counts: header.counts))
            renew(slot, place, header)
            return .found
        }
    }

    /// Keeps the answer to a request that was not found. `finish` may change the copy of its body.
    package mutating func keep(
        _ body: UnsafeRawBufferPointer, _ counts: Counts, for key: Key,
        _ finish: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        guard key.era == era, body.count <= Limits.keptReplyBytesMax else { return }
        let header = Header(
            hash: key.hash, requestByteCount: UInt32(truncatingIfNeeded: key.request.count),
            bodyByteCount: UInt32(truncatingIfNeeded: body.count), counts: counts)
        guard let place = reserve(Self.byteCount(of: header)) else { return }
        let bytes = bytes(at: place, byteCount: Self.byteCount(of: header))
        bytes.storeBytes(of: header, as: Header.self)
        let content = UnsafeMutableRawBufferPointer(rebasing: bytes[MemoryLayout<Header>.stride...])
        key.request.withUnsafeBytes { content.copyMemory(from: $0) }
        let copy = UnsafeMutableRawBufferPointer(
            rebasing: content[key.request.count..<key.request.count + body.count])
        copy.copyMemory(from: body)
        finish(copy)
        // Of two answers to the same request, which were both on their way, one is enough. Another request with the
        // same bits of the hash is as good to give way as the oldest.
        let slot = slot(of: key.hash, where: { _ in true }) ?? oldestSlot(of: key.hash)
        words[slot] = Self.tag(key.hash) | place
    }

    // MARK: Slots

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(bytes: bytes)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private static func tag(_ hash: UInt64) -> UInt64 { hash & ~placeMask }

    private func bucket(of hash: UInt64) -> Range<Int> {
        let start = Int(hash & bucketMask) * Self.wordsPerBucket
        return start..<start + Self.slotsPerBucket
    }

    /// The slot of an entry that is there, has the hash's upper bits and satisfies a condition.
    private func slot(of hash: UInt64, where isWanted: (UInt64) -> Bool) -> Int? {
        let tag = Self.tag(hash)
        let oldest = oldestPlace
        for slot in bucket(of: hash) {
            let place = words[slot] & Self.placeMask
            if words[slot] & ~Self.placeMask == tag, place >= oldest, isWanted(place) { return slot }
        }
        return nil
    }

    private func oldestSlot(of hash: UInt64) -> Int {
        let bucket = bucket(of: hash)
        return bucket.min { words[$0] & Self.placeMask < words[$1] & Self.placeMask } ?? bucket.lowerBound
    }

    /// Marks a request that is missing. True where it had been marked, or another one with the same bits of the hash.
    private mutating func wasMissing(_ hash: UInt64) -> Bool {
        let word = bucket(of: hash).upperBound
        // Bits that neither a tag nor a bucket's number has.
        let mark = UInt16(truncatingIfNeeded: hash >> 32)
        for lane in 0..<Self.marksPerBucket
        where UInt16(truncatingIfNeeded: words[word] >> (lane * Self.markBits)) == mark { return true }
        words[word] = words[word] << Self.markBits | UInt64(mark)
        return false
    }

    // MARK: Entries

    /// Entries from here on are whole and not forgotten.
    private var oldestPlace: UInt64 { max(forgottenBefore, head - unitCount) }

    private static func byteCount(of header: Header) -> Int {
        MemoryLayout<Header>.stride + Int(header.requestByteCount) + Int(header.bodyByteCount)
    }

    private static func unitCount(_ byteCount: Int) -> UInt64 {
        UInt64((byteCount + unitByteCount - 1) / unitByteCount)
    }

    /// Bytes of an entry, which lie together.
    private func bytes(at place: UInt64, byteCount: Int) -> UnsafeMutableRawBufferPointer {
        let start = Int(place % unitCount) * Self.unitByteCount
        return UnsafeMutableRawBufferPointer(rebasing: ring[start..<start + byteCount])
    }

    private func header(at place: UInt64) -> Header {
        bytes(at: place, byteCount: MemoryLayout<Header>.stride).load(as: Header.self)
    }

    private func body(at place: UInt64, _ header: Header) -> UnsafeRawBufferPointer {
        let bytes = bytes(at: place, byteCount: Self.byteCount(of: header))
        return UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - Int(header.bodyByteCount))...])
    }

    /// Whether the entry at a place, which is there, is the request's.
    private func holds(_ place: UInt64, _ request: UnsafeRawBufferPointer, _ hash: UInt64) -> Bool {
        let header = header(at: place)
        guard header.hash == hash, Int(header.requestByteCount) == request.count else { return false }
        let bytes = bytes(at: place, byteCount: Self.byteCount(of: header))
        guard let kept = bytes.baseAddress, let wanted = request.baseAddress else { return true }
        return memcmp(kept + MemoryLayout<Header>.stride, wanted, request.count) == 0
    }

    /// Appends an entry anew that would give way soon, where it is not itself in the way.
    private mutating func renew(_ slot: Int, _ place: UInt64, _ header: Header) {
        let byteCount = Self.byteCount(of: header)
        guard head - place > unitCount / 2 else { return }
        let source = bytes(at: place, byteCount: byteCount)
        guard let copy = reserve(byteCount, keeping: place) else { return }
        bytes(at: copy, byteCount: byteCount).copyMemory(from: UnsafeRawBufferPointer(source))
        words[slot] = Self.tag(header.hash) | copy
    }

    /// Room for an entry, whose bytes lie together, at the price of the oldest. Nil where the ring is too small, or
    /// the entry to keep would be among them.
    private mutating func reserve(_ byteCount: Int, keeping kept: UInt64? = nil) -> UInt64? {
        let count = Self.unitCount(byteCount)
        guard count <= unitCount else { return nil }
        let untilEnd = unitCount - head % unitCount
        let place = count <= untilEnd ? head : head + untilEnd
        if let kept, place + count > kept + unitCount { return nil }
        guard place + count <= Self.placeMask else {
            restart()
            return nil
        }
        head = place + count
        return place
    }

    /// Places are used up: begins as a new cache.
    private mutating func restart() {
        words.update(repeating: 0)
        head = unitCount
        forgottenBefore = head
    }
}
