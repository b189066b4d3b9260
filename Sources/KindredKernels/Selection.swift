import CKindredKernels

/// Finds the rows of a tile whose approximate score reaches a limit.
package enum Selection {
    /// Indices i with `scores[i] >= limit`, ascending, into `survivors` (room for `count`); their number.
    package static func atLeast(
        _ limit: Float, scores: UnsafePointer<Float>, count: Int,
        into survivors: UnsafeMutablePointer<UInt32>
    ) -> Int {
        kindred_select_at_least(scores, count, limit, survivors)
    }

    /// Indices i with `scores[i] >= factor * norms[i]`, ascending.
    package static func atLeast(
        factor: Float, norms: UnsafePointer<Float>, scores: UnsafePointer<Float>, count: Int,
        into survivors: UnsafeMutablePointer<UInt32>
    ) -> Int {
        kindred_select_at_least_scaled(scores, norms, count, factor, survivors)
    }
}
