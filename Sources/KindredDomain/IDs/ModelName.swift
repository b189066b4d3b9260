/// A model's name: `[a-z0-9][a-z0-9_-]{0,62}`. It names a folder too, so it cannot be a path.
///
/// ```swift
/// guard let shop = ModelName("shop") else { throw BadName() }
/// ```
public struct ModelName: Sendable, Hashable, CustomStringConvertible {
    /// The name itself.
    public let description: String

    /// A checked name; nil unless the text has the form above.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= Limits.modelNameBytesMax else { return nil }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z"))
                || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
        }
        guard isAlphanumeric(first) else { return nil }
        for byte in bytes {
            guard isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") else {
                return nil
            }
        }
        description = text
    }

    /// The form of a name, for messages.
    public static let rule = "[a-z0-9][a-z0-9_-]{0,62}"
}

extension ModelName: Comparable {
    /// By bytes.
    public static func < (left: ModelName, right: ModelName) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}
