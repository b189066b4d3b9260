// Loops that reach a machine's limits (bench_events.h: how a load waits). Plain C without state, for any thread.
#ifndef BENCH_PROBES_H
#define BENCH_PROBES_H

#include <stddef.h>
#include <stdint.h>

// Reads `byte_count` bytes from a 64-byte aligned address and returns the sum of their 64-bit words, so that no read
// can be optimised away. Reads alternate between `stream_count` equal stretches, a kibibyte of each at a time, since
// one stream does not saturate every memory. byte_count is a multiple of 1,024 * stream_count.
uint64_t bench_read(const void *bytes, size_t byte_count, size_t stream_count);

// Width of bench_read's loads on this CPU: 16, 32 or 64 bytes.
size_t bench_read_width(void);

// Tells the CPU that the thread spins.
static inline void bench_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
