import Glibc

#if DEBUG
    /// True in a build for speed, where the numeric suites run at full size.
    package let isOptimised = false
#else
    /// True in a build for speed, where the numeric suites run at full size.
    package let isOptimised = true
#endif

/// The factor for time limits in tests: 10 in a program with a sanitizer, whose checks slow every memory access, and 1
/// in any other.
package let patience: Int = {
    let runtimes = ["__asan_init", "__tsan_init"]
    // Without a library to look in, dlsym looks in the program and everything that it has loaded.
    return runtimes.contains { dlsym(nil, $0) != nil } ? 10 : 1
}()
