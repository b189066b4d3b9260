import Glibc
import KindredDomain
import KindredQuery

/// Finds the serving generation of a model by the bytes of the model's name. A look-up allocates nothing.
package struct ModelIndex {
    /// The names, ascending by their bytes, one after the other.
    private var names: [UInt8] = []
    /// Where each name ends.
    private var ends: [Int] = []
    private var entries: [GenerationTable.Entry] = []
    private var defaultModel: Int?

    package init(_ table: GenerationTable) {
        for (name, entry) in table.models.sorted(by: { $0.key < $1.key }) {
            if name == table.defaultModel { defaultModel = entries.count }
            names += name.description.utf8
            ends.append(names.count)
            entries.append(entry)
        }
    }

    /// The generation that serves a model (nil: the default one) and version (0: the active one). Nil where none does.
    package func generation(model name: UnsafeRawBufferPointer?, version: UInt64) -> Generation? {
        let found: Int?
        if let name { found = index(of: name) } else { found = defaultModel }
        return found.flatMap { entries[$0].generation(version: version) }
    }

    private func index(of name: UnsafeRawBufferPointer) -> Int? {
        var low = 0
        var high = ends.count
        while low < high {
            let middle = (low + high) / 2
            let order = compare(name, middle)
            if order == 0 { return middle }
            if order < 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    /// Below 0, 0 or above 0: how a name compares with one of the index.
    private func compare(_ name: UnsafeRawBufferPointer, _ index: Int) -> Int {
        let start = index == 0 ? 0 : ends[index - 1]
        let count = ends[index] - start
        // A name of no bytes is a prefix of every other one.
        guard let bytes = name.baseAddress, count > 0 else { return name.count - count }
        let order = names.withUnsafeBytes { memcmp(bytes, $0.baseAddress! + start, min(name.count, count)) }
        return order == 0 ? name.count - count : Int(order)
    }
}
