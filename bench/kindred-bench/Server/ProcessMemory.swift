import Foundation
import Glibc

/// The resident memory of a process, in bytes, as the kernel reports it.
struct ProcessMemory: Sendable {
    let processID: Int32

    /// Current resident memory.
    func resident() throws -> Int { try field("VmRSS:") }

    /// Peak resident memory since `resetPeak`.
    func peak() throws -> Int { try field("VmHWM:") }

    /// Resets the peak to the current value.
    func resetPeak() throws {
        let path = "/proc/\(processID)/clear_refs"
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw BenchFailure.system(call: "open", path: path, code: errno)
        }
        // 5 resets the high-water mark (proc(5)).
        try handle.write(contentsOf: Data("5\n".utf8))
        try handle.close()
    }

    private func field(_ name: String) throws -> Int {
        let path = "/proc/\(processID)/status"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        guard
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap(
                { Int($0) })
        else { throw BenchFailure.memoryUnreadable(path: path, found: String(line)) }
        return kilobytes * 1_024
    }
}
