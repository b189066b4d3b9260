#include "kernel_table.h"

#include <stdlib.h>
#include <string.h>

static kindred_kernel_table chosen;

// Runs before main, so that no query pays for the choice and no lock guards it. KINDRED_ISA=portable keeps the
// portable kernels, for tests and measurements.
__attribute__((constructor)) static void choose_kernels(void) {
    chosen = kindred_portable_kernels;
    const char *wanted = getenv("KINDRED_ISA");
    if (wanted != NULL && strcmp(wanted, "portable") == 0) return;
    kindred_use_sse42(&chosen);
    kindred_use_avx2(&chosen);
}

double kindred_canonical_sum(const float *a, const float *b, size_t count) {
    return chosen.canonical_sum(a, b, count);
}

void kindred_canonical_sums(const float *query, const float *rows, size_t count, size_t row_count,
                            double *sums) {
    for (size_t i = 0; i < row_count; i++) sums[i] = chosen.canonical_sum(query, rows + i * count, count);
}

void kindred_canonical_gather(const float *query, const float *base, size_t count, const uint32_t *indices,
                              size_t index_count, double *sums) {
    for (size_t i = 0; i < index_count; i++) {
        if (i + 8 < index_count) __builtin_prefetch(base + (size_t)indices[i + 8] * count);
        sums[i] = chosen.canonical_sum(query, base + (size_t)indices[i] * count, count);
    }
}

size_t kindred_select_at_least(const float *scores, size_t count, float threshold, uint32_t *survivors) {
    return chosen.select_at_least(scores, count, threshold, survivors);
}

size_t kindred_select_at_least_scaled(const float *scores, const float *norms, size_t count, float factor,
                                      uint32_t *survivors) {
    return chosen.select_at_least_scaled(scores, norms, count, factor, survivors);
}

uint32_t kindred_crc32c(uint32_t crc, const void *bytes, size_t byte_count) {
    return chosen.crc32c(crc, bytes, byte_count);
}
