/// Which training run vectors come from: vectors of two trainings must never be compared with each other.
package enum TrainingID {
    /// The rule, for messages.
    package static let rule = "1 to 256 bytes without control characters"

    /// Whether the text may be a training id.
    package static func isValid(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
