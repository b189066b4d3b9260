import Foundation
import KindredClient
import KindredDomain
import KindredModel

/// The ids of the model under load. No request lists them, so they come from its folder or from files.
struct ServedIDs: Sendable {
    private var items: IDList?
    private var users: IDList?
    private var hasModelFolder = false

    /// None: enough for PING.
    init() {}

    subscript(side: Side) -> IDList? { side == .items ? items : users }

    /// Of versions in a repository: the ids that all of them have.
    init(models: String, model: ModelName, versions: [UInt64]) throws {
        let repository = Repository(root: models)
        let found = try repository.versions(of: model)
        for (number, version) in versions.enumerated() {
            guard found.contains(version) else {
                throw LoadFailure.versionMissing(
                    model: model.description, version: version, models: models, found: found)
            }
            let loaded = try VersionLoader(loading: .map).load(
                directory: repository.directory(of: model, version: version), expecting: model,
                version: version)
            items = Self.common(number == 0 ? nil : items ?? .empty, loaded.items?.ids)
            users = Self.common(number == 0 ? nil : users ?? .empty, loaded.users?.ids)
        }
        hasModelFolder = true
    }

    /// The ids of a table that are in `ids` too; nil: all of them.
    private static func common(_ ids: IDList?, _ table: IDTable?) -> IDList? {
        guard let table else { return nil }
        guard let ids else { return table.ids(ofRows: Array(0..<UInt32(table.count))) }
        return IDList(ids.ids.filter { table.row(of: $0) != nil })
    }

    /// Of files with an id in each line, numbers where the model's ids are.
    init(files: [IDsFile], of model: ModelDescription) throws {
        for file in files {
            let kind = file.side == .items ? model.itemIDKind : model.userIDKind
            let ids = try file.read(kind)
            switch file.side {
            case .items: items = ids
            case .users: users = ids
            }
        }
    }

    /// Where ids of a side that is missing would come from.
    func advice(_ side: Side) -> String {
        hasModelFolder
            ? "the model has none, or its versions share none; wanted a scenario without such requests"
            : "the protocol does not list them; name the served folder with --models DIR, or a file with "
                + "--ids-file \(side)=FILE"
    }
}
