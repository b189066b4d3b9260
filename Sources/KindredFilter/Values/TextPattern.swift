import KindredDomain

/// A pattern of LIKE or GLOB, ready to be matched with many texts.
///
/// SQLite reads pattern and text as C strings: a NUL ends them.
package struct TextPattern: Sendable, Equatable {
    /// Why SQLite refuses a pattern.
    package enum Refusal: Error, Equatable {
        case tooLong(bytes: Int, limit: Int)
        /// The text after ESCAPE is not one character.
        case escape([UInt8])
    }

    /// One part of a pattern. It has no reference, so that matching counts none.
    private struct Element: Equatable {
        enum Kind: UInt8 {
            /// Any characters, also none: `%` or `*`.
            case any
            /// One character: `_` or `?`.
            case one
            case character
            /// `[a-z]` or `[^a-z]`.
            case set
            /// What SQLite never matches: an escape without a character, a set without an end.
            case nothing
        }

        let kind: Kind
        /// The character, in lower case where the case is ignored; or the index of the set.
        var value: UInt32 = 0
    }

    private struct CharacterSet: Equatable {
        /// Single characters are ranges too.
        var ranges: [ClosedRange<UInt32>] = []
        var isInverted = false
    }

    private var elements: [Element] = []
    private var sets: [CharacterSet] = []
    private let ignoresCase: Bool

    /// A pattern of LIKE. The case of ASCII letters is ignored. `escape` is the text after ESCAPE.
    package init(like pattern: [UInt8], escape: [UInt8]? = nil) throws(Refusal) {
        try Self.check(pattern)
        let escape = try escape.map { text throws(Refusal) in try Self.escapeCharacter(text) }
        ignoresCase = true
        pattern.withUnsafeBufferPointer { bytes in
            var characters = SQLiteCharacters(bytes)
            while let character = characters.next() {
                switch character {
                // An escape character is no wildcard.
                case escape: append(characters.next())
                case Self.percent: elements.append(Element(kind: .any))
                case Self.underscore: elements.append(Element(kind: .one))
                default: append(character)
                }
            }
        }
    }

    /// A pattern of GLOB.
    package init(glob pattern: [UInt8]) throws(Refusal) {
        try Self.check(pattern)
        ignoresCase = false
        pattern.withUnsafeBufferPointer { bytes in
            var characters = SQLiteCharacters(bytes)
            while let character = characters.next() {
                switch character {
                case Self.star: elements.append(Element(kind: .any))
                case Self.question: elements.append(Element(kind: .one))
                case Self.bracket: appendSet(&characters)
                default: append(character)
                }
            }
        }
    }

    /// Whether the whole text matches. Takes at most n · min(n, m) steps for n bytes and m elements.
    package func matches(_ text: [UInt8]) -> Bool { text.withUnsafeBufferPointer { matches($0) } }

    package func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var steps = Int.max
        return elements.withUnsafeBufferPointer { matches(text, $0, &steps) } ?? false
    }

    /// Whether the whole text matches; nil where that takes more than `steps`, from which those taken are subtracted.
    package func matches(_ text: [UInt8], steps: inout Int) -> Bool? {
        text.withUnsafeBufferPointer { text in
            elements.withUnsafeBufferPointer { matches(text, $0, &steps) }
        }
    }

    private func matches(
        _ text: UnsafeBufferPointer<UInt8>, _ elements: UnsafeBufferPointer<Element>, _ steps: inout Int
    ) -> Bool? {
        var rest = SQLiteCharacters(text)
        var element = 0
        // The last `any` that was met, and the text after the characters that it stands for.
        var any: Int?
        var afterAny = rest
        while true {
            if steps <= 0 { return nil }
            steps -= 1
            if element < elements.count, elements[element].kind == .any {
                any = element
                element += 1
                if element == elements.count { return true }
                afterAny = rest
                continue
            }
            var next = rest
            guard let character = next.next() else { return element == elements.count }
            if element < elements.count, elements[element].kind == .set {
                steps -= sets[Int(elements[element].value)].ranges.count / Self.rangesPerStep
            }
            if element < elements.count, matches(elements[element], character) {
                element += 1
                rest = next
                continue
            }
            guard let any else { return false }
            _ = afterAny.next()
            rest = afterAny
            element = any + 1
        }
    }

    // MARK: Elements

    /// Ranges of a set that are compared with a character in the time of a step.
    private static let rangesPerStep = 4

    private static let percent = UInt32(UInt8(ascii: "%"))
    private static let underscore = UInt32(UInt8(ascii: "_"))
    private static let star = UInt32(UInt8(ascii: "*"))
    private static let question = UInt32(UInt8(ascii: "?"))
    private static let bracket = UInt32(UInt8(ascii: "["))
    private static let closingBracket = UInt32(UInt8(ascii: "]"))
    private static let caret = UInt32(UInt8(ascii: "^"))
    private static let dash = UInt32(UInt8(ascii: "-"))

    /// Throws for a pattern and the text after ESCAPE that SQLite refuses.
    package static func check(_ pattern: [UInt8], escape: [UInt8]? = nil) throws(Refusal) {
        if let escape { _ = try escapeCharacter(escape) }
        guard pattern.count <= Limits.patternBytesMax else {
            throw .tooLong(bytes: pattern.count, limit: Limits.patternBytesMax)
        }
    }

    private static func escapeCharacter(_ text: [UInt8]) throws(Refusal) -> UInt32 {
        let first = text.withUnsafeBufferPointer { bytes -> UInt32? in
            var characters = SQLiteCharacters(bytes)
            let first = characters.next()
            return characters.next() == nil ? first : nil
        }
        guard let first else { throw .escape(text) }
        return first
    }

    /// Appends a character, or what never matches for nil.
    private mutating func append(_ character: UInt32?) {
        let value = character.map { ignoresCase ? Self.lowercased($0) : $0 }
        elements.append(value.map { Element(kind: .character, value: $0) } ?? Element(kind: .nothing))
    }

    /// Appends the set whose `[` has just been read.
    private mutating func appendSet(_ characters: inout SQLiteCharacters) {
        var set = CharacterSet()
        var character = characters.next()
        if character == Self.caret {
            set.isInverted = true
            character = characters.next()
        }
        if character == Self.closingBracket {
            set.ranges.append(Self.closingBracket...Self.closingBracket)
            character = characters.next()
        }
        // The character before, where a range may begin with it.
        var start: UInt32?
        while let current = character, current != Self.closingBracket {
            if current == Self.dash, let first = start, let end = characters.peek(),
                end != Self.closingBracket
            {
                _ = characters.next()
                if first <= end { set.ranges.append(first...end) }
                start = nil
            } else {
                set.ranges.append(current...current)
                start = current
            }
            character = characters.next()
        }
        guard character != nil else { return elements.append(Element(kind: .nothing)) }
        elements.append(Element(kind: .set, value: UInt32(sets.count)))
        sets.append(set)
    }

    private func matches(_ element: Element, _ character: UInt32) -> Bool {
        switch element.kind {
        case .one: return true
        case .character: return element.value == (ignoresCase ? Self.lowercased(character) : character)
        case .set:
            let set = sets[Int(element.value)]
            return set.ranges.contains { $0.contains(character) } != set.isInverted
        case .any, .nothing: return false
        }
    }

    private static func lowercased(_ character: UInt32) -> UInt32 {
        (0x41...0x5A).contains(character) ? character | 0x20 : character
    }
}
