// The scan kernel for AVX2.
#include "group_peaks.h"
#include "keep_products.h"
#include "scan_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

// vpmaddubsw adds two products of unsigned and signed bytes and saturates at 32,767. Two of its results are added in 16
// bits before vpmaddwd widens them, so four products must fit: 255, the greatest row byte, x 128, the greatest quad,
// = 32,640.
enum { QUERY_QUAD_MAX = 128 };

// Four queries need eight sums; with the codes of two groups they fill the sixteen registers.
enum { TILE_QUERIES = 4 };

// Thresholds are computed for this many blocks and queries at a time. The four queries of a tile would fill half a
// register, and the thresholds of one block would be one chain of dependent operations.
enum { THRESHOLD_BLOCKS = 64, THRESHOLD_QUERIES = 2 * TILE_QUERIES };

_Static_assert(TILE_QUERIES <= KINDRED_TILE_QUERIES_MAX, "a tile's masks have room");
_Static_assert(THRESHOLD_QUERIES >= 8, "kindred_scan_least takes at least 8 queries");

typedef struct {
    const kindred_code_table *table;
    const kindred_code_queries *queries;
    size_t first_query;
    kindred_tile_masks masks;
    kindred_code_hit *hits;
} tile_scan;

AVX2 KINDRED_INLINE __m256i load(const uint8_t *codes) { return _mm256_loadu_si256((const __m256i *)codes); }

AVX2 KINDRED_INLINE __m256i add_pair(__m256i sum, __m256i x, __m256i y, __m256i p, __m256i r) {
    __m256i products = _mm256_add_epi16(_mm256_maddubs_epi16(x, p), _mm256_maddubs_epi16(y, r));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(products, _mm256_set1_epi16(1)));
}

AVX2 KINDRED_INLINE __m256i add_one(__m256i sum, __m256i x, __m256i p) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(x, p), _mm256_set1_epi16(1)));
}

// The rows of a block whose sum is above a limit, a bit each.
AVX2 KINDRED_INLINE uint32_t rows_above(__m256i low, __m256i high, __m256i limit) {
    __m256i low_passes = _mm256_cmpgt_epi32(low, limit), high_passes = _mm256_cmpgt_epi32(high, limit);
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(low_passes)) |
           (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(high_passes)) << 8;
}

// The thresholds of one query for some blocks. Not inlined, like the next one: as a function with stores, the compiler
// vectorises it.
AVX2 __attribute__((noinline)) static void find_least_of_one(const kindred_code_block *blocks, size_t block_count,
                                                             const kindred_code_queries *queries, size_t query,
                                                             int32_t *restrict least) {
    kindred_scan_least_of_blocks(blocks, block_count, queries, query, queries->offsets[query], least);
}

// The thresholds of up to THRESHOLD_QUERIES queries for up to THRESHOLD_BLOCKS blocks. `least` has THRESHOLD_QUERIES
// elements per block.
AVX2 __attribute__((noinline)) static void find_least(const kindred_code_block *blocks, size_t block_count,
                                                      const kindred_code_queries *queries, size_t first_query,
                                                      size_t count, int32_t *restrict least) {
    if (count == THRESHOLD_QUERIES) {
        for (size_t block = 0; block < block_count; block++, least += THRESHOLD_QUERIES)
            kindred_scan_least(&blocks[block], queries, first_query, THRESHOLD_QUERIES, least);
        return;
    }
    // Too few queries for a vector of queries, so a vector of blocks for each.
    for (size_t i = 0; i < count; i++) {
        int32_t own[THRESHOLD_BLOCKS];
        find_least_of_one(blocks, block_count, queries, first_query + i, own);
        for (size_t block = 0; block < block_count; block++) least[THRESHOLD_QUERIES * block + i] = own[block];
    }
}

