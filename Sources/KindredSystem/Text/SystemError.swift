import Glibc

/// The words of the system's error numbers.
package enum SystemError {
    /// What an errno value means. Thread-safe: glibc's `strerror` keeps its buffer per thread.
    package static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
