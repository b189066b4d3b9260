// The greatest lower bounds of groups of rows: plain C that each kernel compiles for its own instructions.
#ifndef KINDRED_GROUP_PEAKS_H
#define KINDRED_GROUP_PEAKS_H

#include "scan_kernel.h"

// Turns products of one query with the blocks of some columns into lower bounds: (product - margin) x scale, in the
// units of kindred_kernels.h. A positive difference takes the scale `above`, a negative one the scale `below`.
typedef struct {
    float margin[KINDRED_COLUMN_BLOCKS];
    float above[KINDRED_COLUMN_BLOCKS];
    float below[KINDRED_COLUMN_BLOCKS];  // written and read only by norm
} kindred_peak_bounds;

// Computes the bounds of some columns. Each operation rounds by at most 2^-24 of a product or of the margin, and no
// product exceeds |q~| |x~|. The share of 2^-20 of both that is added to the margin outweighs all rounding.
KINDRED_INLINE void kindred_bound_blocks(const kindred_block_columns *restrict columns, float norm, float error,
                                         bool by_norm, kindred_peak_bounds *restrict bounds) {
#pragma clang loop vectorize(enable)
    for (size_t j = 0; j < KINDRED_COLUMN_BLOCKS; j++) {
        float margin = norm * columns->error[j] + error * columns->coded_norm[j];
        margin = margin + (margin + (norm + error) * columns->coded_norm[j]) * 0x1p-20f + 2.0f;
        bounds->margin[j] = margin;
    }
    if (!by_norm) {
        memcpy(bounds->above, columns->scale, sizeof bounds->above);
        return;
    }
    for (size_t j = 0; j < KINDRED_COLUMN_BLOCKS; j++) {
        bounds->above[j] = columns->norm_max[j] > 0 ? columns->scale[j] / columns->norm_max[j] : 0;
        bounds->below[j] = columns->scale[j] / columns->norm_min[j];
    }
}

// Raises the peaks of 16 groups to the bounds of a block's 16 eligible rows. `by_norm` is a compile-time constant.
KINDRED_INLINE void kindred_raise_peaks(const kindred_peak_bounds *bounds, size_t j, const int32_t *restrict products,
                                        bool by_norm, uint32_t eligible, float *restrict group) {
    float raised[KINDRED_BLOCK_ROWS];
    for (size_t row = 0; row < KINDRED_BLOCK_ROWS; row++) {
        float bound = (float)products[row] - bounds->margin[j];
        float scaled = bound * (by_norm && bound < 0 ? bounds->below[j] : bounds->above[j]);
        scaled = products[row] == KINDRED_EXCLUDED ? -INFINITY : scaled;
        // NaN compares as not greater, so it raises nothing.
        raised[row] = scaled > group[row] ? scaled : group[row];
    }
    if (eligible != 0xFFFF)
        for (size_t row = 0; row < KINDRED_BLOCK_ROWS; row++)
            if ((eligible >> row & 1) == 0) raised[row] = group[row];
    memcpy(group, raised, sizeof raised);
}