// Keeps the rows of a block whose sums with `count` queries reach their thresholds. `count` is a compile-time constant.
// Returns the new number of hits.
AVX2 KINDRED_INLINE size_t keep_block(const tile_scan *scan, size_t count, size_t block, const __m256i *low,
                                      const __m256i *high, const int32_t *least, size_t found) {
    __m256i any = _mm256_setzero_si256();
#pragma clang loop unroll(full)
    for (size_t i = 0; i < count; i++) {
        __m256i limit = _mm256_set1_epi32(least[i] - 1);
        any = _mm256_or_si256(any, _mm256_cmpgt_epi32(low[i], limit));
        any = _mm256_or_si256(any, _mm256_cmpgt_epi32(high[i], limit));
    }
    if (_mm256_testz_si256(any, any)) return found;

    uint32_t live = kindred_live_rows(scan->table, block);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < count; i++) {
        uint32_t rows = rows_above(low[i], high[i], _mm256_set1_epi32(least[i] - 1));
        rows &= live & kindred_masked_rows(&scan->masks, i, block);
        if (rows == 0) continue;
        int32_t sums[KINDRED_BLOCK_ROWS];
        _mm256_storeu_si256((__m256i *)sums, low[i]);
        _mm256_storeu_si256((__m256i *)(sums + 8), high[i]);
        size_t query = scan->first_query + i;
        found = kindred_keep_rows(rows, sums, scan->queries->offsets[query], query, block, scan->hits, found);
    }
    return found;
}

// The sums of products of a block with `count` queries, a compile-time constant, so that every sum is in a register.
// Sums include the offset that the stored codes + 128 add.
AVX2 KINDRED_INLINE void multiply_block(const tile_scan *scan, size_t count, size_t block, __m256i *low,
                                        __m256i *high) {
    const kindred_code_queries *queries = scan->queries;
    size_t groups = scan->table->groups;
    const uint8_t *codes = scan->table->codes + 64 * groups * block;
    const int8_t *query_codes = queries->codes + scan->first_query * queries->code_stride;

#pragma clang loop unroll(full)
    for (size_t i = 0; i < count; i++) low[i] = high[i] = _mm256_setzero_si256();
    size_t group = 0;
    for (; group + 2 <= groups; group += 2, codes += 128) {
        __m256i x0 = load(codes), x1 = load(codes + 32), y0 = load(codes + 64), y1 = load(codes + 96);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < count; i++) {
            const int8_t *at = query_codes + i * queries->code_stride;
            __m256i p = _mm256_set1_epi32(kindred_load_group(at, group));
            __m256i r = _mm256_set1_epi32(kindred_load_group(at, group + 1));
            low[i] = add_pair(low[i], x0, y0, p, r);
            high[i] = add_pair(high[i], x1, y1, p, r);
        }
    }
    if (group < groups) {
        __m256i x0 = load(codes), x1 = load(codes + 32);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < count; i++) {
            __m256i p = _mm256_set1_epi32(kindred_load_group(query_codes + i * queries->code_stride, group));
            low[i] = add_one(low[i], x0, p);
            high[i] = add_one(high[i], x1, p);
        }
    }
}

// Compares a block with `count` queries, a compile-time constant. Returns the new number of hits.
AVX2 KINDRED_INLINE size_t scan_block(const tile_scan *scan, size_t count, size_t block, const int32_t *least,
                                      size_t found) {
    __m256i low[TILE_QUERIES], high[TILE_QUERIES];
    multiply_block(scan, count, block, low, high);
    return keep_block(scan, count, block, low, high, least, found);
}

