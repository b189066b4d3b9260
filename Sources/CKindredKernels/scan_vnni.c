#include "scan_kernel.h"

#if defined(__x86_64__)
#include "code_keep.h"
#include "code_peaks.h"
#include "scan_compress.h"

#define VNNI KINDRED_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,bmi,popcnt")

// A register of codes is one group of a block, a row per lane. A tile is some queries times some blocks, with a sum
// in a register for each pair: 8 queries x 2 blocks load ten registers for sixteen multiplications and hide the latency
// of each. More queries need more addresses than there are registers for: 16 queries x 1 block did 179 G
// multiply-adds a second where these do 290 (Sapphire Rapids and Emerald Rapids, 380 at most).
enum { TILE_QUERIES = 8, TILE_BLOCKS_MAX = 4 };

// Thresholds are found for this many queries of a block together, a lane each.
enum { THRESHOLD_QUERIES = 2 * TILE_QUERIES };

// Blocks of a run, for which thresholds are found at a time, and bytes of one that several tiles scan and none asks
// for.
enum { RUN_BLOCKS_MAX = 64, RUN_BYTES_MAX = 64 << 10 };

// How far ahead up to TILE_QUERIES queries ask for codes, on a CPU whose prefetchers stop at the end of a page
// (`asks_itself`). From three tiles on, the tiles of a run ask for the next one, each for its share, while they scan:
// 32 queries over codes in memory, 196 instead of 142 G multiply-adds a second (EPYC, Zen 4), as fast as from a cache.
enum { AHEAD_BYTES = 4096, ASKING_TILES_MIN = 3 };

// A single query of up to so many groups is held in registers.
enum { HELD_GROUPS_MAX = 16, HELD_PARTS = 4 };

typedef struct {
    const kindred_code_table *table;
    const kindred_code_queries *queries;
    kindred_code_hit *hits;
    bool is_far;
    // Of the run at hand.
    size_t first_block, end_block;
    // How many bytes ahead codes are asked for, and the tiles that share it; no tiles where nobody asks.
    size_t ahead, tile, asking_tiles;
    // Of the tile at hand: the least sum of its query i and block b is least[i * query_step + b * block_step], b
    // counted from the run's first.
    size_t first_query;
    kindred_tile_masks masks;
    const int32_t *least;
    size_t query_step, block_step;
} tile_scan;

// Whether few queries must ask for codes ahead. Intel's prefetchers do not follow a stream into the next page. AMD's
// do, and several streams at once; there, asking cost a third: 1 query read 16 instead of 24 GB/s, 4 queries 15 instead
// of 20.
KINDRED_INLINE bool asks_itself(void) { return __builtin_cpu_is("intel"); }

// The thresholds of `count` queries, a constant of the caller, for some blocks; THRESHOLD_QUERIES to a block. A
// function of its own, as the next one, because the compiler makes vectors of what is stored.
VNNI KINDRED_INLINE void store_least(const kindred_code_block *blocks, size_t block_count,
                                     const kindred_code_queries *queries, size_t first_query, size_t count,
                                     int32_t *restrict least) {
    for (size_t block = 0; block < block_count; block++, least += THRESHOLD_QUERIES)
        kindred_scan_least(&blocks[block], queries, first_query, count, least);
}

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

KINDRED_INLINE int32_t least_of(const tile_scan *scan, size_t query, size_t block) {
    return scan->least[query * scan->query_step + (block - scan->first_block) * scan->block_step];
}

// Keeps the rows of a block whose sums, less what they must reach, are not negative.
VNNI KINDRED_INLINE size_t keep_rows(const tile_scan *scan, size_t query, size_t block, __m512i sums, size_t found) {
    uint32_t passes = ~(uint32_t)_mm512_movepi32_mask(sums) & kindred_live_rows(scan->table, block);
    if (passes == 0) return found;
    passes &= kindred_masked_rows(&scan->masks, query, block);
    if (passes == 0) return found;
    int32_t offset = scan->queries->offsets[scan->first_query + query] - least_of(scan, query, block);
    return kindred_compress_rows((__mmask16)passes, sums, offset, scan->first_query + query, block, scan->hits, found);
}

// A sum begins at what it must reach, below zero: neither side of it exceeds 2^30 + 2^28.
VNNI KINDRED_INLINE __m512i first_sum(const tile_scan *scan, size_t query, size_t block) {
    return _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_set1_epi32(least_of(scan, query, block)));
}

VNNI KINDRED_INLINE __m512i load_codes(const uint8_t *at, bool asks, size_t ahead) {
    if (asks) __builtin_prefetch((const void *)((uintptr_t)at + ahead));
    return _mm512_loadu_si512(at);
}

