// What a thread needs that waits for many sockets and for the time: system calls that Swift's Glibc does not name.
#ifndef BENCH_EVENTS_H
#define BENCH_EVENTS_H

#include <linux/sched/types.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The shortest slice that Linux takes, in nanoseconds.
enum { BENCH_SLICE = 100000 };

// Has the kernel end the calling thread's waits when they are due, not up to 50 us later so as to wake less often; and
// has the thread run as soon as it wakes, not after the slice of whoever has the processor, some 3 ms: since Linux 6.12
// a thread that asks for shorter slices is due sooner, with the same share of the processor. Both are wishes.
static inline void bench_wake_exactly(void) {
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    struct sched_attr attributes = {.size = sizeof attributes};
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
    attributes.sched_runtime = BENCH_SLICE;
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

#endif
