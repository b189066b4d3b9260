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

// Values among which each is compared with all others: less work than looking for a pivot, and nothing to predict.
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

// Hoare, Algorithm 65: Find (Communications of the ACM 4, 1961).
KINDRED_INLINE float kindred_kth_by_pivots(float *values, size_t count, size_t k) {
    ptrdiff_t wanted = (ptrdiff_t)k - 1, left = 0, right = (ptrdiff_t)count - 1;
    while (left < right) {
        float pivot = values[wanted];
        ptrdiff_t i = left, j = right;
        while (i <= j) {
            while (values[i] > pivot) i++;
            while (values[j] < pivot) j--;
            if (i > j) break;
            float value = values[i];
            values[i++] = values[j];
            values[j--] = value;
        }
        if (j < wanted) left = i;
        if (wanted < i) right = j;
    }
    return values[wanted];
}

KINDRED_INLINE float kindred_kth_of(float *values, size_t count, size_t k) {
    return count <= KINDRED_COMPARED_MAX ? kindred_kth_by_rank(values, count, k)
                                         : kindred_kth_by_pivots(values, count, k);
}

#endif
