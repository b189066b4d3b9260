internal import KindredDomain

/// A set of ids of one kind: a hash table of positions in a list. The checks of answers use it.
///
/// The hash has a random seed, so that a server cannot choose ids that collide.
struct IDSet: Sendable {
    private static let seed = UInt64.random(in: .min ... .max)

    private(set) var ids: IDList
    /// A position in `ids` plus 1, or 0 where free. The count is a power of two; at most half of the slots are taken.
    private var slots: [UInt32]
    /// Distinct ids.
    private(set) var count: UInt64 = 0

    /// An empty set.
    init() {
        ids = .empty
        slots = [UInt32](repeating: 0, count: 16)
    }

    /// The ids `range` of a list.
    init(_ ids: IDList, in range: Range<Int>) {
        self.ids = ids
        slots = [UInt32](repeating: 0, count: Self.slotCount(for: range.count))
        for position in range { insert(position) }
    }

    /// The ids of a list, converted to `kind`. Texts that are no plain decimals are left out of numbers.
    init(_ ids: IDList, as kind: IDKind) {
        if kind == .number, case .text(let list) = ids {
            let numbers = (0..<list.count).compactMap { ExternalID.plainDecimal(list[$0]) }
            self.init(.numbers(numbers), in: numbers.indices)
        } else {
            self.init(ids, in: 0..<ids.count)
        }
    }

    /// Adds ids of the set's kind; an empty set takes the kind of the ids.
    mutating func append(_ more: IDList) {
        let first = ids.count
        ids.append(contentsOf: more)
        if 2 * ids.count > slots.count {
            slots = [UInt32](repeating: 0, count: Self.slotCount(for: ids.count))
            count = 0
            for position in 0..<first { insert(position) }
        }
        for position in first..<ids.count { insert(position) }
    }

    /// True when the set has the id `others[index]`.
    func contains(_ others: IDList, _ index: Int) -> Bool { position(of: others, index) != nil }

    /// The position in `ids` of the id `others[index]`. A text that is a plain decimal is taken as a number.
    func position(of others: IDList, _ index: Int) -> Int? {
        switch (ids, others) {
        case (.numbers(let own), .numbers(let others)): return position(of: others[index], in: own)
        case (.text(let own), .text(let others)):
            let id = others[index]
            let (isFound, slot) = find(Self.hash(id)) { own[$0].elementsEqual(id) }
            return isFound ? Int(slots[slot]) - 1 : nil
        case (.numbers(let own), .text(let others)):
            return ExternalID.plainDecimal(others[index]).flatMap { position(of: $0, in: own) }
        case (.text, .numbers): return nil
        }
    }

    private func position(of id: UInt64, in own: [UInt64]) -> Int? {
        let (isFound, slot) = find(Self.hash(id)) { own[$0] == id }
        return isFound ? Int(slots[slot]) - 1 : nil
    }

    /// Adds the id at a position of `ids`; false when it was there.
    @discardableResult
    private mutating func insert(_ position: Int) -> Bool {
        let (isFound, slot) =
            switch ids {
            case .numbers(let own): find(Self.hash(own[position])) { own[$0] == own[position] }
            case .text(let own): find(Self.hash(own[position])) { own[$0].elementsEqual(own[position]) }
            }
        if isFound { return false }
        slots[slot] = UInt32(clamping: position + 1)
        count += 1
        return true
    }

    private func find(_ hash: UInt64, isEqual: (Int) -> Bool) -> (isFound: Bool, slot: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            if isEqual(Int(slots[slot]) - 1) { return (true, slot) }
            slot = (slot + 1) & mask
        }
        return (false, slot)
    }

    private static func slotCount(for count: Int) -> Int {
        var slots = 16
        while slots < 2 * count { slots *= 2 }
        return slots
    }

    private static func hash(_ number: UInt64) -> UInt64 {
        let product = (number ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    private static func hash(_ text: ArraySlice<UInt8>) -> UInt64 {
        text.withUnsafeBytes { bytes in
            var state = seed ^ UInt64(bytes.count)
            var offset = 0
            while offset + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                state = hash(state ^ word)
                offset += 8
            }
            var rest: UInt64 = 0
            while offset < bytes.count {
                rest = rest << 8 | UInt64(bytes[offset])
                offset += 1
            }
            return hash(state ^ rest)
        }
    }
}

extension IDList {
    /// True when the id at `index` comes before the one at `other`: numbers by value, texts by bytes.
    func isAscending(_ index: Int, _ other: Int) -> Bool {
        switch self {
        case .numbers(let values): values[index] < values[other]
        case .text(let list): list[index].lexicographicallyPrecedes(list[other])
        }
    }
}
