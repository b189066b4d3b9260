import KindredDomain
import KindredSystem

/// The settings of the training that folding in needs: alpha scales the weight of an item, lambda is the
/// regularization (Hu, Koren, Volinsky 2008).
package struct FoldInSettings: Sendable, Equatable {
    /// Above 0, at most 2^60.
    package let alpha: Double
    /// 0 to 2^60.
    package let lambda: Double

    /// A number out of range.
    package struct Fault: Error, Equatable {
        /// `alpha` or `lambda`.
        package let name: String
        package let found: Double
        package let wanted: String
    }

    /// Throws for a number that is not finite or out of range.
    package init(alpha: Double, lambda: Double) throws(Fault) {
        guard alpha > 0, alpha <= Limits.foldInMax else {
            throw Fault(name: "alpha", found: alpha, wanted: "a finite number above 0, at most 2^60")
        }
        guard lambda >= 0, lambda <= Limits.foldInMax else {
            throw Fault(name: "lambda", found: lambda, wanted: "a finite number of at least 0, at most 2^60")
        }
        self.alpha = alpha
        // -0 is 0.
        self.lambda = lambda + 0
    }

    /// The object of the manifest. The shortest decimal texts that give the same float64 numbers.
    package var json: JSONValue {
        .object([JSONMember("alpha", .real(alpha)), JSONMember("lambda", .real(lambda))])
    }
}
