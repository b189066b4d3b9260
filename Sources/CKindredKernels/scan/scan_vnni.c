// The scan kernel for AVX-512 with VNNI.
#include "scan_kernel.h"

#if defined(__x86_64__)
#include "group_peaks.h"
#include "keep_products.h"
#include "vnni_tile.h"

// Compares `query_count` queries with `block_count` blocks, both compile-time constants. Keeps rows of the first
// `kept_count` blocks only. Returns the new number of hits.
VNNI KINDRED_INLINE size_t scan_tile(const tile_scan *scan, size_t query_count, size_t block_count, bool prefetches,
                                     const size_t *blocks, size_t kept_count, size_t found) {
    __m512i sums[TILE_QUERIES][TILE_BLOCKS_MAX];
#pragma clang loop unroll(full)
    for (size_t b = 0; b < block_count; b++)
#pragma clang loop unroll(full)
        for (size_t i = 0; i < query_count; i++) sums[i][b] = first_sum(scan, i, blocks[b]);
    add_products(scan, query_count, block_count, prefetches, blocks, sums);

    // A lane is negative while all its sums are below their thresholds.
    __m512i below = sums[0][0];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < query_count; i++)
#pragma clang loop unroll(full)
        for (size_t b = 0; b < block_count; b++) below = _mm512_and_si512(below, sums[i][b]);
    if (_mm512_movepi32_mask(below) == 0xFFFF) return found;

#pragma clang loop unroll(full)
    for (size_t b = 0; b < block_count; b++) {
        if (b < kept_count) {
#pragma clang loop unroll(full)
            for (size_t i = 0; i < query_count; i++) found = keep_rows(scan, i, blocks[b], sums[i][b], found);
        }
    }
    return found;
}

// Scans the run for `query_count` queries, `block_count` blocks at a time, both compile-time constants. Returns the new
// number of hits.
//
// The run is cut into `block_count` stretches, and a tile takes one block of each. So memory is read as several streams
// without gaps. The prefetchers see no stream where a tile takes neighbouring blocks and reads a line of each in turn.
VNNI KINDRED_INLINE size_t scan_run(tile_scan *scan, size_t query_count, size_t block_count, bool prefetches,
                                    size_t found) {
    scan->masks = kindred_masks_of(scan->queries, scan->first_query, query_count);
    if (scan->is_far && scan->prefetching_tiles == 0)
        scan->masks.skips = kindred_leaves_gaps(&scan->masks, scan->first_block, scan->end_block);
    size_t wanted[TILE_BLOCKS_MAX];
    size_t waiting = 0;
    size_t stretch = (scan->end_block - scan->first_block + block_count - 1) / block_count;
    for (size_t first = scan->first_block; first < scan->first_block + stretch; first++) {
        for (size_t block = first; block < scan->end_block; block += stretch) {
            if (!kindred_block_wanted(&scan->masks, block)) continue;
            wanted[waiting++] = block;
            if (waiting < block_count) continue;
            if (scan->prefetching_tiles > 0) prefetch_ahead(scan, block_count, wanted);
            found = scan_tile(scan, query_count, block_count, prefetches, wanted, block_count, found);
            waiting = 0;
        }
    }
    if (waiting > 0) {
        for (size_t b = waiting; b < block_count; b++) wanted[b] = wanted[waiting - 1];
        found = scan_tile(scan, query_count, block_count, prefetches, wanted, waiting, found);
    }
    scan->first_query += query_count;
    scan->least += query_count * scan->query_step;
    return found;
}

// Scans the run for one query of `groups` groups, a compile-time constant, whose codes are kept in registers. Returns
// the new number of hits.
VNNI KINDRED_INLINE size_t scan_held(tile_scan *scan, size_t groups, bool prefetches, size_t found) {
    scan->masks = kindred_masks_of(scan->queries, scan->first_query, 1);
    if (scan->is_far) scan->masks.skips = kindred_leaves_gaps(&scan->masks, scan->first_block, scan->end_block);
    const int8_t *query_codes = scan->queries->codes + scan->first_query * scan->queries->code_stride;
    __m512i lanes[HELD_GROUPS_MAX];
#pragma clang loop unroll(full)
    for (size_t group = 0; group < groups; group++)
        lanes[group] = _mm512_set1_epi32(kindred_load_group(query_codes, group));

    for (size_t block = scan->first_block; block < scan->end_block; block++) {
        if (!kindred_block_wanted(&scan->masks, block)) continue;
        const uint8_t *codes = scan->table->codes + 64 * groups * block;
        __m512i sums[HELD_PARTS];
        sums[0] = first_sum(scan, 0, block);
#pragma clang loop unroll(full)
        for (size_t part = 1; part < HELD_PARTS; part++) sums[part] = _mm512_setzero_si512();
#pragma clang loop unroll(full)
        for (size_t group = 0; group < groups; group++) {
            __m512i rows = load_codes(codes + 64 * group, prefetches, scan->ahead);
            sums[group % HELD_PARTS] = _mm512_dpbusd_epi32(sums[group % HELD_PARTS], rows, lanes[group]);
        }
#pragma clang loop unroll(full)
        for (size_t part = 1; part < HELD_PARTS; part++) sums[0] = _mm512_add_epi32(sums[0], sums[part]);
        found = keep_rows(scan, 0, block, sums[0], found);
    }
    scan->first_query += 1;
    return found;
}

