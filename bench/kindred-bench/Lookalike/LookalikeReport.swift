import Foundation
import KindredKernels
import KindredQuery
import KindredTerminal

/// What `kindred-bench lookalike` measured.
struct LookalikeReport: Report {
    /// A size of audience with its goal: the greatest multiple of the reading time.
    struct Wanted: Encodable {
        let partsPerMillion: Int
        let multipleMax: Double?
    }

    /// The measurements of one size.
    struct Size: Encodable {
        let wanted: Wanted
        var count = 0
        var rowsScanned: UInt64 = 0
        var seconds = Samples()
        /// Seconds by phase in the fastest round.
        var stageSeconds: [String: Double] = [:]
        /// Rows of all rounds that differ from the brute force.
        var mismatches = 0
        var checksum: UInt64 = 0
    }

    /// A goal as a multiple of the reading time, and the measured multiple.
    struct Goal: Encodable {
        let rows: Int
        let multipleMax: Double
        /// Median of the rounds' ratios.
        let multiple: Double
        /// Interquartile range of those ratios as a share of their median.
        let noise: Double
        let isMet: Bool

        var line: String {
            "top \(rows.groupedDigits): \(multiple.fixed(2)) times the reading of the same round, "
                + "noise \(noise.percent); goal <= \(String(format: "%g", multipleMax)): "
                + (isMet ? "met" : "not met")
        }
    }

    let machine: Machine
    let scanKernel = ScanKernel.chosen.name
    let rows: Int
    let dimension: Int
    let threads: Int
    let isJudged: Bool
    let codeByteCount: Int
    /// Seconds to read the codes once, by number of streams.
    private(set) var readings: [Samples] = []
    private(set) var sizes: [Size] = []

    init(machine: Machine, rows: Int, dimension: Int, threads: Int, isJudged: Bool, codeByteCount: Int) {
        self.machine = machine
        self.rows = rows
        self.dimension = dimension
        self.threads = threads
        self.isJudged = isJudged
        self.codeByteCount = codeByteCount
    }

    mutating func addReading(_ seconds: Double, streams: Int) {
        if streams == readings.count { readings.append(Samples()) }
        readings[streams].append(seconds)
    }

    mutating func add(_ measured: AudienceRunner.Measured, of wanted: Wanted, mismatches: Int) {
        let index: Int
        if let known = sizes.firstIndex(where: { $0.wanted.partsPerMillion == wanted.partsPerMillion }) {
            index = known
        } else {
            index = sizes.count
            sizes.append(Size(wanted: wanted))
        }
        if measured.seconds < sizes[index].seconds.best {
            sizes[index].stageSeconds = Dictionary(
                uniqueKeysWithValues: measured.stages.map { ($0.key.rawValue, $0.value) })
        }
        sizes[index].count = measured.audience.count
        sizes[index].rowsScanned = measured.rowsScanned
        sizes[index].seconds.append(measured.seconds)
        sizes[index].mismatches += mismatches
        sizes[index].checksum = Self.checksum(measured.audience)
    }

    /// A checksum of the bits of all scores.
    private static func checksum(_ audience: Audience) -> UInt64 {
        var checksum = AnswerChecksum()
        for score in audience.scores.prefix(audience.count) { checksum.add(UInt64(score.bitPattern)) }
        withExtendedLifetime(audience) {}
        return checksum.value
    }

    /// The readings with the best number of streams.
    private var reading: Samples { readings.min { $0.best < $1.best } ?? Samples() }

    var lines: [String] {
        let bandwidth = Double(codeByteCount) / reading.best / 1e9
        return machine.lines + [
            "int8 kernel: \(scanKernel)",
            "",
            "\(rows.groupedDigits) x \(dimension) flat users, \(threads) threads: codes of "
                + "\(codeByteCount.mebibytes) read once in \((reading.best * 1_000).millisecondsText), "
                + "\(bandwidth.fixed(1)) GB/s",
            "",
        ] + TextTable(figures: table).lines + [
            "",
            "ms and x reading: best of the rounds; median x: median of the ratios of the same rounds; "
                + "phases in ms of the fastest round",
        ] + goals.map(\.line) + [""]
    }

    private var table: [[String]] {
        [["share", "rows", "ms", "x reading", "median x"] + stages.map(\.rawValue) + ["checksum"]]
            + sizes.map { size in
                [
                    (Double(size.wanted.partsPerMillion) / 1e4).fixed(2) + " %", size.count.groupedDigits,
                    (size.seconds.best * 1_000).fixed(1), multiple(size).fixed(2),
                    medianMultiple(size).fixed(2),
                ]
                    + stages.map { stage in
                        size.stageSeconds[stage.rawValue].map { ($0 * 1_000).fixed(1) } ?? ""
                    } + [size.checksum.hexadecimal]
            }
    }

    private var stages: [LookalikeExpansion.Stage] { LookalikeExpansion.Stage.allCases }

    private func multiple(_ size: Size) -> Double { size.seconds.best / reading.best }

    /// The median of the rounds' ratios: a disturbance affects the reading and the audience of a round alike.
    private func medianMultiple(_ size: Size) -> Double {
        zip(size.seconds.seconds, reading.seconds).map { $0 / $1 }.median ?? .infinity
    }

    /// Empty where times are not judged.
    private var goals: [Goal] {
        guard isJudged else { return [] }
        return sizes.compactMap { size in
            guard let most = size.wanted.multipleMax else { return nil }
            let found = medianMultiple(size)
            return Goal(
                rows: size.count, multipleMax: most, multiple: found,
                noise: size.seconds.ratio(to: reading).spread, isMet: found <= most)
        }
    }

    var checks: [Check] {
        [Check(none: "rows that are not the brute force's", found: sizes.reduce(0) { $0 + $1.mismatches })]
    }

    private enum CodingKeys: String, CodingKey {
        case machine, scanKernel, rows, dimension, threads, codeByteCount, readings, sizes, goals, checks
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(machine, forKey: .machine)
        try container.encode(scanKernel, forKey: .scanKernel)
        try container.encode(rows, forKey: .rows)
        try container.encode(dimension, forKey: .dimension)
        try container.encode(threads, forKey: .threads)
        try container.encode(codeByteCount, forKey: .codeByteCount)
        try container.encode(readings, forKey: .readings)
        try container.encode(sizes, forKey: .sizes)
        try container.encode(goals, forKey: .goals)
        try container.encode(checks, forKey: .checks)
    }
}
