/// A list of ids of one kind, as columns.
package enum IDList: Sendable, Equatable {
    case numbers([UInt64])
    case text(TextList)

    /// No ids. The kind of an empty list has no meaning.
    package static let empty = IDList.numbers([])

    /// A list of the given ids: numeric if all of them are numbers, else text (numbers as plain decimals).
    package init(_ ids: some Collection<ExternalID>) {
        var numbers: [UInt64] = []
        for id in ids {
            guard case .number(let value) = id else { break }
            numbers.append(value)
        }
        if numbers.count == ids.count {
            self = .numbers(numbers)
            return
        }
        var list = TextList()
        for id in ids {
            switch id {
            case .number(let value): list.append(String(value).utf8)
            case .text(let bytes): list.append(bytes)
            }
        }
        self = .text(list)
    }

    package var count: Int {
        switch self {
        case .numbers(let values): values.count
        case .text(let list): list.count
        }
    }

    /// Appends ids of the same kind; an empty list takes the kind of the other.
    package mutating func append(contentsOf other: IDList) {
        if isEmpty {
            self = other
            return
        }
        if other.isEmpty { return }
        // Taken out first: an array that has two owners would be copied whole.
        var taken = IDList.empty
        swap(&taken, &self)
        switch consume taken {
        case .numbers(var values):
            guard case .numbers(let more) = other else { preconditionFailure("ids of two kinds in one list") }
            values.append(contentsOf: more)
            self = .numbers(values)
        case .text(var list):
            guard case .text(let more) = other else { preconditionFailure("ids of two kinds in one list") }
            list.append(contentsOf: more)
            self = .text(list)
        }
    }

    package var isEmpty: Bool { count == 0 }

    /// Bytes of memory that the ids take.
    package var byteCount: Int {
        switch self {
        case .numbers(let values): values.count * 8
        case .text(let list): list.bytes.count + list.offsets.count * 4
        }
    }

    package var kind: IDKind {
        switch self {
        case .numbers: .number
        case .text: .text
        }
    }

    /// The id at `index`, which must be in `0 ..< count`.
    package subscript(index: Int) -> ExternalID {
        switch self {
        case .numbers(let values): .number(values[index])
        case .text(let list): .text(Array(list[index]))
        }
    }

    /// All ids, one value each.
    package var ids: [ExternalID] { (0..<count).map { self[$0] } }
}

/// One list of ids for every query of a batch, or one list each.
package struct RaggedIDs: Sendable, Equatable {
    package let ids: IDList
    /// `queries + 1` offsets into `ids`; nil when the whole list applies to every query.
    package let offsets: [UInt32]?

    /// A list that applies to every query.
    package init(shared ids: IDList) {
        self.ids = ids
        offsets = nil
    }

    /// One list per query; nil unless the offsets begin with 0, never descend and end with the ids' count.
    package init?(ids: IDList, offsets: [UInt32]) {
        guard offsets.first == 0, let last = offsets.last, Int(last) == ids.count else { return nil }
        var previous: UInt32 = 0
        for offset in offsets {
            guard offset >= previous else { return nil }
            previous = offset
        }
        self.ids = ids
        self.offsets = offsets
    }

    /// The range of `ids` that belongs to `query`.
    package func range(ofQuery query: Int) -> Range<Int> {
        guard let offsets else { return 0..<ids.count }
        return Int(offsets[query])..<Int(offsets[query + 1])
    }
}
