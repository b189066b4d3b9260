// Canonical sums and selection in plain C: the kernels of any CPU.
#include "../kernel_table.h"

static double canonical_sum(const float *a, const float *b, size_t count) {
    double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    size_t whole = count & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8)
        for (size_t j = 0; j < 8; j++) s[j] += (double)a[i + j] * (double)b[i + j];
    for (size_t i = whole; i < count; i++) s[i - whole] += (double)a[i] * (double)b[i];
    return kindred_combine(s);
}

static void canonical_pairs(const double *queries, const float *rows, size_t count, const kindred_vector_pair *pairs,
                            size_t pair_count, double *sums) {
    for (size_t pair = 0; pair < pair_count; pair++) {
        const double *query = queries + pairs[pair].query * count;
        const float *row = rows + pairs[pair].row * count;
        double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        size_t whole = count & ~(size_t)7;
        for (size_t i = 0; i < whole; i += 8)
            for (size_t j = 0; j < 8; j++) s[j] += query[i + j] * (double)row[i + j];
        for (size_t i = whole; i < count; i++) s[i - whole] += query[i] * (double)row[i];
        sums[pair] = kindred_combine(s);
    }
}

static size_t select_at_least(const float *scores, size_t count, float threshold, uint32_t *survivors) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        survivors[found] = (uint32_t)i;
        found += scores[i] >= threshold;
    }
    return found;
}

static size_t select_at_least_scaled(const float *scores, const float *norms, size_t count, float factor,
                                     uint32_t *survivors) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        survivors[found] = (uint32_t)i;
        found += scores[i] >= factor * norms[i];
    }
    return found;
}

const kindred_kernel_table kindred_portable_kernels = {
    .canonical_sum = canonical_sum,
    .canonical_pairs = canonical_pairs,
    .select_at_least = select_at_least,
    .select_at_least_scaled = select_at_least_scaled,
    .crc32c = kindred_crc32c_portable,
};
