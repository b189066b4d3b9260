import CKindredKernels

/// A hit that can be compared, ordered by query, then position.
struct ScanKernelHit: Equatable, Comparable, CustomStringConvertible {
    let query: UInt32
    let position: UInt32
    let product: Int32

    init(_ hit: kindred_code_hit) {
        query = hit.query
        position = hit.position
        product = hit.product
    }

    static func < (a: Self, b: Self) -> Bool { (a.query, a.position) < (b.query, b.position) }

    var description: String { "(query \(query), position \(position), product \(product))" }
}
