import Glibc
import KindredDomain
import KindredSystem

/// Answers by the bytes of their requests and the generation that answers. One event loop uses it.
///
/// A generation does not change, so the same request to it has the same answer. Requests are compared byte by byte; a
/// hash only says where to look.
///
/// Entries lie in a ring, where the oldest give way to new ones. A table of buckets over the ring names them, seven in
/// each bucket; the oldest gives way there too. An entry that is used while it lies in the older half of the ring is
/// appended anew, so an answer that is asked for again and again stays. Finding an answer allocates nothing. (Source: a
/// ring under a lossy table is the cache mode of MICA; Lim, Han, Andersen, Kaminsky, NSDI 2014.)
///
/// Keeping an answer that is never asked for again is wasted work. Unless `keepsAtOnce`, an answer is kept when its
/// request comes for the second time: each bucket has marks of the last four requests that were not found there.
/// (Source: the doorkeeper of TinyLFU; Einziger, Friedman, Manes, ACM ToS 2017.)
package struct AnswerCache: ~Copyable {
    /// Keeps the answer to a request that was not found.
    package struct Key: Sendable {
        fileprivate let request: [UInt8]
        /// Of the request and its generation.
        fileprivate let hash: UInt64
    }

    package enum Lookup {
        case found
        /// Nil: the answer to this request is not to be kept now.
        case missing(Key?)
    }

    /// A kept answer. Its bytes are valid until the cache is used again.
    package struct Answer {
        /// The body of the reply's only frame.
        package let body: UnsafeRawBufferPointer
        package let counts: Counts
    }

    /// What the metrics count each time that the answer is sent.
    package struct Counts: Equatable, Sendable {
        package var queries: UInt32
        package var failedQueries: UInt32

        package init(queries: UInt32, failedQueries: UInt32) {
            self.queries = queries
            self.failedQueries = failedQueries
        }
    }

    /// The beginning of an entry. The request's bytes follow, then the answer's.
    private struct Header {
        var hash: UInt64
        var requestByteCount: UInt32
        var bodyByteCount: UInt32
        var counts: Counts
    }

    /// Entries begin at multiples of this. Places are numbered in these units.
    private static let unitByteCount = 16
    private static let slotsPerBucket = 7
    /// The slots and one word of marks: a cache line.
    private static let wordsPerBucket = 8
    private static let marksPerBucket = 4
    private static let markBits = 16
    /// Bytes of the ring for each slot of the table: a third of a usual entry, so that a bucket hardly ever has more
    /// entries than slots.
    private static let bytesPerSlot = 128
    /// A slot holds a place in its low bits and a tag, the upper bits of the hash, above them.
    private static let placeBits: UInt64 = 48
    private static let placeMask: UInt64 = (1 << placeBits) - 1

    private let memory: MemoryRegion
    private let ring: UnsafeMutableRawBufferPointer
    private let unitCount: UInt64
    private let words: UnsafeMutableBufferPointer<UInt64>
    private let bucketMask: UInt64
    /// The place of the next entry: units that were ever written. An entry lies at its place modulo the ring's size.
    private var head: UInt64
    /// No entry has a lower place.
    private var firstPlace: UInt64
    /// Whether an answer is kept when its request comes for the first time.
    package var keepsAtOnce = true

    /// An empty cache of `byteCount` bytes, and a fourteenth to a seventh of that for the table. The system gives the
    /// memory as it is written. 0: keeps nothing. `firstPlace`: where places begin in a test. Throws where the system
    /// has no room for so much.
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
        // Empty slots name place 0, which must count as overwritten.
        head = max(unitCount, firstPlace)
        self.firstPlace = head
    }

    private static func bucketCount(_ byteCount: Int) -> Int {
        let wanted = max(1, byteCount / bytesPerSlot / slotsPerBucket)
        return 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
    }

    package var keepsAnswers: Bool { unitCount > 0 }

    /// Looks for the answer of a generation to a request, and gives it to `use`.
    package mutating func find(
        _ request: RawSpan, of generation: UInt64, _ use: (Answer) -> Void
    ) -> Lookup {
        guard keepsAnswers, request.byteCount <= Limits.keptRequestBytesMax else { return .missing(nil) }
        return request.withUnsafeBytes { bytes in
            let hash = Self.hash(bytes, generation)
            guard let slot = slot(of: hash, where: { holds($0, bytes, hash) }) else {
                guard keepsAtOnce || wasMissing(hash) else { return .missing(nil) }
                return .missing(Key(request: Array(bytes), hash: hash))
            }
            let place = words[slot] & Self.placeMask
            let header = header(at: place)
            use(Answer(body: body(at: place, header), counts: header.counts))
            renew(slot, place, header)
            return .found
        }
    }

    /// Keeps the answer to a request that was not found. `finish` may change the copy of the body.
    package mutating func keep(
        _ body: UnsafeRawBufferPointer, _ counts: Counts, for key: Key,
        _ finish: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        guard body.count <= Limits.keptReplyBytesMax else { return }
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
        // A second answer to the same request replaces the first one. An entry of another request with the same tag is
        // replaced too, instead of the oldest.
        let slot = slot(of: key.hash, where: { _ in true }) ?? oldestSlot(of: key.hash)
        words[slot] = Self.tag(key.hash) | place
    }

    // MARK: Slots

    /// The hash of a request and its generation.
    ///
    /// Of the same bytes, the hashes of two generations differ: multiplying by an odd number modulo 2^64 is one to one.
    /// So an entry of the same hash and the same bytes is one of the same generation.
    private static func hash(_ bytes: UnsafeRawBufferPointer, _ generation: UInt64) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(bytes: bytes)
        return UInt64(bitPattern: Int64(hasher.finalize())) ^ (generation &* 0x9E37_79B9_7F4A_7C15)
    }

    private static func tag(_ hash: UInt64) -> UInt64 { hash & ~placeMask }

    private func bucket(of hash: UInt64) -> Range<Int> {
        let start = Int(hash & bucketMask) * Self.wordsPerBucket
        return start..<start + Self.slotsPerBucket
    }

    /// The slot of an entry that has not given way, has the hash's tag and satisfies a condition.
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

    /// Marks a request that was not found. True where it had been marked before, or another request with the same bits
    /// of the hash.
    private mutating func wasMissing(_ hash: UInt64) -> Bool {
        let word = bucket(of: hash).upperBound
        // Bits of the hash that neither the tag nor the bucket's number uses.
        let mark = UInt16(truncatingIfNeeded: hash >> 32)
        for lane in 0..<Self.marksPerBucket
        where UInt16(truncatingIfNeeded: words[word] >> (lane * Self.markBits)) == mark { return true }
        words[word] = words[word] << Self.markBits | UInt64(mark)
        return false
    }

    // MARK: Entries

    /// Entries from here on are whole.
    private var oldestPlace: UInt64 { max(firstPlace, head - unitCount) }

    private static func byteCount(of header: Header) -> Int {
        MemoryLayout<Header>.stride + Int(header.requestByteCount) + Int(header.bodyByteCount)
    }

    private static func unitCount(_ byteCount: Int) -> UInt64 {
        UInt64((byteCount + unitByteCount - 1) / unitByteCount)
    }

    /// The bytes of an entry, which lie together.
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

    /// Whether the entry at a place is the request's. The entry has not given way.
    private func holds(_ place: UInt64, _ request: UnsafeRawBufferPointer, _ hash: UInt64) -> Bool {
        let header = header(at: place)
        guard header.hash == hash, Int(header.requestByteCount) == request.count else { return false }
        let bytes = bytes(at: place, byteCount: Self.byteCount(of: header))
        guard let kept = bytes.baseAddress, let wanted = request.baseAddress else { return true }
        return memcmp(kept + MemoryLayout<Header>.stride, wanted, request.count) == 0
    }

    /// Appends an entry anew where it lies in the older half of the ring and the copy would not overwrite it.
    private mutating func renew(_ slot: Int, _ place: UInt64, _ header: Header) {
        let byteCount = Self.byteCount(of: header)
        guard head - place > unitCount / 2 else { return }
        let source = bytes(at: place, byteCount: byteCount)
        guard let copy = reserve(byteCount, keeping: place) else { return }
        bytes(at: copy, byteCount: byteCount).copyMemory(from: UnsafeRawBufferPointer(source))
        words[slot] = Self.tag(header.hash) | copy
    }

    /// Makes room for an entry, whose bytes lie together, by overwriting the oldest ones. Nil where the ring is too
    /// small, or where the entry at `kept` would be overwritten.
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

    /// Begins as an empty cache: the numbers of places are used up.
    private mutating func restart() {
        words.update(repeating: 0)
        head = unitCount
        firstPlace = head
    }
}
