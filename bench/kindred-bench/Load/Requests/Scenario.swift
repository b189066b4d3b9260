/// The mix of requests of a load.
struct Scenario: Sendable {
    struct Part: Sendable {
        let form: RequestForm
        /// Share of all requests, above 0. The shares sum to 1.
        let share: Double
    }

    let parts: [Part]

    /// A scenario with requests of one form.
    init(_ form: RequestForm) { parts = [Part(form: form, share: 1)] }

    /// `parts` is not empty.
    init(parts: [Part]) { self.parts = parts }

    /// Number of queries of the largest batch; 1 without batches.
    var queryCountMax: Int { parts.map(\.form.queryCount).max() ?? 1 }

    /// Whether any request has rules, so that a drawn model needs attributes.
    var hasRules: Bool { parts.contains { if case .ruled = $0.form { true } else { false } } }

    /// Draws the form of a request according to the shares.
    func form(using source: inout RandomSource) -> RequestForm {
        var left = Double.random(in: 0..<1, using: &source)
        for part in parts {
            left -= part.share
            if left < 0 { return part.form }
        }
        return parts[parts.count - 1].form
    }

    var text: String {
        parts.count == 1
            ? parts[0].form.text : parts.map { "\($0.share.percent) \($0.form.text)" }.joined(separator: ", ")
    }
}
