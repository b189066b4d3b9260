import Foundation
import KindredKernels

/// The properties of this machine that determine its speed.
struct Machine: Encodable, Sendable {
    /// A data cache of a core.
    struct Cache: Encodable, Sendable {
        let level: Int
        let byteCount: Int
        /// Number of cores that share it.
        let coreCount: Int
    }

    let cpu: String
    let coreCount: Int
    /// Instruction sets of interest to kernels, as /proc/cpuinfo names them.
    let instructionSets: [String]
    let blas: String
    /// Caches by level, the smallest first.
    let caches: [Cache]

    private static let ofInterest = [
        "sse4_2", "avx2", "fma", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "amx_tile", "amx_int8",
        "asimd", "asimddp", "i8mm", "sve",
    ]

    /// This machine. Properties that the system does not report are empty.
    static let current: Machine = {
        let lines = Self.text("/proc/cpuinfo").split(separator: "\n")
        func field(_ name: String) -> String? {
            lines.first { $0.hasPrefix(name) }?.split(separator: ":", maxSplits: 1).last?
                .trimmingCharacters(in: .whitespaces)
        }
        let flags = Set((field("flags") ?? field("Features") ?? "").split(separator: " ").map(String.init))
        return Machine(
            cpu: field("model name") ?? "unknown CPU",
            coreCount: ProcessInfo.processInfo.activeProcessorCount,
            instructionSets: ofInterest.filter(flags.contains), blas: BLAS.description, caches: dataCaches)
    }()

    private static var dataCaches: [Cache] {
        (0..<8).compactMap { index -> Cache? in
            let folder = "/sys/devices/system/cpu/cpu0/cache/index\(index)"
            guard let level = Int(text("\(folder)/level")), text("\(folder)/type") != "Instruction",
                let kibibytes = Int(text("\(folder)/size").dropLast())
            else { return nil }
            return Cache(
                level: level, byteCount: kibibytes << 10, coreCount: count(text("\(folder)/shared_cpu_list")))
        }.sorted { $0.level < $1.level }
    }

    /// Count of the numbers in a list such as `0-3,8`.
    private static func count(_ list: String) -> Int {
        list.split(separator: ",").reduce(0) { sum, part in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            return sum + (ends.count == 2 ? ends[1] - ends[0] + 1 : 1)
        }
    }

    private static func text(_ path: String) -> String {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").trimmingCharacters(
            in: .whitespacesAndNewlines)
    }

    /// The cache of a level; nil where the system reports none.
    func cache(_ level: Int) -> Cache? { caches.first { $0.level == level } }

    var lines: [String] {
        let sizes = caches.map {
            "L\($0.level) \($0.byteCount >> 10) KiB" + ($0.coreCount > 1 ? " for \($0.coreCount) cores" : "")
        }
        return [
            "\(cpu), \(coreCount) cores: \(instructionSets.joined(separator: " "))",
            "\(sizes.joined(separator: ", ")); BLAS: \(blas)",
        ]
    }
}
