// What a thread needs that waits for many sockets and for the time: system calls that Swift's Glibc does not name.
#ifndef BENCH_EVENTS_H
#define BENCH_EVENTS_H

#include <sys/epoll.h>
#include <sys/prctl.h>

// Has the kernel end the calling thread's waits when they are due, not up to 50 us later so as to wake less often.
// Returns 0, or -1 with errno set.
static inline int bench_wake_exactly(void) { return prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

#endif
