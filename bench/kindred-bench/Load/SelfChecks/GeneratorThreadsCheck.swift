/// Checks that several generator threads together do the same work as one.
enum GeneratorThreadsCheck {
    private static let rate = 1_000.0
    private static let seconds = 2.0
    private static let connections = 50
    /// Greatest deviation of the number of random times, in standard deviations.
    private static let deviations = 5.0
    private static let refused = [
        (threads: "0", connections: "1"), ("257", "1000"), ("-1", "1"), ("9", "8"),
    ]

    static func run() -> [Check] { [shares(), options()] }

    private static func shares() -> Check {
        var differences: [String] = []
        for threads in [1, 2, 3, connections] {
            let shares = (0..<threads).map { LoadShare($0, of: threads) }
            let dealt = shares.map { $0.of(connections) }
            if dealt.reduce(0, +) != connections || dealt[0] - dealt[threads - 1] > 1 {
                differences.append("\(threads) threads: connections \(dealt), wanted \(connections)")
            }
            if shares.flatMap({ times(.fixed, $0) }).sorted() != times(.fixed, .whole) {
                differences.append("\(threads) threads: fixed times other than those of one")
            }
            let drawn = shares.map { times(.poisson, $0) }
            let count = Double(drawn.reduce(0) { $0 + $1.count })
            if abs(count - rate * seconds) > deviations * (rate * seconds).squareRoot() {
                differences.append("\(threads) threads: \(count) random times, wanted \(rate * seconds)")
            }
            if drawn != shares.map({ times(.poisson, $0) }) || Set(drawn).count != threads {
                differences.append("\(threads) threads: random times that do not repeat or are not their own")
            }
        }
        return Check(
            none: "differences between the work of several generator threads and that of one",
            found: differences.count, example: differences.first)
    }

    private static func times(_ law: Arrivals.Law, _ share: LoadShare) -> [Double] {
        var arrivals = Arrivals(law, rate: rate, seconds: seconds, seed: 11, share: share)
        var times: [Double] = []
        while let time = arrivals.next {
            times.append(time)
            arrivals.advance()
        }
        return times
    }

    /// Checks that wrong numbers are refused by a message with the value.
    private static func options() -> Check {
        var taken: [String] = []
        for (threads, connections) in refused {
            let arguments = [
                "--kindred", "kindred", "--generator-threads=\(threads)", "--connections", connections,
            ]
            do {
                _ = try LoadCommand.parse(arguments)
                taken.append("\(threads) with \(connections) connections")
            } catch {
                let message = LoadCommand.message(for: error)
                if !message.contains("--generator-threads \(threads):") { taken.append(message) }
            }
        }
        return Check(
            none: "of \(refused.count) wrong numbers of generator threads, those not refused with the value",
            found: taken.count, example: taken.first)
    }
}
