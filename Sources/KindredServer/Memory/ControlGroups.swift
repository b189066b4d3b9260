/// The memory bounds of the control groups that hold this process. Knows version 1 and version 2 of the interface.
struct ControlGroups {
    /// Reads a file of the system; nil where there is none.
    let readFile: @Sendable (String) -> String?

    /// A mounted hierarchy of control groups: the group that is mounted, the path, and whether it has version 2 of
    /// the interface.
    private struct Mount {
        let root: Substring
        let path: String
        let isUnified: Bool
    }

    /// The bounds, from the innermost group outward. Groups without a bound are left out.
    var bounds: [MemoryBound] {
        let mounts = mounts
        var bounds: [MemoryBound] = []
        for line in (readFile("/proc/self/cgroup") ?? "").split(separator: "\n") {
            // hierarchy:controllers:path
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isUnified = fields[0] == "0" && fields[1].isEmpty
            guard isUnified || fields[1].split(separator: ",").contains("memory"),
                let mount = mounts.first(where: { $0.isUnified == isUnified })
            else { continue }
            for folder in Self.folders(from: fields[2], in: mount) {
                if let bound = isUnified ? unified(folder) : classic(folder) { bounds.append(bound) }
            }
        }
        return bounds
    }

    /// The folders of a group and of the groups above it that are mounted.
    private static func folders(from group: Substring, in mount: Mount) -> [String] {
        var rest = group
        if mount.root != "/" {
            // In a container only its own group and those below are mounted, and the paths are those of the host.
            rest =
                group == mount.root || group.hasPrefix(mount.root + "/")
                ? group.dropFirst(mount.root.count) : ""
        }
        var parts = rest.split(separator: "/")
        // The group is not visible here: only the mounted one is known.
        if parts.contains("..") { parts = [] }
        return (0...parts.count).reversed().map { count in
            ([mount.path] + parts[..<count].map(String.init)).joined(separator: "/")
        }
    }

    private var mounts: [Mount] {
        (readFile("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { line in
            // id parent device root mount-point options ... - type source options
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 3, dash > 4 else { return nil }
            let isUnified = fields[dash + 1] == "cgroup2"
            guard
                isUnified
                    || (fields[dash + 1] == "cgroup"
                        && fields[dash + 3].split(separator: ",").contains("memory"))
            else { return nil }
            return Mount(root: fields[3], path: String(fields[4]), isUnified: isUnified)
        }
    }

    private func unified(_ folder: String) -> MemoryBound? {
        guard let byteCount = number(folder + "/memory.max"), let used = number(folder + "/memory.current")
        else { return nil }
        let pages = cached(folder, "active_file", "inactive_file")
        return MemoryBound(
            source: .controlGroup(folder), byteCount: byteCount, used: used - min(used, pages))
    }

    /// Version 1 writes a number above this where there is no bound.
    private static let classicByteCountMax: UInt64 = 1 << 60

    private func classic(_ folder: String) -> MemoryBound? {
        guard let byteCount = number(folder + "/memory.limit_in_bytes"), byteCount < Self.classicByteCountMax,
            let used = number(folder + "/memory.usage_in_bytes")
        else { return nil }
        let pages = cached(folder, "total_active_file", "total_inactive_file")
        return MemoryBound(
            source: .controlGroup(folder), byteCount: byteCount, used: used - min(used, pages))
    }

    /// Bytes of cached files. The system drops them when memory is needed, so they count as free.
    private func cached(_ folder: String, _ names: String...) -> UInt64 {
        var sum: UInt64 = 0
        for line in (readFile(folder + "/memory.stat") ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 2, names.contains(String(fields[0])), let count = UInt64(fields[1]) else {
                continue
            }
            sum = sum.addingReportingOverflow(count).overflow ? sum : sum + count
        }
        return sum
    }

    /// The number in a file; nil where the file has the text `max`.
    private func number(_ path: String) -> UInt64? {
        readFile(path).flatMap { $0.split(whereSeparator: \.isWhitespace).first }.flatMap { UInt64($0) }
    }
}
