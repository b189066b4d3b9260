import Foundation
import KindredClient
import KindredDomain
import KindredModel

/// The ids of the model under load. The protocol does not list them, so they come from its folder or from files.
struct ServedIDs: Sendable {
    private var items: IDList?
    private var users: IDList?
    private var hasModelFolder = false

    /// No ids, which suffices for PING.
    init() {}

    subscript(side: Side) -> IDList? { side == .items ? items : users }

    /// Reads the ids that all given versions in a repository have.
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

    /// The ids of a table that are also in `ids`; all of them for nil.
    private static func common(_ ids: IDList?, _ table: IDTable?) -> IDList? {
        guard let table else { return nil }
        guard let ids else { return table.ids(ofRows: Array(0..<UInt32(table.count))) }
        return IDList(ids.ids.filter { table.row(of: $0) != nil })
    }

    /// Reads files with one id per line, as numbers where the model has numbers.
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

    /// Advice where the ids of a side are missing.
    func advice(_ side: Side) -> String {
        hasModelFolder
            ? "the model has none, or its versions share none; wanted a scenario without such requests"
            : "the protocol does not list them; name the served folder with --models DIR, or a file with "
                + "--ids-file \(side)=FILE"
    }
}
