import CKindredKernels

/// The arithmetic that defines every score: float64 sums of float32 products in one fixed order.
///
/// Eight partial sums start at +0. Sum j adds the products of elements i with i mod 8 = j in ascending order. The
/// result is ((s0+s4)+(s2+s6))+((s1+s5)+(s3+s7)). Products of float32 are exact in float64, so every CPU gives the same
/// bits, with or without fused multiply-add. Functions that are called for every row are public, since the compiler
/// inlines nothing less into other modules.
public enum Canonical {
    /// The canonical float64 sum of two vectors of `count` elements.
    @inlinable @inline(__always)
    public static func sum(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Double {
        kindred_canonical_sum(a, b, count)
    }

    /// The index of a query and the index of a row.
    package typealias Pair = kindred_vector_pair

    /// `sums[i]` = canonical sum of the query and the row of the i-th pair, for `count` pairs.
    ///
    /// Queries are widened to float64 by the caller, once for all pairs. Queries and rows are row-major with
    /// `dimension` elements. One call for several pairs lets a CPU overlap their sums.
    package static func sums(
        of pairs: UnsafePointer<Pair>, count: Int, queries: UnsafePointer<Double>, rows: UnsafePointer<Float>,
        dimension: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        kindred_canonical_pairs(queries, rows, dimension, pairs, count, sums)
    }

    /// Prefetches a vector of `count` elements.
    @inlinable @inline(__always)
    public static func prefetch(_ vector: UnsafePointer<Float>, count: Int) {
        kindred_prefetch(vector, count)
    }

    /// Prefetches the cache line of a number.
    @inlinable @inline(__always)
    public static func prefetch(_ number: UnsafePointer<UInt32>) { kindred_prefetch_line(number) }

    /// The canonical float64 norm of `count` elements: the square root of the canonical sum of the vector with itself.
    /// Not finite if an element is not.
    package static func norm(_ a: UnsafePointer<Float>, count: Int) -> Double {
        kindred_canonical_sum(a, a, count).squareRoot()
    }

    /// `sums[i]` = canonical sum of the query and the i-th of `rowCount` contiguous rows.
    package static func sums(
        query: UnsafePointer<Float>, rows: UnsafePointer<Float>, dimension: Int, rowCount: Int,
        into sums: UnsafeMutablePointer<Double>
    ) {
        kindred_canonical_sums(query, rows, dimension, rowCount, sums)
    }

    /// `sums[i]` = canonical sum of the query and row `indices[i]` of the rows at `base`.
    package static func gather(
        query: UnsafePointer<Float>, base: UnsafePointer<Float>, dimension: Int,
        indices: UnsafeBufferPointer<UInt32>, into sums: UnsafeMutablePointer<Double>
    ) {
        kindred_canonical_gather(query, base, dimension, indices.baseAddress, indices.count, sums)
    }

    /// The canonical score under the inner product: the sum rounded once to float32; -0 becomes +0.
    @inlinable @inline(__always) public static func score(sum: Double) -> Float { Float(sum) + 0 }

    /// The canonical score under cosine: the sum divided by the product of both norms, rounded once to float32; 0 if
    /// the product is 0.
    @inlinable @inline(__always) public static func score(sum: Double, norms product: Double) -> Float {
        product == 0 ? 0 : Float(sum / product) + 0
    }
}
