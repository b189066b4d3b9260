import KindredDomain
import KindredWire

/// The reply to MODEL_LIST, encoded once for all requests: event loops only send it.
package final class ModelList: Sendable {
    private struct Entry: Sendable {
        let status: ModelStatus
        let body: EncodedBody
    }

    /// In ascending order of names.
    package let models: [ModelStatus]
    private let remark: String
    private let whole: EncodedBody
    private let entries: [ModelName: Entry]
    private let bodyBytesMax: UInt32
    private let known: NameList

    /// Encodes the list of `models`, and one of each model alone. The latter is taken from `last` where the model has
    /// not changed.
    package init(_ models: [ModelStatus], remark: String, bodyBytesMax: UInt32, after last: ModelList? = nil)
    {
        self.models = models
        self.remark = remark
        self.bodyBytesMax = bodyBytesMax
        whole = Self.body(of: models, remark: remark, bodyBytesMax: bodyBytesMax)
        var entries: [ModelName: Entry] = [:]
        entries.reserveCapacity(models.count)
        for status in models {
            if let known = last?.entries[status.name], known.status == status, last?.remark == remark {
                entries[status.name] = known
            } else {
                entries[status.name] = Entry(
                    status: status, body: Self.body(of: [status], remark: remark, bodyBytesMax: bodyBytesMax))
            }
        }
        self.entries = entries
        known = NameList(models: models.map(\.name))
    }

    /// Whether a list of these models would be equal to this one.
    package func isAlike(_ models: [ModelStatus], remark: String) -> Bool {
        self.remark == remark && self.models == models
    }

    /// The reply about one model; nil: about all. Throws UNKNOWN_MODEL, and LIMIT_EXCEEDED where the reply is longer
    /// than a body may be.
    package func reply(_ model: ModelName?) throws(RequestFailure) -> EncodedBody {
        var body = whole
        if let model {
            guard let entry = entries[model] else {
                throw .unknownModel(model.description, known: known)
            }
            body = entry.body
        }
        guard body.bytes.count <= Int(bodyBytesMax) else {
            throw .limitExceeded(
                .modelListBytes, found: UInt64(body.bytes.count), limit: UInt64(bodyBytesMax))
        }
        return body
    }

    /// The details of versions are left out where the body would be too long with them.
    private static func body(of models: [ModelStatus], remark: String, bodyBytesMax: UInt32) -> EncodedBody {
        let body = EncodedBody(ModelListResponse(models: models, remark: remark))
        if body.bytes.count <= Int(bodyBytesMax) { return body }
        let short = models.map { status in
            var status = status
            for index in status.available.indices { status.available[index].details = VersionDetails() }
            return status
        }
        return EncodedBody(ModelListResponse(models: short, remark: remark))
    }
}
