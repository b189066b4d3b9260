import ArgumentParser
import Foundation
import KindredDomain

/// `SIDE=FILE`: a file with one id of a side per line.
struct IDsFile: ExpressibleByArgument, Sendable {
    let side: Side
    let path: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="),
            let side = Side.allCases.first(where: { $0.description == argument[..<equals] })
        else { return nil }
        let path = String(argument[argument.index(after: equals)...])
        guard !path.isEmpty else { return nil }
        self.side = side
        self.path = path
    }

    /// The ids: numbers where the model has numbers, otherwise the bytes of the lines. Empty lines at the end are
    /// ignored.
    func read(_ kind: IDKind?) throws -> IDList {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw LoadFailure.idsUnreadable(path: path, line: 1, found: "unreadable", wanted: "a file of ids")
        }
        var ids: [ExternalID] = []
        var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        for (index, line) in lines.enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard (1...Int(Limits.standard.idBytesMax)).contains(line.count) else {
                throw LoadFailure.idsUnreadable(
                    path: path, line: index + 1, found: "\(line.count) bytes",
                    wanted: "an id of 1 to \(Limits.standard.idBytesMax)")
            }
            if kind == .number {
                guard let number = ExternalID.plainDecimal(line) else {
                    throw LoadFailure.idsUnreadable(
                        path: path, line: index + 1, found: "\"\(String(decoding: line, as: UTF8.self))\"",
                        wanted: "a number, as the model's \(side) have")
                }
                ids.append(.number(number))
            } else {
                ids.append(.text(Array(line)))
            }
        }
        return IDList(ids)
    }
}