// Compares two blocks at different places with one query. Returns the new number of hits.
AVX2 KINDRED_INLINE size_t scan_two_blocks(const tile_scan *scan, const size_t blocks[2],
                                           const int32_t *const least[2], size_t found) {
    size_t groups = scan->table->groups;
    const uint8_t *codes = scan->table->codes;
    const uint8_t *at[2] = {codes + 64 * groups * blocks[0], codes + 64 * groups * blocks[1]};
    const int8_t *query = scan->queries->codes + scan->first_query * scan->queries->code_stride;
    __m256i low[2], high[2];
    low[0] = low[1] = high[0] = high[1] = _mm256_setzero_si256();

    size_t group = 0;
    for (; group + 2 <= groups; group += 2) {
        __m256i p = _mm256_set1_epi32(kindred_load_group(query, group));
        __m256i r = _mm256_set1_epi32(kindred_load_group(query, group + 1));
#pragma clang loop unroll(full)
        for (size_t i = 0; i < 2; i++, at[i - 1] += 128) {
            low[i] = add_pair(low[i], load(at[i]), load(at[i] + 64), p, r);
            high[i] = add_pair(high[i], load(at[i] + 32), load(at[i] + 96), p, r);
        }
    }
    if (group < groups) {
        __m256i p = _mm256_set1_epi32(kindred_load_group(query, group));
#pragma clang loop unroll(full)
        for (size_t i = 0; i < 2; i++) {
            low[i] = add_one(low[i], load(at[i]), p);
            high[i] = add_one(high[i], load(at[i] + 32), p);
        }
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 2; i++) found = keep_block(scan, 1, blocks[i], &low[i], &high[i], least[i], found);
    return found;
}

AVX2 KINDRED_INLINE size_t scan_run(tile_scan *scan, size_t count, size_t first_block, size_t end_block,
                                    const int32_t *least, size_t found) {
    scan->masks = kindred_masks_of(scan->queries, scan->first_query, count);
    if (count < TILE_QUERIES && kindred_is_far(scan->table))
        scan->masks.skips = kindred_leaves_gaps(&scan->masks, first_block, end_block);
    for (size_t block = first_block; block < end_block; block++, least += THRESHOLD_QUERIES)
        if (kindred_block_wanted(&scan->masks, block)) found = scan_block(scan, count, block, least, found);
    scan->first_query += count;
    return found;
}

// Scans for a single query, which is limited by memory. Both halves of the blocks are scanned side by side, since two
// streams are read faster than one.
AVX2 static size_t scan_single(tile_scan *scan, size_t first_block, size_t block_count) {
    enum { RUN = THRESHOLD_BLOCKS / 2 };  // blocks of each half at a time
    int32_t least[2][RUN];
    size_t half = block_count / 2, found = 0;
    scan->first_query = 0;
    scan->masks = kindred_masks_of(scan->queries, 0, 1);
    bool is_far = kindred_is_far(scan->table);
    for (size_t run = 0; run < half; run += RUN) {
        size_t count = half - run < RUN ? half - run : RUN;
        size_t starts[2] = {first_block + run, first_block + half + run};
        bool skips[2] = {true, true};
        for (size_t i = 0; is_far && i < 2; i++)
            skips[i] = kindred_leaves_gaps(&scan->masks, starts[i], starts[i] + count);
        for (size_t i = 0; i < 2; i++)
            find_least_of_one(&scan->table->blocks[starts[i]], count, scan->queries, 0, least[i]);
        for (size_t block = 0; block < count; block++) {
            size_t blocks[2] = {starts[0] + block, starts[1] + block};
            const int32_t *limits[2] = {least[0] + block, least[1] + block};
            bool wanted[2] = {!skips[0] || kindred_block_wanted(&scan->masks, blocks[0]),
                              !skips[1] || kindred_block_wanted(&scan->masks, blocks[1])};
            if (wanted[0] && wanted[1]) {
                found = scan_two_blocks(scan, blocks, limits, found);
                continue;
            }
            for (size_t i = 0; i < 2; i++)
                if (wanted[i]) found = scan_block(scan, 1, blocks[i], limits[i], found);
        }
    }
    size_t last = first_block + block_count - 1;
    if (block_count % 2 == 1 && kindred_block_wanted(&scan->masks, last)) {
        find_least_of_one(&scan->table->blocks[last], 1, scan->queries, 0, least[0]);
        found = scan_block(scan, 1, last, least[0], found);
    }
    return found;
}

