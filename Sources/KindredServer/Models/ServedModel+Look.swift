import KindredDomain
import KindredModel
import KindredQuery
import KindredSystem
import NIOCore

extension ServedModel {
    /// A loaded version whose files on disk were replaced by those of another packing.
    package struct Replacement {
        package let version: UInt64
        package let reason: String
    }

    /// Looks at the model's folder. Loaded generations stay as they are. `manifestsLeft`: how many manifests of
    /// versions that are not loaded may still be read. Returns the versions that are found replaced for the first
    /// time.
    package mutating func look(in repository: Repository, manifestsLeft: inout Int) -> [Replacement] {
        let found: [Repository.VersionOnDisk]
        do throws(FileFailure) {
            found = try repository.look(at: name)
            folderFailure = nil
            isFolderGone = false
        } catch {
            if !isFolderGone { folderFailure = "\(error)" }
            return []
        }
        onDisk = found.map(\.version)
        let present = Set(onDisk)
        refusals = refusals.filter { present.contains($0.key) }
        manifests = manifests.filter { present.contains($0.key) && generations[$0.key] == nil }
        for (version, refusal) in refusals where generations[version] == nil && !refusal.isStale {
            if repository.changeStamp(of: name, version: version) != refusal.stamp {
                refusals[version]?.isStale = true
            }
        }
        // The newest first: they are asked for most.
        for version in found.reversed() where manifestsLeft > 0 && generations[version.version] == nil {
            guard let stamp = version.manifest, manifests[version.version]?.stamp != stamp else { continue }
            manifestsLeft -= 1
            let manifest = try? Manifest.read(
                directory: repository.directory(of: name, version: version.version))
            manifests[version.version] = (stamp, manifest.map(VersionDetails.init(_:)) ?? VersionDetails())
        }
        return replacements(in: repository, present: present)
    }

    /// The repository does not have the folder any more.
    package mutating func folderIsGone() {
        isFolderGone = true
        folderFailure = nil
        onDisk = []
        refusals = [:]
        manifests = [:]
        // Versions that come back are compared with the generations.
        stamps = [:]
    }

    private mutating func replacements(in repository: Repository, present: Set<UInt64>) -> [Replacement] {
        var replacements: [Replacement] = []
        for (version, generation) in generations {
            guard present.contains(version) else {
                // A version that comes back under this number is compared with the generation.
                stamps[version] = nil
                continue
            }
            let stamp = repository.changeStamp(of: name, version: version)
            guard stamp != stamps[version],
                let manifest = try? Manifest.read(
                    directory: repository.directory(of: name, version: version))
            else { continue }
            stamps[version] = stamp
            let before = refusals.removeValue(forKey: version)
            if manifest.fingerprint == generation.fingerprint { continue }
            let reason =
                "the files on disk were replaced (fingerprint \(manifest.fingerprintText), loaded "
                + "\(HexText.encode(generation.fingerprint))): publish a new version instead"
            refusals[version] = Refusal(stamp: stamp, reason: reason, retryAt: .distantFuture)
            if before?.reason != reason { replacements.append(Replacement(version: version, reason: reason)) }
        }
        return replacements
    }
}

extension VersionDetails {
    init(_ manifest: Manifest) {
        self.init()
        dimension = UInt32(clamping: manifest.dimension)
        itemCount = manifest.items?.count ?? 0
        userCount = manifest.users?.count ?? 0
        itemColumns = manifest.items?.columns ?? []
        userColumns = manifest.users?.columns ?? []
    }
}