// Scans the run for one query. Dimensions whose query fits the registers have code of their own.
VNNI KINDRED_INLINE size_t scan_one(tile_scan *scan, bool prefetches, size_t found) {
    switch (scan->table->groups) {
    case 4: return scan_held(scan, 4, prefetches, found);
    case 8: return scan_held(scan, 8, prefetches, found);
    case 12: return scan_held(scan, 12, prefetches, found);
    case 16: return scan_held(scan, 16, prefetches, found);
    default: return scan_run(scan, 1, 4, prefetches, found);
    }
}

// Scans the run for whole tiles of queries. Leaves `first_query` at the first query that fills no tile.
VNNI static size_t scan_many(tile_scan *scan, size_t query_count, bool prefetches, int32_t *least, size_t found) {
    size_t count = query_count - scan->first_query < THRESHOLD_QUERIES ? TILE_QUERIES : THRESHOLD_QUERIES;
    find_least_of_many(&scan->table->blocks[scan->first_block], scan->end_block - scan->first_block, scan->queries,
                       scan->first_query, count, least);
    scan->least = least;
    scan->query_step = 1;
    scan->block_step = THRESHOLD_QUERIES;
    for (size_t end = scan->first_query + count; scan->first_query < end; scan->tile++)
        found = prefetches ? scan_run(scan, TILE_QUERIES, 2, true, found)
                           : scan_run(scan, TILE_QUERIES, 2, false, found);
    return found;
}

// Scans the run for the 1 to 7 queries beyond the last full tile, in one tile: cut into four, two and one, seven
// queries would read the codes three times. `prefetches` is a compile-time constant.
VNNI KINDRED_INLINE size_t scan_left(tile_scan *scan, size_t left, bool prefetches, size_t found) {
    switch (left) {
    case 1: return scan_one(scan, prefetches, found);
    case 2: return scan_run(scan, 2, 4, prefetches, found);
    case 3: return scan_run(scan, 3, 4, prefetches, found);
    case 4: return scan_run(scan, 4, 4, prefetches, found);
    case 5: return scan_run(scan, 5, 4, prefetches, found);
    case 6: return scan_run(scan, 6, 3, prefetches, found);
    default: return scan_run(scan, 7, 2, prefetches, found);
    }
}

// Scans the run for the queries after the whole tiles.
VNNI static size_t scan_few(tile_scan *scan, size_t query_count, bool prefetches, int32_t *least, size_t found) {
    size_t left = query_count - scan->first_query;
    for (size_t i = 0; i < left; i++)
        find_least_of_one(&scan->table->blocks[scan->first_block], scan->end_block - scan->first_block,
                          scan->queries, scan->first_query + i, least + RUN_BLOCKS_MAX * i);
    scan->least = least;
    scan->query_step = RUN_BLOCKS_MAX;
    scan->block_step = 1;
    scan->prefetching_tiles = 0;
    return prefetches ? scan_left(scan, left, true, found) : scan_left(scan, left, false, found);
}

VNNI static size_t scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                        const kindred_code_queries *queries, size_t query_count, kindred_code_hit *hits) {
    int32_t least[THRESHOLD_QUERIES * RUN_BLOCKS_MAX];
    tile_scan scan = {.table = table, .queries = queries, .hits = hits, .is_far = kindred_is_far(table)};
    size_t found = 0;
    size_t end_block = first_block + block_count;
    size_t tiles = query_count / TILE_QUERIES;
    bool prefetches = query_count <= TILE_QUERIES && cpu_needs_prefetches();
    bool tiles_prefetch =
        tiles >= PREFETCHING_TILES_MIN || (tiles > 0 && query_count > TILE_QUERIES && cpu_needs_prefetches());
    size_t run = kindred_run_blocks(table->groups, tiles_prefetch ? KINDRED_RUN_BYTES : RUN_BYTES_MAX);
    if (run > RUN_BLOCKS_MAX || query_count <= TILE_QUERIES) run = RUN_BLOCKS_MAX;
    scan.ahead = tiles_prefetch ? 64 * table->groups * run : PREFETCH_BYTES;
    for (size_t block = first_block; block < end_block; block += run) {
        scan.first_block = block;
        scan.end_block = end_block - block < run ? end_block : block + run;
        scan.first_query = 0;
        scan.tile = 0;
        scan.prefetching_tiles = tiles_prefetch ? tiles : 0;
        while (query_count - scan.first_query >= TILE_QUERIES)
            found = scan_many(&scan, query_count, prefetches, least, found);
        if (scan.first_query < query_count) found = scan_few(&scan, query_count, prefetches, least, found);
    }
    return found;
}

