// The tile of the AVX-512 scan kernel: some queries times some blocks, with their sums in registers.
#ifndef KINDRED_VNNI_TILE_H
#define KINDRED_VNNI_TILE_H

#include "scan_compress.h"
#include "scan_kernel.h"

#define VNNI KINDRED_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,bmi,popcnt")

// A register of codes is one group of a block, with a row per lane. A tile is some queries times some blocks, with a
// sum in a register for each pair. 8 queries x 2 blocks load ten registers for sixteen multiplications, enough to
// hide their latency. More queries would need more address registers than there are.
enum { TILE_QUERIES = 8, TILE_BLOCKS_MAX = 4 };

// Thresholds of a block are computed for this many queries at a time, a lane each.
enum { THRESHOLD_QUERIES = 2 * TILE_QUERIES };

// Blocks of a run, whose thresholds are computed together, and bytes of a run that several tiles scan without
// prefetching.
enum { RUN_BLOCKS_MAX = 64, RUN_BYTES_MAX = 64 << 10 };

// The distance of prefetches by up to TILE_QUERIES queries, on a CPU that needs them (`cpu_needs_prefetches`), and the
// number of tiles from which on the tiles of a run prefetch the next run, each its share, while they scan.
enum { PREFETCH_BYTES = 4096, PREFETCHING_TILES_MIN = 3 };

// A single query of up to this many groups is kept in registers, and its sums are split into this many registers.
enum { HELD_GROUPS_MAX = 16, HELD_PARTS = 4 };

_Static_assert(TILE_QUERIES <= KINDRED_TILE_QUERIES_MAX, "a tile's masks have room");
_Static_assert(TILE_QUERIES >= 8, "kindred_scan_least takes at least 8 queries");
_Static_assert(TILE_QUERIES - 1 <= THRESHOLD_QUERIES, "the queries beyond the last tile have room for thresholds");

typedef struct {
    const kindred_code_table *table;
    const kindred_code_queries *queries;
    kindred_code_hit *hits;
    bool is_far;
    // The blocks of the current run.
    size_t first_block, end_block;
    // The distance of prefetches in bytes, the current tile of the run, and the number of tiles that share the
    // prefetches; 0 if tiles do not prefetch.
    size_t ahead, tile, prefetching_tiles;
    // The current tile. The least sum that is kept for its query i and block b is
    // least[i * query_step + b * block_step], with b counted from the first block of the run.
    size_t first_query;
    kindred_tile_masks masks;
    const int32_t *least;
    size_t query_step, block_step;
} tile_scan;

// Whether few queries must prefetch codes. Intel's prefetchers do not follow a stream into the next page. AMD's do, for
// several streams at once, and software prefetches only slow them down.
KINDRED_INLINE bool cpu_needs_prefetches(void) { return __builtin_cpu_is("intel"); }

// Stores the thresholds of `count` queries, a compile-time constant, for some blocks; `least` has THRESHOLD_QUERIES
// elements per block.
VNNI KINDRED_INLINE void store_least(const kindred_code_block *blocks, size_t block_count,
                                     const kindred_code_queries *queries, size_t first_query, size_t count,
                                     int32_t *restrict least) {
    for (size_t block = 0; block < block_count; block++, least += THRESHOLD_QUERIES)
        kindred_scan_least(&blocks[block], queries, first_query, count, least);
}

// The same for 16 or 8 queries. Not inlined, like the next one: as a function with stores, the compiler vectorises it.
VNNI __attribute__((noinline)) static void find_least_of_many(const kindred_code_block *blocks, size_t block_count,
                                                              const kindred_code_queries *queries,
                                                              size_t first_query, size_t count, int32_t *least) {
    if (count == THRESHOLD_QUERIES)
        store_least(blocks, block_count, queries, first_query, THRESHOLD_QUERIES, least);
    else
        store_least(blocks, block_count, queries, first_query, TILE_QUERIES, least);
}

