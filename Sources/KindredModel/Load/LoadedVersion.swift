import KindredDomain
import KindredSystem

/// One version of a model in memory, completely checked.
package struct LoadedVersion: Sendable {
    package let name: ModelName
    package let version: UInt64
    /// The folder it was read from.
    package let directory: String
    package let manifest: Manifest
    /// Nil if the model has only users.
    package let items: VectorTable?
    /// Nil if the model has only items.
    package let users: VectorTable?
    /// The codes of `items`; nil exactly if `items` is.
    package let itemCodes: Int8Codes?
    /// The codes of `users`; nil exactly if `users` is.
    package let userCodes: Int8Codes?
    /// The items that each user has seen; nil if the version does not say.
    package let seen: SeenPairs?
    /// Statistics of `users`; nil exactly if `users` is.
    package let statistics: PopulationStatistics?
    /// The sides whose codes were made at load time, with the reason.
    package let codesBuilt: [Side: BuildReason]
    /// Why the statistics were made at load time; nil where a file has them.
    package let statisticsBuilt: BuildReason?
    /// The catalog's path; nil without a catalog. The loader has checked the file's size and checksum.
    package let catalogPath: String?

    package init(
        name: ModelName, version: UInt64, directory: String, manifest: Manifest, items: VectorTable?,
        users: VectorTable?, itemCodes: Int8Codes?, userCodes: Int8Codes?, seen: SeenPairs? = nil,
        statistics: PopulationStatistics?, codesBuilt: [Side: BuildReason] = [:],
        statisticsBuilt: BuildReason? = nil, catalogPath: String?
    ) {
        precondition((items == nil) == (itemCodes == nil) && (users == nil) == (userCodes == nil))
        precondition(
            seen.map { $0.userCount == users?.count && $0.itemCount == items?.count } ?? true,
            "seen pairs of other users or items")
        precondition(
            statistics?.rowCount == users?.count && statistics?.layout.dimension == users?.dimension,
            "statistics of other users")
        self.name = name
        self.version = version
        self.directory = directory
        self.manifest = manifest
        self.items = items
        self.users = users
        self.itemCodes = itemCodes
        self.userCodes = userCodes
        self.seen = seen
        self.statistics = statistics
        self.codesBuilt = codesBuilt
        self.statisticsBuilt = statisticsBuilt
        self.catalogPath = catalogPath
    }

    /// A version of existing tables. Makes their codes and the statistics; throws without memory.
    package init(
        name: ModelName, version: UInt64, directory: String, manifest: Manifest, items: VectorTable?,
        users: VectorTable?, seen: SeenPairs? = nil, catalogPath: String?
    ) throws(FileFailure) {
        var built: [Side: BuildReason] = [:]
        if items != nil { built[.items] = .missing }
        if users != nil { built[.users] = .missing }
        let userCodes = try Self.codes(of: users)
        var statistics: PopulationStatistics?
        if let users, let userCodes { statistics = try PopulationStatistics(of: users, codes: userCodes) }
        self.init(
            name: name, version: version, directory: directory, manifest: manifest, items: items,
            users: users, itemCodes: try Self.codes(of: items), userCodes: userCodes, seen: seen,
            statistics: statistics, codesBuilt: built, statisticsBuilt: users.map { _ in .missing },
            catalogPath: catalogPath)
    }

    private static func codes(of table: VectorTable?) throws(FileFailure) -> Int8Codes? {
        guard let table else { return nil }
        return try Int8Codes(building: table)
    }

    /// The vectors of a side; nil if the model does not have it.
    package func table(_ side: Side) -> VectorTable? {
        switch side {
        case .items: items
        case .users: users
        }
    }

    /// The codes of a side; nil if the model does not have it.
    package func codes(_ side: Side) -> Int8Codes? {
        switch side {
        case .items: itemCodes
        case .users: userCodes
        }
    }
}
