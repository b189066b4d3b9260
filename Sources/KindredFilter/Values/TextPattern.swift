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

    private enum Element: Equatable {
        /// Any characters, also none: `%` or `*`.
        case any
        /// One character: `_` or `?`.
        case one
        case character(UInt32)
        /// `[a-z]` or `[^a-z]`. Single characters are ranges too.
        case set([ClosedRange<UInt32>], isInverted: Bool)
        /// What SQLite never matches: an escape without a character, a set without an end.
        case nothing
    }

    private let elements: [Element]
    private let ignoresCase: Bool

    /// A pattern of LIKE. The case of ASCII letters is ignored. `escape` is the text after ESCAPE.
    package init(like pattern: [UInt8], escape: [UInt8]? = nil) throws(Refusal) {
        try Self.check(pattern)
        let escape = try escape.map { text throws(Refusal) in try Self.escapeCharacter(text) }
        ignoresCase = true
        elements = pattern.withUnsafeBufferPointer { bytes in
            var characters = SQLiteCharacters(bytes)
            var elements: [Element] = []
            while let character = characters.next() {
                switch character {
                // An escape character is no wildcard.
                case escape: elements.append(characters.next().map { .character($0) } ?? .nothing)
                case Self.percent: elements.append(.any)
                case Self.underscore: elements.append(.one)
                default: elements.append(.character(character))
                }
            }
            return elements
        }
    }

    /// A pattern of GLOB.
    package init(glob pattern: [UInt8]) throws(Refusal) {
        try Self.check(pattern)
        ignoresCase = false
        elements = pattern.withUnsafeBufferPointer { bytes in
            var characters = SQLiteCharacters(bytes)
            var elements: [Element] = []
            while let character = characters.next() {
                switch character {
                case Self.star: elements.append(.any)
                case Self.question: elements.append(.one)
                case Self.bracket: elements.append(Self.set(&characters))
                default: elements.append(.character(character))
                }
            }
            return elements
        }
    }

    /// Whether the whole text matches. Takes at most (bytes of the text) x (elements of the pattern) steps.
    package func matches(_ text: [UInt8]) -> Bool { text.withUnsafeBufferPointer { matches($0) } }

    package func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var rest = SQLiteCharacters(text)
        var element = 0
        // The last `any` that was met, and the text after the characters that it stands for.
        var any: Int?
        var afterAny = rest
        while true {
            if element < elements.count, elements[element] == .any {
                any = element
                element += 1
                if element == elements.count { return true }
                afterAny = rest
                continue
            }
            var next = rest
            guard let character = next.next() else { return element == elements.count }
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

    private static let percent = UInt32(UInt8(ascii: "%"))
    private static let underscore = UInt32(UInt8(ascii: "_"))
    private static let star = UInt32(UInt8(ascii: "*"))
    private static let question = UInt32(UInt8(ascii: "?"))
    private static let bracket = UInt32(UInt8(ascii: "["))
    private static let closingBracket = UInt32(UInt8(ascii: "]"))
    private static let caret = UInt32(UInt8(ascii: "^"))
    private static let dash = UInt32(UInt8(ascii: "-"))

    private static func check(_ pattern: [UInt8]) throws(Refusal) {
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

    /// The set whose `[` has just been read.
    private static func set(_ characters: inout SQLiteCharacters) -> Element {
        var ranges: [ClosedRange<UInt32>] = []
        var isInverted = false
        var character = characters.next()
        if character == caret {
            isInverted = true
            character = characters.next()
        }
        if character == closingBracket {
            ranges.append(closingBracket...closingBracket)
            character = characters.next()
        }
        // The character before, where a range may begin with it.
        var start: UInt32?
        while let current = character, current != closingBracket {
            if current == dash, let first = start, let end = characters.peek(), end != closingBracket {
                _ = characters.next()
                if first <= end { ranges.append(first...end) }
                start = nil
            } else {
                ranges.append(current...current)
                start = current
            }
            character = characters.next()
        }
        return character == nil ? .nothing : .set(ranges, isInverted: isInverted)
    }

    private func matches(_ element: Element, _ character: UInt32) -> Bool {
        switch element {
        case .one: true
        case .character(let wanted):
            wanted == character || ignoresCase && Self.lowercased(wanted) == Self.lowercased(character)
        case .set(let ranges, let isInverted):
            ranges.contains { $0.contains(character) } != isInverted
        case .any, .nothing: false
        }
    }

    private static func lowercased(_ character: UInt32) -> UInt32 {
        (0x41...0x5A).contains(character) ? character | 0x20 : character
    }
}
