import ArgumentParser
import Foundation
import KindredDomain

/// The size of an audience as text: `N`, `P%` or `>=S`.
enum AudienceSizeText {
    static let option: @Sendable (String) -> ParsedValue<AudienceSize> = { ParsedValue($0, size) }

    /// The smallest share in per cent: one part per million.
    private static let shareMinimum = 0.0001

    private static func size(_ text: String) throws(ValidationError) -> AudienceSize {
        let wrong = ValidationError("--size \(text): \(rule(for: text))")
        if text.hasPrefix(">=") {
            guard let score = Float(text.dropFirst(2).trimmingCharacters(in: .whitespaces)), score.isFinite
            else {
                throw wrong
            }
            return .minimumScore(score)
        }
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast().trimmingCharacters(in: .whitespaces)), !percent.isNaN
            else { throw wrong }
            guard percent <= 100 else {
                throw ValidationError("--size \(text): a share is at most 100%")
            }
            guard percent >= shareMinimum else {
                throw ValidationError("--size \(text): a share is at least 0.0001% (one in a million)")
            }
            return .share(partsPerMillion: UInt32((percent * 10_000).rounded()))
        }
        if let number = Int64(text), number < 1 {
            throw ValidationError("--size \(text): a number of users is at least 1")
        }
        guard let count = UInt64(text) else { throw wrong }
        return .count(count)
    }

    /// The accepted forms, and for a fraction the share it probably means.
    private static func rule(for text: String) -> String {
        guard let fraction = Double(text), fraction > 0, fraction < 1 else {
            return "a number of users, a share such as 1%, or '>=0.8'"
        }
        let share = (fraction * 1e8).rounded() / 1e6
        return "a share is written \(share.shortened)%, a least score '>=\(text)', a number of users as it is"
    }
}
