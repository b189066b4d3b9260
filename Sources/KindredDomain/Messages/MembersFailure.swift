/// Why the members of a blend or of a fold-in make no vector.
package enum MembersFailure: Sendable, Equatable {
    /// A member: its number among the query's users, items or vectors, from 0 in the order of the request.
    package enum Member: Sendable, Equatable {
        case user(Int)
        case item(Int)
        case vector(Int)
    }

    case emptyBlend
    case blendWeightNotFinite(Member, Float)
    case blendVectorNotFinite(vector: Int, element: Int, value: Float)
    case blendNormTooLarge(vector: Int, norm: Double)
    /// The weights' absolute values sum to 0, or the weighted members cancel to the zero vector.
    case blendCancels
    /// The version has no alpha and lambda.
    case foldInNotOffered
    case emptyFoldIn
    /// A weight that is not a finite number above 0: no confidence in an item is 0 or less.
    case foldInWeight(item: Int, value: Float)
    /// The items' weighted vectors sum to the zero vector.
    case foldInCancels
    /// The equation of an item, counted from 0 in ascending order of distinct items, has no solution in float64.
    case foldInUnsolvable(equation: Int)
}

extension MembersFailure.Member: CustomStringConvertible {
    /// `the first user`, `the fourth item`, `the second vector`.
    package var description: String {
        switch self {
        case .user(let index): "the \(Ordinal.text(index)) user"
        case .item(let index): "the \(Ordinal.text(index)) item"
        case .vector(let index): "the \(Ordinal.text(index)) vector"
        }
    }
}

extension MembersFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .emptyBlend:
            "the blend is empty: at least 1 user, item or vector; under fallback it gets popular items"
        case .blendWeightNotFinite(let member, let value):
            "the weight of \(member) of the blend is \(value): not finite"
        case .blendVectorNotFinite(let vector, let element, let value):
            "the \(Ordinal.text(element)) element of \(Member.vector(vector)) of the blend is \(value): not finite"
        case .blendNormTooLarge(let vector, let norm):
            "the norm of \(Member.vector(vector)) of the blend is \(norm): at most 2^60"
        case .blendCancels: "the blend's weights cancel: the weighted mean is the zero vector"
        case .foldInNotOffered:
            "this version cannot fold in visitors: pack it with the alpha and lambda of its training"
        case .emptyFoldIn: "no items to fold in: at least 1; under fallback they get popular items"
        case .foldInWeight(let item, let value):
            "the weight of \(Member.item(item)) is \(value): finite and above 0"
        case .foldInCancels: "the items cancel: folded in, they are the zero vector"
        case .foldInUnsolvable(let equation):
            "the items cannot be folded in: the \(Ordinal.text(equation)) equation has no solution in float64; "
                + "pack the version with a greater lambda"
        }
    }
}
