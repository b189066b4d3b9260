import ArgumentParser
import KindredDomain

/// Options for the requests of a load and its pace.
struct LoadShapeOptions: ParsableArguments {
    enum Requests: String, CaseIterable, ExpressibleByArgument {
        case ping
        case recommend
    }

    private static let generatorThreadsMax = 256

    @Option(help: "Connections.")
    var connections = 50
    @Option(
        parsing: .unconditional,
        help: "Threads of the generator, among which the connections and the rate are dealt out.")
    var generatorThreads = 1
    @Option(
        help: """
            Closed loop: requests in flight on each connection. Default: 1; of the closed loop that --sweep and \
            --overload begin with 16, and half as many as long as some are refused.
            """)
    var inFlight: Int?
    @Option(help: "Open loop: requests per second, over all connections.")
    var rate: Double?
    @Option(help: "Open loop: fixed, all equally far apart, or poisson, independent of one another.")
    var arrivals = Arrivals.Law.fixed
    @Option(
        help: "Open loop: requests in flight over all connections, beyond which one is late. Default: 8192.")
    var inFlightMax: Int?
    @Option(help: "What is asked: ping, or recommend (items for a user).")
    var requests = Requests.recommend
    @Option(
        help: "A JSON file with the shares of kinds of requests (bench/README.md), in place of --requests.")
    var scenario: String?
    @Option(help: "Results of a recommendation.")
    var k = 10
    @Option(help: "How ids are drawn: uniform or zipf.")
    var ids = IDSampler.Law.uniform
    @Option(help: "The id of rank r is drawn in proportion to r to the power of minus this.")
    var zipfExponent = 1.0
    @Option(help: "The same seed draws the same requests and the same times.")
    var seed: UInt64 = 1
    @Option(help: "Requests that are encoded before the run and sent again and again.")
    var pool = 16_384
    @Option(help: "Milliseconds that a client would wait.")
    var timeoutMs: UInt32 = 30_000
    @Option(help: "Seconds of the same load before it is measured.")
    var warmUp = 1.0
    @Option(help: "Seconds of each measurement.")
    var seconds = 10.0

    func validate() throws {
        try OptionRange.check("--connections", connections, 1...10_000)
        try OptionRange.check("--generator-threads", generatorThreads, 1...Self.generatorThreadsMax)
        guard generatorThreads <= connections else {
            throw ValidationError(
                "--generator-threads \(generatorThreads): at most --connections, \(connections)")
        }
        if let inFlight, !(1...LoadConnection.inFlightMax).contains(inFlight) {
            throw ValidationError(
                "--in-flight \(inFlight): 1 to \(LoadConnection.inFlightMax), what a connection may have")
        }
        if let rate, !(rate > 0 && rate <= 10_000_000) {
            throw ValidationError("--rate \(rate): above 0, to 10000000")
        }
        if rate != nil, inFlight != nil {
            throw ValidationError("--rate and --in-flight: an open loop or a closed one, not both")
        }
        if let inFlightMax { try OptionRange.check("--in-flight-max", inFlightMax, 1...10_000_000) }
        if let inFlightMax, inFlightMax < generatorThreads {
            throw ValidationError(
                "--in-flight-max \(inFlightMax): at least --generator-threads, \(generatorThreads), one for each"
            )
        }
        try OptionRange.check("--k", k, 1...Int(Limits.standard.kMax))
        guard zipfExponent > 0, zipfExponent <= 10 else {
            throw ValidationError("--zipf-exponent \(zipfExponent): above 0, to 10")
        }
        try OptionRange.check("--pool", pool, 1...10_000_000)
        try OptionRange.check("--timeout-ms", timeoutMs, 1...Limits.standard.timeoutMillisecondsMax)
        guard warmUp >= 0, warmUp <= 3_600 else {
            throw ValidationError("--warm-up \(warmUp): 0 to 3600")
        }
        guard seconds > 0, seconds <= 86_400 else {
            throw ValidationError("--seconds \(seconds): above 0, to 86400")
        }
    }

    /// The kinds of requests and their shares. Throws for a malformed scenario file.
    func readScenario() throws -> Scenario {
        guard let scenario else { return Scenario(requests == .ping ? .ping : .user) }
        let read = try ScenarioReader.read(scenario)
        let results = read.queryCountMax * k
        guard results <= Int(Limits.standard.resultsPerRequestMax) else {
            throw ValidationError(
                "--k \(k) and batches of \(read.queryCountMax) in \(scenario): \(results) results of a "
                    + "request, at most \(Limits.standard.resultsPerRequestMax)")
        }
        return read
    }

    var loop: LoadLoop {
        if let rate { open(rate: rate) } else { .closed(inFlight: connections * (inFlight ?? 1)) }
    }

    /// An open loop at a rate, with the other options as given.
    func open(rate: Double) -> LoadLoop {
        .open(
            rate: rate, law: arrivals, seed: seed,
            inFlightMax: inFlightMax ?? min(8_192, connections * LoadConnection.inFlightMax))
    }
}

extension Arrivals.Law: ExpressibleByArgument {}
extension IDSampler.Law: ExpressibleByArgument {}