// Stores the products of `block_count` blocks with `query_count` queries from `first_query` on; both counts are
// compile-time constants.
VNNI KINDRED_INLINE void store_tile(tile_scan *scan, size_t query_count, size_t block_count, size_t first_block,
                                    size_t first_query, size_t query_step, int32_t *products) {
    size_t blocks[TILE_BLOCKS_MAX];
    __m512i sums[TILE_QUERIES][TILE_BLOCKS_MAX];
    scan->first_query = first_query;
#pragma clang loop unroll(full)
    for (size_t b = 0; b < block_count; b++) {
        blocks[b] = first_block + b;
#pragma clang loop unroll(full)
        for (size_t i = 0; i < query_count; i++)
            sums[i][b] = _mm512_sub_epi32(_mm512_setzero_si512(),
                                          _mm512_set1_epi32(scan->queries->offsets[first_query + i]));
    }
    add_products(scan, query_count, block_count, false, blocks, sums);
#pragma clang loop unroll(full)
    for (size_t b = 0; b < block_count; b++)
#pragma clang loop unroll(full)
        for (size_t i = 0; i < query_count; i++)
            _mm512_storeu_si512(products + (first_query + i) * query_step + KINDRED_BLOCK_ROWS * b, sums[i][b]);
}

// Stores the products of `block_count` blocks, a compile-time constant, with all queries.
VNNI KINDRED_INLINE void store_products(tile_scan *scan, size_t block_count, size_t first_block, size_t query_count,
                                        size_t query_step, int32_t *products) {
    size_t query = 0;
    for (; query_count - query >= 4; query += 4)
        store_tile(scan, 4, block_count, first_block, query, query_step, products);
    switch (query_count - query) {
    case 3: store_tile(scan, 3, block_count, first_block, query, query_step, products); break;
    case 2: store_tile(scan, 2, block_count, first_block, query, query_step, products); break;
    case 1: store_tile(scan, 1, block_count, first_block, query, query_step, products); break;
    default: break;
    }
}

VNNI static void products(const kindred_code_table *table, size_t first_block, size_t block_count,
                          const kindred_code_queries *queries, size_t query_count, int32_t *products) {
    tile_scan scan = {.table = table, .queries = queries};
    size_t query_step = KINDRED_BLOCK_ROWS * block_count;
    size_t block = 0;
    for (; block_count - block >= TILE_BLOCKS_MAX; block += TILE_BLOCKS_MAX)
        store_products(&scan, TILE_BLOCKS_MAX, first_block + block, query_count, query_step,
                       products + KINDRED_BLOCK_ROWS * block);
    for (; block < block_count; block++)
        store_products(&scan, 1, first_block + block, query_count, query_step,
                       products + KINDRED_BLOCK_ROWS * block);
}

VNNI static size_t keep(const kindred_code_table *table, const kindred_block_columns *columns,
                        size_t first_block, size_t block_count, const kindred_code_queries *queries,
                        size_t query_count, const int32_t *products, kindred_code_hit *hits) {
    return kindred_keep_of(table, columns, first_block, block_count, queries, query_count, products, hits);
}

VNNI static void peaks(const kindred_code_table *table, const kindred_block_columns *columns,
                       size_t first_block, size_t block_count, const kindred_code_queries *queries, size_t i,
                       const int32_t *products, bool by_norm, size_t part_count, float *peaks) {
    kindred_peaks_of(table, columns, first_block, block_count, queries, i, products, by_norm, part_count, peaks);
}

VNNI static float kth_greatest(const float *values, size_t count, size_t k) { return kindred_kth_of(values, count, k); }

const kindred_scan_entry kindred_vnni_scan = {
    .name = "vnni", .query_quad_max = KINDRED_QUAD_MAX, .scan = scan, .products = products,
    .keep = keep, .peaks = peaks, .kth_greatest = kth_greatest};
#endif
