import Foundation
import Glibc

/// What the kernel says of a process's resident memory, in bytes.
struct ProcessMemory: Sendable {
    let processID: Int32

    /// Resident now.
    func resident() throws -> Int { try field("VmRSS:") }

    /// The most that was resident since `resetPeak`.
    func peak() throws -> Int { try field("VmHWM:") }

    /// Makes the peak what is resident now.
    func resetPeak() throws {
        let path = "/proc/\(processID)/clear_refs"
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw BenchFailure.system(call: "open", path: path, code: errno)
        }
        // 5: the high-water mark alone (proc(5)).
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
