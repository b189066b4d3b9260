/// A list of ids of one kind, as columns.
package enum IDList: Sendable, Equatable {
    case numbers([UInt64])
    case text(TextList)

    /// No ids. The kind of an empty list has no meaning.
    package static let empty = IDList.numbers([])

    /// A list of ids: of numbers if all are numbers, else of texts, with numbers as plain decimals.
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

    /// Number of ids.
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
        // Takes the array out first: an array with two owners is copied when it is changed.
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

    /// Bytes of memory of the ids.
    package var byteCount: Int {
        switch self {
        case .numbers(let values): values.count * 8
        case .text(let list): list.bytes.count + list.offsets.count * 4
        }
    }

    /// The kind of all ids.
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

    /// All ids as values.
    package var ids: [ExternalID] { (0..<count).map { self[$0] } }
}

/// One list of ids for all queries of a batch, or one list for each query.
package struct RaggedIDs: Sendable, Equatable {
    /// The ids of all lists, one list after the other.
    package let ids: IDList
    /// `queries + 1` offsets into `ids`; nil when the whole list applies to every query.
    package let offsets: [UInt32]?

    /// A list that applies to every query.
    package init(shared ids: IDList) {
        self.ids = ids
        offsets = nil
    }

    /// One list for each query; nil unless the offsets begin with 0, never descend and end with the number of ids.
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
