// Shows ThreadSanitizer the slow paths of Swift's Mutex. Loaded into a test process with LD_PRELOAD.
//
// The fast paths of a Mutex are inlined into its users, and so instrumented with them. A thread that has to wait calls
// the Synchronization library, which no sanitizer has instrumented: without these functions, what one thread writes
// under a contended lock and the next one reads looks like a race. They call the library's own functions, and tell
// ThreadSanitizer of the order that the lock makes: a thread that has locked comes after the one that has unlocked.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Of ThreadSanitizer's runtime, which is part of the instrumented program. Other programs, such as a shell, lack it.
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

#define SWIFT_CALL __attribute__((swiftcall))
#define SWIFT_SELF __attribute__((swift_context))

// Synchronization._MutexHandle._lockSlow(UInt32), ._tryLockSlow() and ._unlockSlow(), as Swift names them.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT_CALL void lock_function(uint32_t thread, SWIFT_SELF void *handle);
typedef SWIFT_CALL bool try_lock_function(SWIFT_SELF void *handle);
typedef SWIFT_CALL void unlock_function(SWIFT_SELF void *handle);

SWIFT_CALL void swift_lock_slow(uint32_t thread, SWIFT_SELF void *handle) __asm__(LOCK_SLOW);
SWIFT_CALL bool swift_try_lock_slow(SWIFT_SELF void *handle) __asm__(TRY_LOCK_SLOW);
SWIFT_CALL void swift_unlock_slow(SWIFT_SELF void *handle) __asm__(UNLOCK_SLOW);

static void *function_of_library(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) {
        fprintf(stderr, "the Synchronization library has no %s: this toolchain needs another swift_mutex.c\n", name);
        abort();
    }
    return function;
}

SWIFT_CALL void swift_lock_slow(uint32_t thread, SWIFT_SELF void *handle) {
    ((lock_function *)function_of_library(LOCK_SLOW))(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

SWIFT_CALL bool swift_try_lock_slow(SWIFT_SELF void *handle) {
    bool is_locked = ((try_lock_function *)function_of_library(TRY_LOCK_SLOW))(handle);
    if (is_locked && __tsan_acquire) __tsan_acquire(handle);
    return is_locked;
}

SWIFT_CALL void swift_unlock_slow(SWIFT_SELF void *handle) {
    if (__tsan_release) __tsan_release(handle);
    ((unlock_function *)function_of_library(UNLOCK_SLOW))(handle);
}
