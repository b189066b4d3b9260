import KindredDomain
import Synchronization

/// The groups of one side's columns, each built when a request first caps it, as many as the limits allow. Replicas of
/// the side share one.
///
/// One request builds the groups of a column while the others that cap it look again.
package final class GroupColumns: Sendable {
    /// The right to build the groups of a column and to keep them. Ends with this object, so that a building that is
    /// given up holds up no other request.
    final class Claim: Sendable {
        private let name: String
        private let columns: GroupColumns

        fileprivate init(_ name: String, _ columns: GroupColumns) {
            self.name = name
            self.columns = columns
        }

        deinit { columns.endClaim(name) }

        /// Keeps the groups of the column.
        func keep(_ column: GroupColumn) { columns.keep(column, named: name) }
    }

    enum Lookup {
        case found(GroupColumn)
        /// Another request builds the groups. A later look finds them, or gives the claim.
        case busy
        /// The caller builds the groups.
        case missing(Claim)
    }

    private struct State {
        /// The column that was used last comes last.
        var columns: [(name: String, column: GroupColumn)] = []
        /// The columns whose groups are being built.
        var claims: [String] = []

        mutating func use(_ name: String) -> GroupColumn? {
            guard let place = columns.firstIndex(where: { areSame($0.name, name) }) else { return nil }
            let found = columns[place]
            if place < columns.count - 1 {
                columns.remove(at: place)
                columns.append(found)
            }
            return found.column
        }

        mutating func claim(_ name: String) -> Bool {
            guard !claims.contains(where: { areSame($0, name) }) else { return false }
            claims.append(name)
            return true
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// The groups of a column that are built; nil, without a claim, where they are not.
    package func peek(_ name: String) -> GroupColumn? { state.withLock { $0.use(name) } }

    /// Looks for the groups of a column.
    func find(_ name: String) -> Lookup {
        state.withLock { state in
            if let known = state.use(name) { return .found(known) }
            return state.claim(name) ? .missing(Claim(name, self)) : .busy
        }
    }

    /// Columns whose groups are kept.
    package var count: Int { state.withLock { $0.columns.count } }

    private func keep(_ column: GroupColumn, named name: String) {
        // Freed after the lock.
        var gone: GroupColumn?
        defer { _ = gone }
        state.withLock { state in
            if state.columns.count >= Limits.groupColumnsKeptMax { gone = state.columns.removeFirst().column }
            state.columns.append((name, column))
        }
    }

    private func endClaim(_ name: String) {
        state.withLock { state in state.claims.removeAll { areSame($0, name) } }
    }

    /// Begins to build the groups of a column or of a table of values, for all rows of a side; nil where its catalog
    /// has none of that name.
    static func building(
        _ name: String, of catalog: CatalogColumns?, rowCount: Int
    ) -> GroupColumnBuilding? {
        guard let catalog else { return nil }
        if let column = catalog.column(named: name) {
            return GroupColumnBuilding(column, rowCount: rowCount)
        }
        guard let set = catalog.sets.first(where: { areSame($0.name, name) }) else { return nil }
        return GroupColumnBuilding(
            offsets: set.groups?.offsets ?? set.offsets, groups: set.groups?.codes ?? set.codes,
            count: set.values.count)
    }

    /// Bytes that building the groups of a column takes, at most; 0 where the catalog has none of that name.
    static func buildingByteCount(_ name: String, of catalog: CatalogColumns?, rowCount: Int) -> Int {
        guard let catalog else { return 0 }
        if let column = catalog.column(named: name) {
            if case .text(_, let dictionary) = column.values {
                return GroupColumnBuilding.byteCount(
                    rowCount: rowCount, valueCount: rowCount, groupCount: dictionary.count, numbered: 0)
            }
            return GroupColumnBuilding.byteCount(
                rowCount: rowCount, valueCount: rowCount, groupCount: rowCount, numbered: rowCount)
        }
        guard let set = catalog.sets.first(where: { areSame($0.name, name) }) else { return 0 }
        return GroupColumnBuilding.byteCount(
            rowCount: rowCount, valueCount: set.codes.count, groupCount: set.values.count, numbered: 0)
    }
}

/// As bytes: names that Unicode takes for the same are two columns.
private func areSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
