import ArgumentParser
import Glibc
import KindredClient
import KindredDomain

/// Options for the server under load and its model.
struct LoadTargetOptions: ParsableArguments {
    @Option(help: "A server that runs already, as IPV4:PORT.")
    var endpoint: String?
    @Option(help: "The kindred binary: a server is started on --models, or on a drawn model of --rows.")
    var kindred: String?
    @Option(help: "The folder of all models that is served, where the ids come from; it is only read.")
    var models: String?
    @Option(help: "The model to ask. Default: the server's.")
    var model: String?
    @Option(
        help: ArgumentHelp(
            "A file with one id of that side in each line, where the served folder is out of reach.",
            valueName: "side=file"))
    var idsFile: [IDsFile] = []
    @Option(help: "Draw, pack and serve a model of so many items.")
    var rows: Int?
    @Option(help: "Elements of each drawn vector.")
    var dimension = 64
    @Option(help: "Kind of drawn vectors: flat, skewed or shipped.")
    var data = VectorKind.flat
    @Option(help: "The folder of the version that \"shipped\" vectors are drawn like.")
    var shipped = "models/online-retail/2"
    @Option(help: "Threads of a server that is started. Default: one per core.")
    var threads: Int?
    @Option(
        parsing: .unconditional,
        help: """
            Mebibytes of answers that each event loop of a server that is started keeps for the same requests. \
            Default: 0, every answer is computed.
            """)
    var answerCacheMib: Int?

    func validate() throws {
        if let endpoint {
            var address = in_addr()
            guard let parsed = Endpoint(endpoint), inet_pton(AF_INET, parsed.host, &address) == 1 else {
                throw ValidationError("--endpoint \(endpoint): IPV4:PORT, such as 127.0.0.1:7411")
            }
        }
        if let model, ModelName(model) == nil {
            throw ValidationError("--model \(model): a model's name has the form \(ModelName.rule)")
        }
        if let rows { try OptionRange.check("--rows", rows, 1...100_000_000) }
        try OptionRange.check("--dimension", dimension, 1...4_096)
        if let threads { try OptionRange.check("--threads", threads, 1...1_024) }
        if let answerCacheMib {
            try OptionRange.check("--answer-cache-mib", answerCacheMib, 0...Limits.answerCacheMebibytesMax)
        }
    }

    /// Throws unless exactly one server is named, and exactly one source of models for a started one.
    func checkServer() throws {
        guard (endpoint == nil) != (kindred == nil) else {
            throw ValidationError("--endpoint IPV4:PORT or --kindred BINARY: one of the two")
        }
        if endpoint != nil, rows != nil || threads != nil || answerCacheMib != nil {
            throw ValidationError(
                "--rows, --threads and --answer-cache-mib: with --kindred alone, not with --endpoint")
        }
        if kindred != nil, (models == nil) == (rows == nil) {
            throw ValidationError("--kindred: with --models DIR or with --rows N")
        }
    }
}