// The thresholds of one query for some blocks.
VNNI __attribute__((noinline)) static void find_least_of_one(const kindred_code_block *blocks, size_t block_count,
                                                             const kindred_code_queries *queries, size_t query,
                                                             int32_t *restrict least) {
    kindred_scan_least_of_blocks(blocks, block_count, queries, query, queries->offsets[query], least);
}

// The least sum that query `query` of the tile keeps of a block.
KINDRED_INLINE int32_t least_of(const tile_scan *scan, size_t query, size_t block) {
    return scan->least[query * scan->query_step + (block - scan->first_block) * scan->block_step];
}

// Keeps the rows of a block whose sum is not negative. Sums begin at minus the threshold. Returns the new number of
// hits.
VNNI KINDRED_INLINE size_t keep_rows(const tile_scan *scan, size_t query, size_t block, __m512i sums, size_t found) {
    uint32_t passes = ~(uint32_t)_mm512_movepi32_mask(sums) & kindred_live_rows(scan->table, block);
    if (passes == 0) return found;
    passes &= kindred_masked_rows(&scan->masks, query, block);
    if (passes == 0) return found;
    int32_t offset = scan->queries->offsets[scan->first_query + query] - least_of(scan, query, block);
    return kindred_compress_rows((__mmask16)passes, sums, offset, scan->first_query + query, block, scan->hits, found);
}

// A sum begins at minus its threshold, so its sign tells whether it reaches the threshold. Threshold and sum do not
// exceed 2^30 + 2^28 in magnitude, so nothing overflows.
VNNI KINDRED_INLINE __m512i first_sum(const tile_scan *scan, size_t query, size_t block) {
    return _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_set1_epi32(least_of(scan, query, block)));
}

VNNI KINDRED_INLINE __m512i load_codes(const uint8_t *at, bool prefetches, size_t ahead) {
    if (prefetches) __builtin_prefetch((const void *)((uintptr_t)at + ahead));
    return _mm512_loadu_si512(at);
}

// Prefetches this tile's share of the blocks that are `ahead` bytes after some blocks.
VNNI KINDRED_INLINE void prefetch_ahead(const tile_scan *scan, size_t block_count, const size_t *blocks) {
    size_t groups = scan->table->groups;
    size_t first = groups * scan->tile / scan->prefetching_tiles;
    size_t end = groups * (scan->tile + 1) / scan->prefetching_tiles;
    for (size_t b = 0; b < block_count; b++) {
        uintptr_t next = (uintptr_t)(scan->table->codes + 64 * groups * blocks[b]) + scan->ahead;
        for (size_t group = first; group < end; group++) __builtin_prefetch((const void *)(next + 64 * group));
    }
}

// Adds the products of `query_count` queries with `block_count` blocks, both compile-time constants, to sums in
// registers.
VNNI KINDRED_INLINE void add_products(const tile_scan *scan, size_t query_count, size_t block_count, bool prefetches,
                                      const size_t *blocks, __m512i sums[TILE_QUERIES][TILE_BLOCKS_MAX]) {
    size_t groups = scan->table->groups, stride = scan->queries->code_stride;
    const int8_t *query_codes = scan->queries->codes + scan->first_query * stride;
    const uint8_t *codes[TILE_BLOCKS_MAX];
#pragma clang loop unroll(full)
    for (size_t b = 0; b < block_count; b++) codes[b] = scan->table->codes + 64 * groups * blocks[b];
#pragma clang loop unroll(disable)
    for (size_t group = 0; group < groups; group++) {
        __m512i rows[TILE_BLOCKS_MAX];
#pragma clang loop unroll(full)
        for (size_t b = 0; b < block_count; b++) rows[b] = load_codes(codes[b] + 64 * group, prefetches, scan->ahead);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < query_count; i++) {
            __m512i lanes = _mm512_set1_epi32(kindred_load_group(query_codes + i * stride, group));
#pragma clang loop unroll(full)
            for (size_t b = 0; b < block_count; b++) sums[i][b] = _mm512_dpbusd_epi32(sums[i][b], rows[b], lanes);
        }
    }
}

#endif
