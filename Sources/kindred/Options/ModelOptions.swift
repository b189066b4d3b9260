import ArgumentParser
import KindredClient
import KindredDomain

/// Options for the model and version to ask.
struct ModelOptions: ParsableArguments {
    @Option(help: "The model. Default: the server's.", transform: ParsedValue.modelName("--model"))
    var model: ParsedValue<ModelName>?
    @Option(
        parsing: .unconditional, help: "The version that must answer. Default: whatever serves.",
        transform: NumberText.version)
    var version: UInt64?

    func validate() throws { _ = try model?.value }

    var call: CallOptions {
        get throws { CallOptions(model: try model?.value, version: version ?? 0) }
    }
}

/// A side of a model as an option's value. `Side` itself cannot be used: the parser shows defaults by their raw value,
/// and that of `Side` is its code on the wire.
enum SideOption: String, ExpressibleByArgument, CaseIterable {
    case items
    case users

    var side: Side {
        switch self {
        case .items: .items
        case .users: .users
        }
    }
}

/// A similarity as an option's value; apart from `Similarity` for the same reason.
enum SimilarityOption: String, ExpressibleByArgument, CaseIterable {
    case dot
    case cosine

    var similarity: Similarity {
        switch self {
        case .dot: .dot
        case .cosine: .cosine
        }
    }
}

extension ScanMode: ExpressibleByArgument {}
