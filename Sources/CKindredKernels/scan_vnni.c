#include "scan_kernel.h"

#if defined(__x86_64__)
#include "scan_compress.h"

#define VNNI KINDRED_TARGET("avx512f,avx512bw,avx512vl,avx512vnni,bmi,popcnt")

// A register of codes is one group of a block, a row per lane. Sixteen queries load seventeen registers for
// sixteen multiplications and hide the latency of each; fewer queries split their groups into partial sums
// instead.
enum { TILE_QUERIES = 16, PARTS_MAX = 4, PREFETCH_BYTES = 4096 };

typedef struct {
    const kindred_code_table *table;
    const kindred_code_queries *queries;
    size_t first_query;
    kindred_tile_masks masks;
    kindred_code_hit *hits;
} tile_scan;

// Compares a block with `count` queries by `parts` sums each, both constants of the caller, so that every sum
// lives in a register. Returns the number of hits there are then.
VNNI KINDRED_INLINE size_t scan_block(const tile_scan *scan, size_t count, size_t parts, size_t block,
                                      size_t found) {
    const kindred_code_queries *queries = scan->queries;
    size_t groups = scan->table->groups;
    const uint8_t *codes = scan->table->codes + 64 * groups * block;
    const int8_t *query_codes = queries->codes + scan->first_query * queries->code_stride;
    __m512i sums[TILE_QUERIES][PARTS_MAX];

    int32_t least[TILE_QUERIES];
    kindred_scan_least(&scan->table->blocks[block], queries, scan->first_query, count, least);

#pragma clang loop unroll(full)
    for (size_t i = 0; i < count; i++)
#pragma clang loop unroll(full)
        for (size_t part = 0; part < parts; part++) sums[i][part] = _mm512_setzero_si512();
    size_t group = 0;
    for (; group + parts <= groups; group += parts) {
#pragma clang loop unroll(full)
        for (size_t part = 0; part < parts; part++) {
            const uint8_t *at = codes + 64 * (group + part);
            if (count == 1) __builtin_prefetch((const void *)((uintptr_t)at + PREFETCH_BYTES));
            __m512i rows = _mm512_loadu_si512(at);
#pragma clang loop unroll(full)
            for (size_t i = 0; i < count; i++) {
                int32_t lane = kindred_load_group(query_codes + i * queries->code_stride, group + part);
                sums[i][part] = _mm512_dpbusd_epi32(sums[i][part], rows, _mm512_set1_epi32(lane));
            }
        }
    }
    for (; group < groups; group++) {
        __m512i rows = _mm512_loadu_si512(codes + 64 * group);
#pragma clang loop unroll(full)
        for (size_t i = 0; i < count; i++) {
            int32_t lane = kindred_load_group(query_codes + i * queries->code_stride, group);
            sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], rows, _mm512_set1_epi32(lane));
        }
    }

    __mmask16 passes[TILE_QUERIES];
    uint32_t any = 0;
#pragma clang loop unroll(full)
    for (size_t i = 0; i < count; i++) {
#pragma clang loop unroll(full)
        for (size_t part = 1; part < parts; part++) sums[i][0] = _mm512_add_epi32(sums[i][0], sums[i][part]);
        passes[i] = _mm512_cmpge_epi32_mask(sums[i][0], _mm512_set1_epi32(least[i]));
        any |= passes[i];
    }
    uint32_t live = kindred_live_rows(scan->table, block);
    if ((any & live) == 0) return found;

#pragma clang loop unroll(full)
    for (size_t i = 0; i < count; i++) {
        uint32_t rows = passes[i] & live & kindred_masked_rows(&scan->masks, i, block);
        if (rows == 0) continue;
        size_t query = scan->first_query + i;
        found = kindred_compress_rows((__mmask16)rows, sums[i][0], queries->offsets[query], query, block,
                                      scan->hits, found);
    }
    return found;
}

VNNI KINDRED_INLINE size_t scan_run(tile_scan *scan, size_t count, size_t parts, size_t first_block,
                                    size_t end_block, size_t found) {
    scan->masks = kindred_masks_of(scan->queries, scan->first_query, count);
    for (size_t block = first_block; block < end_block; block++)
        if (kindred_block_wanted(&scan->masks, block)) found = scan_block(scan, count, parts, block, found);
    scan->first_query += count;
    return found;
}

VNNI static size_t scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                        const kindred_code_queries *queries, size_t query_count, kindred_code_hit *hits) {
    tile_scan scan = {.table = table, .queries = queries, .hits = hits};
    size_t found = 0;
    size_t end_block = first_block + block_count;
    size_t run = query_count == 1 ? block_count : kindred_run_blocks(table->groups, KINDRED_RUN_BYTES);
    for (size_t block = first_block; block < end_block; block += run) {
        size_t run_end = end_block - block < run ? end_block : block + run;
        scan.first_query = 0;
        while (query_count - scan.first_query >= TILE_QUERIES)
            found = scan_run(&scan, TILE_QUERIES, 1, block, run_end, found);
        size_t left = query_count - scan.first_query;
        if (left & 8) found = scan_run(&scan, 8, 1, block, run_end, found);
        if (left & 4) found = scan_run(&scan, 4, 2, block, run_end, found);
        if (left & 2) found = scan_run(&scan, 2, 4, block, run_end, found);
        if (left & 1) found = scan_run(&scan, 1, 4, block, run_end, found);
    }
    return found;
}

const kindred_scan_entry kindred_vnni_scan = {.name = "vnni", .query_quad_max = KINDRED_QUAD_MAX, .scan = scan};
#endif
