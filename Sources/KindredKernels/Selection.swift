import CKindredKernels

/// Selects the rows of a tile whose approximate score reaches a limit.
package enum Selection {
    /// Writes the indices i with `scores[i] >= limit` to `survivors`, ascending. Returns how many they are; `survivors`
    /// has room for `count`.
    package static func atLeast(
        _ limit: Float, scores: UnsafePointer<Float>, count: Int,
        into survivors: UnsafeMutablePointer<UInt32>
    ) -> Int {
        kindred_select_at_least(scores, count, limit, survivors)
    }

    /// Writes the indices i with `scores[i] >= factor * norms[i]` to `survivors`, ascending. Returns how many they are;
    /// `survivors` has room for `count`.
    package static func atLeast(
        factor: Float, norms: UnsafePointer<Float>, scores: UnsafePointer<Float>, count: Int,
        into survivors: UnsafeMutablePointer<UInt32>
    ) -> Int {
        kindred_select_at_least_scaled(scores, norms, count, factor, survivors)
    }
}
