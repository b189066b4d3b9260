#include "kernel_table.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <string.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c(uint32_t crc, const void *bytes, size_t byte_count) {
    const unsigned char *next = bytes;
    uint64_t value = ~crc;
    for (; byte_count >= 8; byte_count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        value = _mm_crc32_u64(value, word);
    }
    for (; byte_count > 0; byte_count--, next++) value = _mm_crc32_u8((uint32_t)value, *next);
    return ~(uint32_t)value;
}

void kindred_use_sse42(kindred_kernel_table *table) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("sse4.2")) return;
    table->crc32c = crc32c;
}
#else
void kindred_use_sse42(kindred_kernel_table *table) { (void)table; }
#endif