AVX2 static size_t scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                        const kindred_code_queries *queries, size_t query_count, kindred_code_hit *hits) {
    tile_scan scan = {.table = table, .queries = queries, .hits = hits};
    if (query_count == 1 && block_count > 0) return scan_single(&scan, first_block, block_count);
    int32_t least[THRESHOLD_QUERIES * THRESHOLD_BLOCKS];
    size_t found = 0;
    size_t end_block = first_block + block_count;
    size_t run = query_count <= TILE_QUERIES ? block_count : kindred_run_blocks(table->groups, KINDRED_RUN_BYTES);
    if (run > THRESHOLD_BLOCKS) run = THRESHOLD_BLOCKS;
    for (size_t block = first_block; block < end_block; block += run) {
        size_t run_end = end_block - block < run ? end_block : block + run;
        scan.first_query = 0;
        while (scan.first_query < query_count) {
            size_t left = query_count - scan.first_query;
            if (left > THRESHOLD_QUERIES) left = THRESHOLD_QUERIES;
            find_least(&table->blocks[block], run_end - block, queries, scan.first_query, left, least);
            const int32_t *tile_least = least;
            while (left >= TILE_QUERIES) {
                found = scan_run(&scan, TILE_QUERIES, block, run_end, tile_least, found);
                tile_least += TILE_QUERIES;
                left -= TILE_QUERIES;
            }
            switch (left) {
            case 3: found = scan_run(&scan, 3, block, run_end, tile_least, found); break;
            case 2: found = scan_run(&scan, 2, block, run_end, tile_least, found); break;
            case 1: found = scan_run(&scan, 1, block, run_end, tile_least, found); break;
            default: break;
            }
        }
    }
    return found;
}

// Stores the products of a block with `count` queries of the tile, a compile-time constant.
AVX2 KINDRED_INLINE void store_products(const tile_scan *scan, size_t count, size_t block, size_t query_step,
                                        int32_t *products) {
    __m256i low[TILE_QUERIES], high[TILE_QUERIES];
    multiply_block(scan, count, block, low, high);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < count; i++) {
        __m256i offset = _mm256_set1_epi32(scan->queries->offsets[scan->first_query + i]);
        __m256i *at = (__m256i *)(products + (scan->first_query + i) * query_step);
        _mm256_storeu_si256(at, _mm256_sub_epi32(low[i], offset));
        _mm256_storeu_si256(at + 1, _mm256_sub_epi32(high[i], offset));
    }
}

AVX2 static void products(const kindred_code_table *table, size_t first_block, size_t block_count,
                          const kindred_code_queries *queries, size_t query_count, int32_t *products) {
    tile_scan scan = {.table = table, .queries = queries};
    size_t query_step = KINDRED_BLOCK_ROWS * block_count;
    for (size_t i = 0; i < block_count; i++, products += KINDRED_BLOCK_ROWS) {
        scan.first_query = 0;
        for (; query_count - scan.first_query >= TILE_QUERIES; scan.first_query += TILE_QUERIES)
            store_products(&scan, TILE_QUERIES, first_block + i, query_step, products);
        for (; scan.first_query < query_count; scan.first_query++)
            store_products(&scan, 1, first_block + i, query_step, products);
    }
}

AVX2 static size_t keep(const kindred_code_table *table, const kindred_block_columns *columns,
                        size_t first_block, size_t block_count, const kindred_code_queries *queries,
                        size_t query_count, const int32_t *products, kindred_code_hit *hits) {
    return kindred_keep_of(table, columns, first_block, block_count, queries, query_count, products, hits);
}

AVX2 static void peaks(const kindred_code_table *table, const kindred_block_columns *columns,
                       size_t first_block, size_t block_count, const kindred_code_queries *queries, size_t i,
                       const int32_t *products, bool by_norm, size_t part_count, float *peaks) {
    kindred_peaks_of(table, columns, first_block, block_count, queries, i, products, by_norm, part_count, peaks);
}

AVX2 static float kth_greatest(const float *values, size_t count, size_t k) { return kindred_kth_of(values, count, k); }

const kindred_scan_entry kindred_avx2_scan = {
    .name = "avx2", .query_quad_max = QUERY_QUAD_MAX, .scan = scan, .products = products,
    .keep = keep, .peaks = peaks, .kth_greatest = kth_greatest};
#endif
