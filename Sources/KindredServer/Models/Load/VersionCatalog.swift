import KindredCatalog
import KindredDomain
import KindredModel
import KindredQuery
import KindredSystem

/// The catalog of a loaded version and what is made of it at every load, checked against the manifest.
package enum VersionCatalog {
    /// The attributes as `columns` gives them. Throws also where a server would refuse the version's popularity or its
    /// settings for folding in.
    package static func checked(
        _ version: LoadedVersion, shownAs shownPath: String? = nil
    ) throws -> [Side: CatalogColumns] {
        let catalogs = try columns(of: version, shownAs: shownPath)
        _ = try Popularity.of(version, catalog: catalogs[.items])
        _ = try foldInFactors(of: version)
        return catalogs
    }

    /// The tables of the catalog that are named as attributes of the model's sides and are not read. `shownAs` is that
    /// of `columns`.
    package static func unreadTables(
        of version: LoadedVersion, shownAs shownPath: String? = nil
    ) throws -> [UnreadTable] {
        guard let path = version.catalogPath else { return [] }
        let sides = [version.items, version.users].compactMap { $0?.side }
        return try UnreadTable.all(of: sides, path: path, shownAs: shownPath)
    }

    /// What folding in needs; nil where the version does not offer it. Throws where the items have no solution.
    static func foldInFactors(
        of version: LoadedVersion, with resources: LoadResources = .plain
    ) throws(FileFailure) -> FoldInFactors? {
        guard let items = version.items, let parameters = version.manifest.foldIn else { return nil }
        return try FoldInFactors(
            items: items, parameters: parameters, file: ModelFiles.manifest, with: resources)
    }

    /// The attributes of each side that the model and its catalog both have. Throws where the catalog's columns
    /// differ from those in the manifest, where the column for popularity is none of numbers, where the load is
    /// cancelled, and as `CatalogReader` does. `shownAs`: the path of the catalog that errors name in place of its own.
    package static func columns(
        of version: LoadedVersion, shownAs shownPath: String? = nil, with resources: LoadResources = .plain
    ) throws -> [Side: CatalogColumns] {
        var result: [Side: CatalogColumns] = [:]
        for table in [version.items, version.users].compactMap({ $0 }) {
            try resources.threads.checkCancellation()
            var found: CatalogColumns?
            if let path = version.catalogPath {
                found = try CatalogReader.readColumns(
                    path: path, shownAs: shownPath, side: table.side, rowCount: table.count,
                    budget: ReadBudget(cancellation: resources.threads.cancellation),
                    rowOf: table.ids.row(of:))
            }
            let names = found?.columns.map(\.name) ?? []
            let wanted = version.manifest.rows(table.side)?.columns ?? []
            guard names.count == wanted.count,
                zip(names, wanted).allSatisfy({ $0.utf8.elementsEqual($1.utf8) })
            else {
                throw FileFailure(
                    file: ModelFiles.manifest, field: "\(table.side).columns", found: "\(wanted)",
                    wanted: "\(names), as the catalog has")
            }
            result[table.side] = found
        }
        if let name = version.manifest.popularityColumn {
            _ = try Popularity.numbers(of: result[.items], named: name, file: shownPath ?? ModelFiles.catalog)
        }
        return result
    }
}
