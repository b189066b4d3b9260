#include "bench_probes.h"

// One kibibyte per stream and turn: long enough to hide the loop's cost, short enough to keep all streams in flight.
enum { TURN = 1024, SUMS = 8 };

typedef uint64_t words16 __attribute__((vector_size(16)));
typedef uint64_t words32 __attribute__((vector_size(32)));
typedef uint64_t words64 __attribute__((vector_size(64)));

// The same loop for each load width. Eight sums keep additions independent.
#define DEFINE_READ(name, words, attribute)                                                                \
    attribute static uint64_t name(const char *bytes, size_t byte_count, size_t stream_count) {            \
        words sums[SUMS] = {{0}};                                                                          \
        size_t stretch = byte_count / stream_count;                                                        \
        for (size_t offset = 0; offset < stretch; offset += TURN) {                                        \
            for (size_t stream = 0; stream < stream_count; stream++) {                                     \
                const char *turn = bytes + stream * stretch + offset;                                      \
                for (size_t step = 0; step < TURN; step += sizeof(words) * SUMS)                           \
                    for (size_t sum = 0; sum < SUMS; sum++)                                                \
                        sums[sum] += *(const words *)(turn + step + sum * sizeof(words));                  \
            }                                                                                              \
        }                                                                                                  \
        uint64_t total = 0;                                                                                \
        for (size_t sum = 0; sum < SUMS; sum++)                                                            \
            for (size_t word = 0; word < sizeof(words) / sizeof(uint64_t); word++) total += sums[sum][word];\
        return total;                                                                                      \
    }

DEFINE_READ(read16, words16, )

#if defined(__x86_64__)
DEFINE_READ(read32, words32, __attribute__((target("avx2"))))
DEFINE_READ(read64, words64, __attribute__((target("avx512f"))))
#endif

size_t bench_read_width(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return 64;
    if (__builtin_cpu_supports("avx2")) return 32;
#endif
    return 16;
}

uint64_t bench_read(const void *bytes, size_t byte_count, size_t stream_count) {
#if defined(__x86_64__)
    size_t width = bench_read_width();
    if (width == 64) return read64(bytes, byte_count, stream_count);
    if (width == 32) return read32(bytes, byte_count, stream_count);
#endif
    return read16(bytes, byte_count, stream_count);
}
