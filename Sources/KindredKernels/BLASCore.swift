import CKindredKernels
import CKindredSystem
import Glibc

/// The kernels that the BLAS library has chosen, against what this CPU can do.
///
/// OpenBLAS chooses by the CPU, unless the environment variable OPENBLAS_CORETYPE names another one, or the library is
/// older than the CPU.
package struct BLASCore: Sendable, Equatable {
    /// How fast products are, in float32 multiply-adds per nanosecond.
    package struct Pace: Sendable {
        /// Of a product that fits the cache, by the library.
        package let measured: Double
        /// Of the CPU in its registers alone, which no product reaches.
        package let peak: Double

        /// How many times as long a product takes as it would at the CPU's peak.
        package var factor: Double { peak / measured }
    }

    /// The library's name for the CPU that its kernels are made for, such as `Haswell`.
    package let name: String
    /// Float32 lanes of the registers that those kernels compute in, 4 to 16; nil of a name that is not known here.
    package let lanes: Int?

    /// Names of OpenBLAS by the registers of their kernels. From AVX2 on they multiply and add at once.
    private static let names: [Int: Set<String>] = [
        16: ["skylakex", "cooperlake", "sapphirerapids", "zen4", "zen5"],
        8: ["haswell", "zen", "excavator"],
        4: [
            "katmai", "coppermine", "northwood", "prescott", "banias", "core2", "penryn", "dunnington",
            "nehalem",
            "atom", "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "generic", "nano",
            "sandybridge", "bulldozer", "piledriver", "steamroller",
        ],
    ]

    /// Kernels by a name of OpenBLAS.
    package init(name: String) {
        self.name = name
        lanes = Self.names.first { $0.value.contains(name.lowercased()) }?.key
    }

    /// Those that the linked library computes with; nil where it does not say.
    package static let chosen = kindred_blas_core().map { BLASCore(name: String(cString: $0)) }

    /// Lanes in which this CPU multiplies and adds at once: 16, 8, or 0.
    package static let lanesOfCPU = Int(kindred_fused_lanes())

    /// The value of OPENBLAS_CORETYPE; nil where it is unset or empty.
    package static var requested: String? {
        guard let value = getenv("OPENBLAS_CORETYPE"), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// Whether the kernels are for a lesser CPU than one with so many lanes.
    package func isWeaker(thanLanes lanesOfCPU: Int) -> Bool { lanes.map { $0 < lanesOfCPU } ?? false }

    /// Measures both paces on the calling thread, in some milliseconds; nil where the CPU has no fused multiply-add.
    package static func pace() -> Pace? {
        let (queries, rows, dimension) = (64, 512, 64)
        let values = [Float](repeating: 0.5, count: (queries + rows) * dimension)
        var scores = [Float](repeating: 0, count: queries * rows)
        let measured = best { () -> Int in
            values.withUnsafeBufferPointer { values in
                BLAS.products(
                    queries: values.baseAddress!, queryCount: queries,
                    rows: values.baseAddress! + queries * dimension,
                    rowCount: rows, dimension: dimension, into: &scores)
            }
            return queries * rows * dimension
        }
        let peak = best { kindred_fused_multiply_adds(4_096) }
        guard measured > 0, peak > 0 else { return nil }
        return Pace(measured: measured, peak: peak)
    }

    /// The best pace of some runs, in what a run returns per nanosecond.
    private static func best(_ run: () -> Int) -> Double {
        let clock = ContinuousClock()
        var best = 0.0
        for _ in 0..<8 {
            let start = clock.now
            let count = run()
            let elapsed = clock.now - start
            let nanoseconds =
                Double(elapsed.components.attoseconds) * 1e-9 + Double(elapsed.components.seconds) * 1e9
            if nanoseconds > 0 { best = max(best, Double(count) / nanoseconds) }
        }
        return best
    }
}
