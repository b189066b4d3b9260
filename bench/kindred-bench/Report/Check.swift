/// A promise to check, with the value found and whether it holds.
struct Check: Encodable {
    let name: String
    let found: String
    let wanted: String
    let holds: Bool

    init(_ name: String, found: String, wanted: String, holds: Bool) {
        self.name = name
        self.found = found
        self.wanted = wanted
        self.holds = holds
    }

    /// A check that a count is 0.
    init(none name: String, found: Int, example: String? = nil) {
        let text = found == 0 ? "0" : "\(found)" + (example.map { ", first: \($0)" } ?? "")
        self.init(name, found: text, wanted: "0", holds: found == 0)
    }

    var line: String {
        "\(holds ? "ok    " : "FAILED") \(name): \(found)" + (holds ? "" : ", wanted \(wanted)")
    }
}
