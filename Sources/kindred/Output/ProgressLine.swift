import Glibc
import KindredModel
import KindredPack

/// One line on a terminal that says how far a pack is; nothing where standard error is no terminal.
final class ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shown = ""

    func show(_ progress: PackProgress) {
        guard isTerminal else { return }
        let text =
            switch progress {
            case .reading(let side, let rows): "reading \(rows.groupedDigits) \(side)"
            case .sorting(let side, let rows): "sorting \(rows.groupedDigits) \(side)"
            case .writing(let side, let done, let rows): "writing \(side): \(done * 100 / max(rows, 1)) %"
            case .coding(let side, let done, let rows): "coding \(side): \(done * 100 / max(rows, 1)) %"
            case .copyingCatalog: "copying the catalog"
            case .checking: "checking what was written"
            case .publishing: "publishing"
            }
        guard text != shown else { return }
        shown = text
        write("\r\u{1B}[K" + text)
    }

    /// Leaves the line empty.
    func clear() {
        guard isTerminal, !shown.isEmpty else { return }
        shown = ""
        write("\r\u{1B}[K")
    }

    private func write(_ text: String) {
        // The line is lost where the terminal is gone; the pack is not.
        _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
    }
}
