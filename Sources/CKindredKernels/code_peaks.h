// The greatest lower bounds of groups of rows: plain C that each kernel compiles for its own instructions.
#ifndef KINDRED_CODE_PEAKS_H
#define KINDRED_CODE_PEAKS_H

#include "scan_kernel.h"

// The bounds of a block's rows, in the units of the header. Each operation rounds by at most 2^-24 of a number that is
// no greater than |product| or the margin, which the added shares of both outweigh.
KINDRED_INLINE void kindred_bound_rows(const kindred_code_block *block, const int32_t *restrict products, float norm,
                                       float error, bool by_norm, float *restrict bounds) {
    float margin = norm * block->error + error * block->coded_norm;
    margin = margin + margin * 0x1p-20f + 2.0f;
    float above = block->scale, below = block->scale;
    if (by_norm) {
        above = block->norm_max > 0 ? above / block->norm_max : 0;
        below = below / block->norm_min;
    }
    for (size_t row = 0; row < KINDRED_BLOCK_ROWS; row++) {
        float product = (float)products[row];
        float bound = product - fabsf(product) * 0x1p-20f - margin;
        bounds[row] = bound * (bound >= 0 ? above : below);
    }
}

KINDRED_INLINE void kindred_peaks_of(const kindred_code_table *table, size_t first_block, size_t block_count,
                                     const kindred_code_queries *queries, size_t i, const int32_t *products,
                                     bool by_norm, size_t part_count, float *peaks) {
    float norm = queries->norms[i], error = queries->errors[i];
    kindred_tile_masks masks = kindred_masks_of(queries, i, 1);
    for (size_t group = 0; group < KINDRED_BLOCK_ROWS * part_count; group++) peaks[group] = -INFINITY;
    for (size_t j = 0; j < block_count; j++, products += KINDRED_BLOCK_ROWS) {
        size_t block = first_block + j;
        uint32_t eligible = kindred_live_rows(table, block) & kindred_masked_rows(&masks, 0, block);
        if (eligible == 0) continue;
        float bounds[KINDRED_BLOCK_ROWS];
        kindred_bound_rows(&table->blocks[block], products, norm, error, by_norm, bounds);
        if (eligible != 0xFFFF)
            for (size_t row = 0; row < KINDRED_BLOCK_ROWS; row++)
                if ((eligible >> row & 1) == 0) bounds[row] = -INFINITY;
        float *restrict group = peaks + KINDRED_BLOCK_ROWS * (j % part_count);
        // What is not a number is below everything.
        for (size_t row = 0; row < KINDRED_BLOCK_ROWS; row++)
            group[row] = bounds[row] > group[row] ? bounds[row] : group[row];
    }
}

// Values among which each is compared with all others: the least work for so few, and nothing to predict.
enum { KINDRED_COMPARED_MAX = 64 };

typedef float kindred_compared __attribute__((ext_vector_type(8)));
typedef int32_t kindred_counts __attribute__((ext_vector_type(8)));

// The k-th greatest is the least of those that fewer than k exceed.
KINDRED_INLINE float kindred_kth_by_rank(const float *restrict values, size_t count, size_t k) {
    kindred_compared mine[KINDRED_COMPARED_MAX / 8];
    for (size_t i = 0; i < KINDRED_COMPARED_MAX / 8; i++) mine[i] = -INFINITY;
    memcpy(mine, values, count * sizeof *values);
    kindred_compared least = INFINITY;
    for (size_t block = 0; 8 * block < count; block++) {
        kindred_counts greater = 0;
        // A comparison that holds is -1.
        for (size_t j = 0; j < count; j++) greater -= (kindred_compared)values[j] > mine[block];
        kindred_compared ranked = greater < (kindred_counts)(int32_t)k ? mine[block] : (kindred_compared)INFINITY;
        least = ranked < least ? ranked : least;
    }
    float result = INFINITY;
    for (size_t i = 0; i < 8; i++) result = least[i] < result ? least[i] : result;
    return result;
}

// Signed numbers in the order of the values whose bits they are made of.
typedef int32_t kindred_keys __attribute__((ext_vector_type(16)));

// Bit after bit, the greatest key that at least k keys reach: as many comparisons for any values, nothing to predict.
// Of 256 values 0.4 instead of 2.8 us by pivots, of 80 0.2 instead of 1.0 (EPYC, Zen 4).
KINDRED_INLINE float kindred_kth_by_bits(const float *restrict values, size_t count, size_t k) {
    kindred_keys keys[KINDRED_PEAKS_MAX / 16];
    size_t vectors = (count + 15) / 16;
    // What fills the last vector becomes the least key of all, which no number has.
    keys[vectors - 1] = -1;
    memcpy(keys, values, count * sizeof *values);
    for (size_t v = 0; v < vectors; v++) keys[v] ^= keys[v] >> 31 & INT32_MAX;
    uint32_t reached = 0;
    for (int bit = 31; bit >= 0; bit--) {
        uint32_t tried = reached | 1u << bit;
        kindred_keys counts = 0;
        // A comparison that holds is -1.
        for (size_t v = 0; v < vectors; v++) counts -= keys[v] >= (int32_t)(tried ^ 1u << 31);
        size_t reaching = (size_t)__builtin_reduce_add(counts);
        reached = reaching >= k ? tried : reached;
        if (reaching == k) break;
    }
    kindred_keys least = INT32_MAX;
    for (size_t v = 0; v < vectors; v++)
        least = keys[v] >= (int32_t)(reached ^ 1u << 31) && keys[v] < least ? keys[v] : least;
    int32_t bits = __builtin_reduce_min(least);
    bits ^= bits >> 31 & INT32_MAX;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

KINDRED_INLINE float kindred_kth_of(const float *values, size_t count, size_t k) {
    return count <= KINDRED_COMPARED_MAX ? kindred_kth_by_rank(values, count, k)
                                         : kindred_kth_by_bits(values, count, k);
}

#endif
