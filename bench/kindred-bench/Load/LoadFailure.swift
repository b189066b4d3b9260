import KindredDomain
import KindredTerminal

/// Failures that keep a load from running.
enum LoadFailure: Error, CustomStringConvertible {
    /// The requests need ids of a side that the model does not have, or the server has no model.
    case idsMissing(side: Side, wanted: String)
    case idsUnreadable(path: String, line: Int, found: String, wanted: String)
    case modelMissing(asked: String?, served: [String])
    case versionMissing(model: String, version: UInt64, models: String, found: [UInt64])
    case tooFewVersions(model: String, models: String, found: [UInt64])
    case portUnknown(String)
    case requestTooLarge(form: String, byteCount: Int)
    case nothingAnswered(loop: String, seconds: Double, failures: [String])

    var description: String {
        switch self {
        case .idsMissing(let side, let wanted): "the requests need ids of \(side): \(wanted)"
        case .idsUnreadable(let path, let line, let found, let wanted):
            "\(path): line \(line) is \(found), wanted \(wanted)"
        case .modelMissing(let asked?, let served):
            "--model \(asked): the server has "
                + (served.isEmpty ? "no models" : served.joined(separator: ", "))
        case .modelMissing(nil, let served):
            served.isEmpty
                ? "the server has no model, wanted one to ask"
                : "the server has no default model: with --model name one of "
                    + served.joined(separator: ", ")
        case .versionMissing(let model, let version, let models, let found):
            "the server answers from version \(version) of \(model), and --models \(models) has \(found): "
                + "wanted the folder that it serves"
        case .tooFewVersions(let model, let models, let found):
            "--swap-every: --models \(models) has the versions \(found) of \(model), wanted at least two"
        case .requestTooLarge(let form, let byteCount):
            "\(form): a request of \(byteCount) bytes, wanted at most \(Limits.standard.bodyBytesMax): name "
                + "fewer ids"
        case .nothingAnswered(let loop, let seconds, let failures):
            "\(loop): no request was answered within \(seconds.fixed(1)) s, wanted some to find the capacity: "
                + (failures.isEmpty ? "none failed either" : failures.joined(separator: "; "))
        case .portUnknown(let text): "--endpoint \(text): wanted HOST:PORT with an IPv4 address"
        }
    }
}
