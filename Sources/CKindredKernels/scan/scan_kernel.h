// The parts that all scan kernels share: the threshold of a block, the masks, writing hits. Plain C, so that every
// kernel and every emulation of one keeps the same rows.
#ifndef KINDRED_SCAN_KERNEL_H
#define KINDRED_SCAN_KERNEL_H

#include "kindred_kernels.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef size_t kindred_scan_function(const kindred_code_table *table, size_t first_block, size_t block_count,
                                     const kindred_code_queries *queries, size_t query_count,
                                     kindred_code_hit *hits);

typedef void kindred_products_function(const kindred_code_table *table, size_t first_block, size_t block_count,
                                       const kindred_code_queries *queries, size_t query_count, int32_t *products);

typedef size_t kindred_keep_function(const kindred_code_table *table, const kindred_block_columns *columns,
                                     size_t first_block, size_t block_count, const kindred_code_queries *queries,
                                     size_t query_count, const int32_t *products, kindred_code_hit *hits);

typedef void kindred_peaks_function(const kindred_code_table *table, const kindred_block_columns *columns,
                                    size_t first_block, size_t block_count, const kindred_code_queries *queries,
                                    size_t i, const int32_t *products, bool by_norm, size_t part_count,
                                    float *peaks);

typedef struct {
    const char *name;
    int query_quad_max;
    kindred_scan_function *scan;
    kindred_products_function *products;
    kindred_keep_function *keep;
    kindred_peaks_function *peaks;
    float (*kth_greatest)(const float *values, size_t count, size_t k);
} kindred_scan_entry;

extern const kindred_scan_entry kindred_portable_scan;
extern const kindred_scan_entry kindred_avx2_scan;
extern const kindred_scan_entry kindred_vnni_scan;
extern const kindred_scan_entry kindred_amx_scan;

// The limit of a quad if no instruction saturates: four codes of 127.
enum { KINDRED_QUAD_MAX = 508 };

#define KINDRED_INLINE static inline __attribute__((always_inline))

// Blocks of a run. A tile of queries scans a run before the next tile scans it again, so a run fits into `byte_count`
// bytes of a cache. At least 1.
KINDRED_INLINE size_t kindred_run_blocks(size_t groups, size_t byte_count) {
    size_t blocks = byte_count / (64 * groups);
    return blocks == 0 ? 1 : blocks;
}

// Bytes of a run that fits into the first-level cache together with the queries.
enum { KINDRED_RUN_BYTES = 16 << 10 };

// The least product of a block that a query keeps, by the formula of kindred_kernels.h. The comparisons compile to
// vector minimum and maximum, and treat NaN so that every row is kept. The last operation is no clamp, since that
// would compile to scalar code.
KINDRED_INLINE int32_t kindred_threshold_of(kindred_code_block block, float floor, float per_norm, float norm,
                                            float error) {
#pragma STDC FP_CONTRACT OFF
    // Both are loaded, since selecting an address would compile to a gather.
    float norm_min = block.norm_min, norm_max = block.norm_max;
    float row_norm = per_norm >= 0 ? norm_min : norm_max;
    float a = (floor + per_norm * row_norm) * block.inverse_scale;
    a = a > -0x1p30f ? a : -0x1p30f;
    a = a < 0x1p30f ? a : 0x1p30f;
    float t = a - norm * block.error;
    t = t - error * block.coded_norm;
    t = t > -0x1p30f ? t : -0x1p30f;
    t = t - (fabsf(a) * 0x1p-20f + 2.0f);
    return (int32_t)t;
}

KINDRED_INLINE int32_t kindred_scan_threshold(const kindred_code_block *block,
                                              const kindred_code_queries *queries, size_t i) {
    return kindred_threshold_of(*block, queries->floors[i], queries->floors_per_norm[i], queries->norms[i],
                                queries->errors[i]);
}

// The least sum that one query keeps, for each of some blocks. Sums include `offset`, which the stored codes + 128 add.
KINDRED_INLINE void kindred_scan_least_of_blocks(const kindred_code_block *blocks, size_t block_count,
                                                 const kindred_code_queries *queries, size_t i, int32_t offset,
                                                 int32_t *restrict least) {
    float floor = queries->floors[i], per_norm = queries->floors_per_norm[i];
    float norm = queries->norms[i], error = queries->errors[i];
#pragma clang loop vectorize(enable)
    for (size_t block = 0; block < block_count; block++)
        least[block] = kindred_threshold_of(blocks[block], floor, per_norm, norm, error) + offset;
}

// The bounds of block `j` of some columns.
KINDRED_INLINE kindred_code_block kindred_block_of(const kindred_block_columns *columns, size_t j) {
    return (kindred_code_block){.scale = columns->scale[j], .inverse_scale = columns->inverse_scale[j],
                                .error = columns->error[j], .coded_norm = columns->coded_norm[j],
                                .norm_min = columns->norm_min[j], .norm_max = columns->norm_max[j]};
}

// The least product that one query keeps, for each block of some columns.
KINDRED_INLINE void kindred_scan_least_of_columns(const kindred_block_columns *restrict columns,
                                                  const kindred_code_queries *queries, size_t i,
                                                  int32_t *restrict least) {
    float floor = queries->floors[i], per_norm = queries->floors_per_norm[i];
    float norm = queries->norms[i], error = queries->errors[i];
#pragma clang loop vectorize(enable)
    for (size_t j = 0; j < KINDRED_COLUMN_BLOCKS; j++)
        least[j] = kindred_threshold_of(kindred_block_of(columns, j), floor, per_norm, norm, error);
}

