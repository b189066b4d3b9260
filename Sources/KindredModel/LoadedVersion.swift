import KindredDomain

/// One version of a model in memory, fully checked.
package struct LoadedVersion: Sendable {
    package let name: ModelName
    package let version: UInt64
    /// The folder it was read from.
    package let directory: String
    package let manifest: Manifest
    /// Nil where the model has users alone.
    package let items: VectorTable?
    /// Nil where the model has items alone.
    package let users: VectorTable?
    /// The catalog's path, where the version has one; its size and checksum were right when it was read.
    package let catalogPath: String?

    package init(
        name: ModelName, version: UInt64, directory: String, manifest: Manifest, items: VectorTable?,
        users: VectorTable?, catalogPath: String?
    ) {
        self.name = name
        self.version = version
        self.directory = directory
        self.manifest = manifest
        self.items = items
        self.users = users
        self.catalogPath = catalogPath
    }

    /// The vectors of one side, where the model has it.
    package func table(_ side: Side) -> VectorTable? {
        switch side {
        case .items: items
        case .users: users
        }
    }
}