// Asks for this tile's share of the blocks that lie `ahead` of some.
VNNI KINDRED_INLINE void ask_ahead(const tile_scan *scan, size_t block_count, const size_t *blocks) {
    size_t groups = scan->table->groups;
    size_t first = groups * scan->tile / scan->asking_tiles, end = groups * (scan->tile + 1) / scan->asking_tiles;
    for (size_t b = 0; b < block_count; b++) {
        uintptr_t next = (uintptr_t)(scan->table->codes + 64 * groups * blocks[b]) + scan->ahead;
        for (size_t group = first; group < end; group++) __builtin_prefetch((const void *)(next + 64 * group));
    }
}

// Adds the products of `query_count` queries with `block_count` blocks, both constants of the caller, to sums that live
// in registers.
VNNI KINDRED_INLINE void add_products(const tile_scan *scan, size_t query_count, size_t block_count, bool asks,
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
        for (size_t b = 0; b < block_count; b++) rows[b] = load_codes(codes[b] + 64 * group, asks, scan->ahead);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < query_count; i++) {
            __m512i lanes = _mm512_set1_epi32(kindred_load_group(query_codes + i * stride, group));
#pragma clang loop unroll(full)
            for (size_t b = 0; b < block_count; b++) sums[i][b] = _mm512_dpbusd_epi32(sums[i][b], rows[b], lanes);
        }
    }
}

// Compares `query_count` queries with `block_count` blocks, both constants of the caller; of the blocks the first
// `kept_count` count. Returns the number of hits there are then.
VNNI KINDRED_INLINE size_t scan_tile(const tile_scan *scan, size_t query_count, size_t block_count, bool asks,
                                     const size_t *blocks, size_t kept_count, size_t found) {
    __m512i sums[TILE_QUERIES][TILE_BLOCKS_MAX];
#pragma clang loop unroll(full)
    for (size_t b = 0; b < block_count; b++)
#pragma clang loop unroll(full)
        for (size_t i = 0; i < query_count; i++) sums[i][b] = first_sum(scan, i, blocks[b]);
    add_products(scan, query_count, block_count, asks, blocks, sums);

    // A lane is negative while all its sums are below what they must reach.
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

// Scans the run for `query_count` queries, `block_count` blocks at a time, both constants of the caller. The blocks of
// a tile are one of each of so many stretches of the run: codes come from memory as several streams that each go on
// without a gap. Neighbouring blocks, read a line of each in turn, are no streams: 8 queries read 9 instead of 18 GB/s.
VNNI KINDRED_INLINE size_t scan_run(tile_scan *scan, size_t query_count, size_t block_count, bool asks,
                                    size_t found) {
    scan->masks = kindred_masks_of(scan->queries, scan->first_query, query_count);
    if (scan->is_far && scan->asking_tiles == 0)
        scan->masks.skips = kindred_leaves_gaps(&scan->masks, scan->first_block, scan->end_block);
    size_t wanted[TILE_BLOCKS_MAX];
    size_t waiting = 0;
    size_t stretch = (scan->end_block - scan->first_block + block_count - 1) / block_count;
    for (size_t first = scan->first_block; first < scan->first_block + stretch; first++) {
        for (size_t block = first; block < scan->end_block; block += stretch) {
            if (!kindred_block_wanted(&scan->masks, block)) continue;
            wanted[waiting++] = block;
            if (waiting < block_count) continue;
            if (scan->asking_tiles > 0) ask_ahead(scan, block_count, wanted);
            found = scan_tile(scan, query_count, block_count, asks, wanted, block_count, found);
            waiting = 0;
        }
    }
    if (waiting > 0) {
        for (size_t b = waiting; b < block_count; b++) wanted[b] = wanted[waiting - 1];
        found = scan_tile(scan, query_count, block_count, asks, wanted, waiting, found);
    }
    scan->first_query += query_count;
    scan->least += query_count * scan->query_step;
    return found;
}

// Scans the run for one query of `groups` groups, a constant of the caller, so that its codes live in registers.
VNNI KINDRED_INLINE size_t scan_held(tile_scan *scan, size_t groups, bool asks, size_t found) {
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
            __m512i rows = load_codes(codes + 64 * group, asks, scan->ahead);
            sums[group % HELD_PARTS] = _mm512_dpbusd_epi32(sums[group % HELD_PARTS], rows, lanes[group]);
        }
#pragma clang loop unroll(full)
        for (size_t part = 1; part < HELD_PARTS; part++) sums[0] = _mm512_add_epi32(sums[0], sums[part]);
        found = keep_rows(scan, 0, block, sums[0], found);
    }
    scan->first_query += 1;
    return found;
}

