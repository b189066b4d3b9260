import CKindredKernels
import CKindredSystem
import Glibc

/// The kernels that the BLAS library has chosen, compared with the abilities of this CPU.
///
/// OpenBLAS chooses kernels for the CPU. It chooses weaker ones if the environment variable OPENBLAS_CORETYPE names
/// another CPU, or if the library is older than the CPU.
package struct BLASCore: Sendable, Equatable {
    /// Throughputs in float32 multiply-adds per nanosecond.
    package struct Pace: Sendable {
        /// Throughput of a library product that fits the cache.
        package let measured: Double
        /// Throughput of the CPU on registers alone; a product cannot reach it.
        package let peak: Double

        /// The time of a product as a multiple of its time at the CPU's peak.
        package var factor: Double { peak / measured }
    }

    /// The library's name for the CPU that its kernels are made for, such as `Haswell`.
    package let name: String
    /// Float32 lanes of the registers that the kernels use, 4, 8 or 16; nil for an unknown name.
    package let lanes: Int?

    /// Names of OpenBLAS cores by the float32 lanes of their kernels. Kernels of 8 and 16 lanes use fused multiply-add.
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

    /// The kernels that OpenBLAS calls `name`.
    package init(name: String) {
        self.name = name
        lanes = Self.names.first { $0.value.contains(name.lowercased()) }?.key
    }

    /// The kernels of the linked library; nil if the library does not tell.
    package static let chosen = kindred_blas_core().map { BLASCore(name: String(cString: $0)) }

    /// Float32 lanes of this CPU's fused multiply-add: 16, 8, or 0 without it.
    package static let lanesOfCPU = Int(kindred_fused_lanes())

    /// The value of OPENBLAS_CORETYPE; nil if it is unset or empty.
    package static var requested: String? {
        guard let value = getenv("OPENBLAS_CORETYPE"), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// Whether the kernels have fewer lanes than the CPU; false if their lanes are unknown.
    package func isWeaker(thanLanes lanesOfCPU: Int) -> Bool { lanes.map { $0 < lanesOfCPU } ?? false }

    /// Measures both throughputs on the calling thread, in some milliseconds; nil without fused multiply-add.
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

    /// The best throughput of some runs. `run` returns the amount of its work; the result is work per nanosecond.
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