// The least sum of a block that is kept, for each query of a tile. `count` is a compile-time constant of the caller, at
// least 8. The loop is not unrolled, since the compiler vectorises loops only.
KINDRED_INLINE void kindred_scan_least(const kindred_code_block *block, const kindred_code_queries *queries,
                                       size_t first_query, size_t count, int32_t *restrict least) {
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < count; i++)
        least[i] = kindred_scan_threshold(block, queries, first_query + i) + queries->offsets[first_query + i];
}

// A bit for each existing row of a block; the last block may have fewer than 16.
KINDRED_INLINE uint32_t kindred_live_rows(const kindred_code_table *table, size_t block) {
    size_t left = table->row_count - block * KINDRED_BLOCK_ROWS;
    return left >= KINDRED_BLOCK_ROWS ? 0xFFFFu : (1u << left) - 1;
}

// The masks of a tile's queries. A query without mask always reads the same word of ones, so that all queries read
// masks in the same way.
enum { KINDRED_TILE_QUERIES_MAX = 32 };

typedef struct {
    const uint16_t *words[KINDRED_TILE_QUERIES_MAX];
    size_t reach[KINDRED_TILE_QUERIES_MAX];  // 0 without mask, else all ones: an index is masked with it
    size_t count;
    bool skips;  // blocks are skipped if no query may keep a row of them
    bool alike;  // all queries have the same mask, or all have none
} kindred_tile_masks;

static const uint16_t kindred_every_row = 0xFFFF;

KINDRED_INLINE void kindred_add_mask(kindred_tile_masks *masks, const kindred_code_queries *queries,
                                     size_t query) {
    const uint16_t *words = queries->masks == NULL ? NULL : queries->masks[query];
    masks->words[masks->count] = words == NULL ? &kindred_every_row : words;
    masks->reach[masks->count] = words == NULL ? 0 : SIZE_MAX;
    if (masks->count == 0) masks->alike = true;
    masks->alike &= masks->words[masks->count] == masks->words[0];
    masks->count += 1;
    masks->skips |= words != NULL;
}

KINDRED_INLINE kindred_tile_masks kindred_masks_of(const kindred_code_queries *queries, size_t first_query,
                                                   size_t count) {
    kindred_tile_masks masks = {.count = 0, .skips = false};
    for (size_t i = 0; i < count; i++) kindred_add_mask(&masks, queries, first_query + i);
    return masks;
}

// The rows of a block that query `i` of the tile may keep, a bit each.
KINDRED_INLINE uint32_t kindred_masked_rows(const kindred_tile_masks *masks, size_t i, size_t block) {
    return masks->words[i][block & masks->reach[i]];
}

// Whether any query of a tile may keep any row of a block.
KINDRED_INLINE bool kindred_block_wanted(const kindred_tile_masks *masks, size_t block) {
    if (!masks->skips) return true;
    if (masks->alike) return masks->words[0][block] != 0;
    uint32_t any = 0;
    for (size_t i = 0; i < masks->count; i++) any |= kindred_masked_rows(masks, i, block);
    return any != 0;
}

// Codes of more than KINDRED_CACHED_BYTES are read from memory. There, skipping blocks slows reading down by more
// than it saves if at least one in KINDRED_BLOCKS_PER_WANTED blocks is wanted: gaps break the stream that the
// hardware prefetches.
enum { KINDRED_CACHED_BYTES = 32 << 20, KINDRED_BLOCKS_PER_WANTED = 3 };

// Whether the codes are too large for a cache.
KINDRED_INLINE bool kindred_is_far(const kindred_code_table *table) {
    return 4 * table->groups * table->row_count > KINDRED_CACHED_BYTES;
}

// Whether a scan of the blocks first ..< end of a far table skips unwanted blocks. Rows outside a mask are not kept
// either way.
KINDRED_INLINE bool kindred_leaves_gaps(const kindred_tile_masks *masks, size_t first, size_t end) {
    if (!masks->skips) return false;
    size_t wanted = 0;
    for (size_t block = first; block < end; block++) wanted += kindred_block_wanted(masks, block);
    return KINDRED_BLOCKS_PER_WANTED * wanted < end - first;
}

// Appends the rows of a block whose bit is set to the hits; returns the new number of hits. Four elements are written
// at a time, even if fewer are wanted, since a CPU cannot predict the number of hits of a block. There is room:
// `hits` has 16 elements for every block that is not compared yet, this one included.
KINDRED_INLINE size_t kindred_keep_rows(uint32_t rows, const int32_t sums[KINDRED_BLOCK_ROWS], int32_t offset,
                                        size_t query, size_t block, kindred_code_hit *hits, size_t found) {
    kindred_code_hit *next = hits + found;
    found += (size_t)__builtin_popcount(rows);
    while (rows != 0) {
        for (int i = 0; i < 4; i++) {
            unsigned row = (unsigned)__builtin_ctz(rows | 0x8000u);
            next->query = (uint32_t)query;
            next->position = (uint32_t)(block * KINDRED_BLOCK_ROWS + row);
            next->product = sums[row] - offset;
            next++;
            rows &= rows - 1;
        }
    }
    return found;
}

// The four codes of a query's group, as one 32-bit lane.
KINDRED_INLINE int32_t kindred_load_group(const int8_t *codes, size_t group) {
    int32_t lane;
    memcpy(&lane, codes + 4 * group, sizeof lane);
    return lane;
}

#endif
