import CKindredKernels

/// The arithmetic that defines every score: float64 sums of float32 products in one fixed order.
///
/// Eight partial sums start at +0; sum j takes the products of elements i with i mod 8 = j in ascending order;
/// then ((s0+s4)+(s2+s6))+((s1+s5)+(s3+s7)). Products are exact in float64, so every CPU gives the same bits.
/// What is called for every row is public: the compiler inlines nothing less into other modules.
public enum Canonical {
    /// The canonical float64 sum of two vectors of `count` elements.
    @inlinable @inline(__always)
    public static func sum(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Double {
        kindred_canonical_sum(a, b, count)
    }

    /// One of some queries and one of some rows.
    package typealias Pair = kindred_vector_pair

    /// `sums[i]` = canonical sum of the query and the row of the i-th pair; queries are widened to float64, so that
    /// rows alone are still to be, and sums of several pairs do not wait for each other.
    package static func sums(
        of pairs: UnsafePointer<Pair>, count: Int, queries: UnsafePointer<Double>, rows: UnsafePointer<Float>,
        dimension: Int, into sums: UnsafeMutablePointer<Double>
    ) {
        kindred_canonical_pairs(queries, rows, dimension, pairs, count, sums)
    }

    /// Asks for a vector that is needed soon.
    @inlinable @inline(__always)
    public static func prefetch(_ vector: UnsafePointer<Float>, count: Int) {
        kindred_prefetch(vector, count)
    }

    /// Asks for a number that is needed soon.
    @inlinable @inline(__always)
    public static func prefetch(_ number: UnsafePointer<UInt32>) { kindred_prefetch_line(number) }

    /// The float64 norm: the square root of the vector's canonical sum with itself. Not finite if an element
    /// is not.
    package static func norm(_ a: UnsafePointer<Float>, count: Int) -> Double {
        kindred_canonical_sum(a, a, count).squareRoot()
    }

    /// `sums[i]` = canonical sum of the query and the i-th of contiguous rows.
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

    /// A canonical score under the inner product: rounded once, -0 becoming +0.
    @inlinable @inline(__always) public static func score(sum: Double) -> Float { Float(sum) + 0 }

    /// A canonical score under cosine: the sum divided by the product of the norms, rounded once; 0 where a
    /// norm is 0.
    @inlinable @inline(__always) public static func score(sum: Double, norms product: Double) -> Float {
        product == 0 ? 0 : Float(sum / product) + 0
    }
}