VNNI KINDRED_INLINE size_t scan_one(tile_scan *scan, bool asks, size_t found) {
    switch (scan->table->groups) {
    case 4: return scan_held(scan, 4, asks, found);
    case 8: return scan_held(scan, 8, asks, found);
    case 12: return scan_held(scan, 12, asks, found);
    case 16: return scan_held(scan, 16, asks, found);
    default: return scan_run(scan, 1, 4, asks, found);
    }
}

VNNI static size_t scan_many(tile_scan *scan, size_t query_count, bool asks, int32_t *least, size_t found) {
    size_t count = query_count - scan->first_query < THRESHOLD_QUERIES ? TILE_QUERIES : THRESHOLD_QUERIES;
    find_least_of_many(&scan->table->blocks[scan->first_block], scan->end_block - scan->first_block, scan->queries,
                       scan->first_query, count, least);
    scan->least = least;
    scan->query_step = 1;
    scan->block_step = THRESHOLD_QUERIES;
    for (size_t end = scan->first_query + count; scan->first_query < end; scan->tile++)
        found = asks ? scan_run(scan, TILE_QUERIES, 2, true, found) : scan_run(scan, TILE_QUERIES, 2, false, found);
    return found;
}

// The queries beyond the last full tile, in one tile of their own: cut into four, two and one, seven of them read the
// codes three times and took longer than eight. `asks` is a constant of the caller.
VNNI KINDRED_INLINE size_t scan_left(tile_scan *scan, size_t left, bool asks, size_t found) {
    switch (left) {
    case 1: return scan_one(scan, asks, found);
    case 2: return scan_run(scan, 2, 4, asks, found);
    case 3: return scan_run(scan, 3, 4, asks, found);
    case 4: return scan_run(scan, 4, 4, asks, found);
    case 5: return scan_run(scan, 5, 4, asks, found);
    case 6: return scan_run(scan, 6, 3, asks, found);
    default: return scan_run(scan, 7, 2, asks, found);
    }
}

VNNI static size_t scan_few(tile_scan *scan, size_t query_count, bool asks, int32_t *least, size_t found) {
    size_t left = query_count - scan->first_query;
    for (size_t i = 0; i < left; i++)
        find_least_of_one(&scan->table->blocks[scan->first_block], scan->end_block - scan->first_block,
                          scan->queries, scan->first_query + i, least + RUN_BLOCKS_MAX * i);
    scan->least = least;
    scan->query_step = RUN_BLOCKS_MAX;
    scan->block_step = 1;
    scan->asking_tiles = 0;
    return asks ? scan_left(scan, left, true, found) : scan_left(scan, left, false, found);
}

VNNI static size_t scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                        const kindred_code_queries *queries, size_t query_count, kindred_code_hit *hits) {
    int32_t least[THRESHOLD_QUERIES * RUN_BLOCKS_MAX];
    tile_scan scan = {.table = table, .queries = queries, .hits = hits, .is_far = kindred_is_far(table)};
    size_t found = 0;
    size_t end_block = first_block + block_count;
    size_t tiles = query_count / TILE_QUERIES;
    bool asks = query_count <= TILE_QUERIES && asks_itself();
    bool tiles_ask = tiles >= ASKING_TILES_MIN || (tiles > 0 && query_count > TILE_QUERIES && asks_itself());
    size_t run = kindred_run_blocks(table->groups, tiles_ask ? KINDRED_RUN_BYTES : RUN_BYTES_MAX);
    if (run > RUN_BLOCKS_MAX || query_count <= TILE_QUERIES) run = RUN_BLOCKS_MAX;
    scan.ahead = tiles_ask ? 64 * table->groups * run : AHEAD_BYTES;
    for (size_t block = first_block; block < end_block; block += run) {
        scan.first_block = block;
        scan.end_block = end_block - block < run ? end_block : block + run;
        scan.first_query = 0;
        scan.tile = 0;
        scan.asking_tiles = tiles_ask ? tiles : 0;
        while (query_count - scan.first_query >= TILE_QUERIES)
            found = scan_many(&scan, query_count, asks, least, found);
        if (scan.first_query < query_count) found = scan_few(&scan, query_count, asks, least, found);
    }
    return found;
}

// The products of `block_count` blocks with `query_count` queries from `first_query` on, both constants of the caller.
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

// The products of `block_count` blocks, a constant of the caller, with all queries.
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
