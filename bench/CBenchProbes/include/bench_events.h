// System calls, missing in Swift's Glibc module, for a thread that waits for many sockets with a time limit.
#ifndef BENCH_EVENTS_H
#define BENCH_EVENTS_H

#include <linux/sched/types.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The shortest time slice that Linux accepts, in nanoseconds.
enum { BENCH_SLICE = 100000 };

// Makes the calling thread wake on time. The timer slack is set to its minimum, so that waits are not prolonged. A
// short time slice (Linux 6.12 and later) lets the thread run as soon as it wakes, for the same share of the processor.
// Failures are ignored.
static inline void bench_wake_exactly(void) {
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    struct sched_attr attributes = {.size = sizeof attributes};
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
    attributes.sched_runtime = BENCH_SLICE;
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

#endif