// The body of kindred_code_peaks. `by_norm` is a compile-time constant.
KINDRED_INLINE void kindred_find_peaks(const kindred_code_table *table, const kindred_block_columns *columns,
                                       size_t first_block, size_t block_count, const kindred_code_queries *queries,
                                       size_t i, const int32_t *products, bool by_norm, size_t part_count,
                                       float *peaks) {
    kindred_tile_masks masks = kindred_masks_of(queries, i, 1);
    bool is_whole = !masks.skips && (first_block + block_count) * KINDRED_BLOCK_ROWS <= table->row_count;
    for (size_t group = 0; group < KINDRED_BLOCK_ROWS * part_count; group++) peaks[group] = -INFINITY;
    for (size_t done = 0; done < block_count; done += KINDRED_COLUMN_BLOCKS) {
        size_t count = block_count - done < KINDRED_COLUMN_BLOCKS ? block_count - done : KINDRED_COLUMN_BLOCKS;
        kindred_peak_bounds bounds;
        kindred_bound_blocks(&columns[done / KINDRED_COLUMN_BLOCKS], queries->norms[i], queries->errors[i], by_norm,
                             &bounds);
        // One part after another, so that the peaks of a part stay in registers.
        size_t parts = part_count < KINDRED_COLUMN_BLOCKS ? part_count : KINDRED_COLUMN_BLOCKS;
        for (size_t part = 0; part < parts && part < count; part++) {
            float group[KINDRED_BLOCK_ROWS];
            float *own = peaks + KINDRED_BLOCK_ROWS * ((done + part) & (part_count - 1));
            memcpy(group, own, sizeof group);
            for (size_t j = part; j < count; j += parts) {
                const int32_t *rows = products + KINDRED_BLOCK_ROWS * (done + j);
                if (is_whole) {
                    kindred_raise_peaks(&bounds, j, rows, by_norm, 0xFFFF, group);
                    continue;
                }
                size_t block = first_block + done + j;
                uint32_t eligible = kindred_live_rows(table, block) & kindred_masked_rows(&masks, 0, block);
                if (eligible != 0) kindred_raise_peaks(&bounds, j, rows, by_norm, eligible, group);
            }
            memcpy(own, group, sizeof group);
        }
    }
}

KINDRED_INLINE void kindred_peaks_of(const kindred_code_table *table, const kindred_block_columns *columns,
                                     size_t first_block, size_t block_count, const kindred_code_queries *queries,
                                     size_t i, const int32_t *products, bool by_norm, size_t part_count,
                                     float *peaks) {
    if (by_norm)
        kindred_find_peaks(table, columns, first_block, block_count, queries, i, products, true, part_count, peaks);
    else
        kindred_find_peaks(table, columns, first_block, block_count, queries, i, products, false, part_count, peaks);
}

// Up to this many values, comparing each value with all others is the fastest selection, and without branches.
enum { KINDRED_COMPARED_MAX = 64 };

typedef float kindred_compared __attribute__((ext_vector_type(8)));
typedef int32_t kindred_counts __attribute__((ext_vector_type(8)));

// The k-th greatest value is the least of the values that fewer than k others exceed.
KINDRED_INLINE float kindred_kth_by_rank(const float *restrict values, size_t count, size_t k) {
    kindred_compared mine[KINDRED_COMPARED_MAX / 8];
    for (size_t i = 0; i < KINDRED_COMPARED_MAX / 8; i++) mine[i] = -INFINITY;
    memcpy(mine, values, count * sizeof *values);
    kindred_compared least = INFINITY;
    for (size_t block = 0; 8 * block < count; block++) {
        kindred_counts greater = 0;
        // A true comparison is -1.
        for (size_t j = 0; j < count; j++) greater -= (kindred_compared)values[j] > mine[block];
        kindred_compared ranked = greater < (kindred_counts)(int32_t)k ? mine[block] : (kindred_compared)INFINITY;
        least = ranked < least ? ranked : least;
    }
    float result = INFINITY;
    for (size_t i = 0; i < 8; i++) result = least[i] < result ? least[i] : result;
    return result;
}

// Signed integers that order like the float32 values whose bits they are made of.
typedef int32_t kindred_keys __attribute__((ext_vector_type(16)));

// Finds the greatest key that at least k keys reach, one bit after another. The number of comparisons does not depend
// on the values and there are no unpredictable branches, so it is faster than selection by pivots.
KINDRED_INLINE float kindred_kth_by_bits(const float *restrict values, size_t count, size_t k) {
    kindred_keys keys[KINDRED_PEAKS_MAX / 16];
    size_t vectors = (count + 15) / 16;
    // The padding of the last vector becomes the least key of all, which belongs to a NaN.
    keys[vectors - 1] = -1;
    memcpy(keys, values, count * sizeof *values);
    for (size_t v = 0; v < vectors; v++) keys[v] ^= keys[v] >> 31 & INT32_MAX;
    uint32_t reached = 0;
    for (int bit = 31; bit >= 0; bit--) {
        uint32_t tried = reached | 1u << bit;
        kindred_keys counts = 0;
        // A true comparison is -1.
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
