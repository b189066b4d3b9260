// CRC-32C with the instruction of SSE 4.2.
#include "../kernel_table.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <string.h>

// The instruction has a latency of three cycles and a throughput of one a cycle, so three stretches are summed in
// parallel.
enum { STRETCH = 4096 };

// shift_tables[i][b]: the contribution of the value b in byte i of a sum to the sum after STRETCH more bytes of zeros.
// A CRC is linear, so the contributions of the four bytes are added (xor).
static uint32_t shift_tables[4][256];

static inline uint32_t shifted(uint64_t sum) {
    return shift_tables[0][sum & 255] ^ shift_tables[1][sum >> 8 & 255] ^ shift_tables[2][sum >> 16 & 255] ^
           shift_tables[3][sum >> 24 & 255];
}

__attribute__((target("sse4.2"))) static void fill_shift_tables(void) {
    for (int place = 0; place < 4; place++)
        for (int bit = 0; bit < 8; bit++) {
            uint64_t sum = (uint64_t)1 << (8 * place + bit);
            for (int i = 0; i < STRETCH; i += 8) sum = _mm_crc32_u64(sum, 0);
            for (uint32_t byte = 0; byte < 256; byte++)
                if (byte >> bit & 1) shift_tables[place][byte] ^= (uint32_t)sum;
        }
}

static inline uint64_t word_at(const unsigned char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t crc32c(uint32_t crc, const void *bytes, size_t byte_count) {
    const unsigned char *next = bytes;
    uint64_t value = ~crc;
    for (; byte_count >= 3 * STRETCH; byte_count -= 3 * STRETCH, next += 3 * STRETCH) {
        uint64_t second = 0, third = 0;
        for (size_t i = 0; i < STRETCH; i += 8) {
            value = _mm_crc32_u64(value, word_at(next + i));
            second = _mm_crc32_u64(second, word_at(next + STRETCH + i));
            third = _mm_crc32_u64(third, word_at(next + 2 * STRETCH + i));
        }
        value = shifted(shifted(value) ^ second) ^ third;
    }
    for (; byte_count >= 8; byte_count -= 8, next += 8) value = _mm_crc32_u64(value, word_at(next));
    for (; byte_count > 0; byte_count--, next++) value = _mm_crc32_u8((uint32_t)value, *next);
    return ~(uint32_t)value;
}

void kindred_use_sse42(kindred_kernel_table *table) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("sse4.2")) return;
    fill_shift_tables();
    table->crc32c = crc32c;
}
#else
void kindred_use_sse42(kindred_kernel_table *table) { (void)table; }
#endif
