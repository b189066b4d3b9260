// The scan kernel for AMX tiles; few queries go to the AVX-512 kernel.
#include "scan_kernel.h"

#if defined(__x86_64__)
#include "scan_compress.h"

#define AMX KINDRED_TARGET("avx512f,avx512bw,avx512vl,amx-tile,amx-int8,bmi,popcnt")

// One instruction multiplies up to 16 queries (a tile register with a query per row) with a chunk of up to 16 groups of
// one block (a tile register with a group per row). Two tiles of queries and two blocks fill the eight registers:
//
//     sums 0 (queries 4, codes 6), 1 (4, 7), 2 (5, 6), 3 (5, 7)
//
// So every loaded register is used twice. Register numbers are part of the instructions.
enum {
    TILE_ROWS = 16,
    PAIR_ROWS = 2 * TILE_ROWS,
    CHUNK_GROUPS_MAX = 16,
    // With fewer queries, most of a tile is empty and the AVX-512 kernel does less work.
    QUERIES_MIN = 5,
    // A run of blocks stays in the second-level cache, which is fast enough for tiles, and is so long that preparing
    // the queries for it costs little.
    RUN_BYTES = 128 << 10,
};

_Static_assert((int)PAIR_ROWS <= (int)KINDRED_TILE_QUERIES_MAX, "the masks of two tiles have room");

// The operand of LDTILECFG (Intel SDM, palette 1).
typedef struct {
    uint8_t palette;
    uint8_t start_row;
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

_Static_assert(sizeof(tile_config) == 64, "LDTILECFG reads 64 bytes");

typedef struct {
    const kindred_code_table *table;
    const kindred_code_queries *queries;
    kindred_code_hit *hits;
    // All tiles of queries have the same height and all chunks of groups the same width, so that one configuration
    // serves all. The last tile overlaps the one before it. The last chunk reads on into the next block, whose codes
    // are multiplied with zeros of the query.
    size_t tile_rows;
    size_t chunk_groups;
    size_t chunk_count;
    // The last block of the table has no next block, so its last chunk is read from this copy.
    size_t edge_block;
    uint8_t edge[64 * CHUNK_GROUPS_MAX];
} amx_scan;

// The queries of up to two tiles, a lane each. A lane without a query, or with a query of an earlier tile, keeps no
// row.
typedef struct {
    size_t tile_count;
    const int8_t *codes[2];
    size_t query[PAIR_ROWS];
    int32_t offsets[PAIR_ROWS];
    float floors[PAIR_ROWS];
    float floors_per_norm[PAIR_ROWS];
    float norms[PAIR_ROWS];
    float errors[PAIR_ROWS];
    kindred_tile_masks masks;
    size_t mask_of[PAIR_ROWS];
} query_pair;

typedef int32_t tile_sums[TILE_ROWS][KINDRED_BLOCK_ROWS];

static void prepare_pair(query_pair *pair, const amx_scan *scan, size_t query_count, size_t first_query) {
    const kindred_code_queries *queries = scan->queries;
    pair->masks.count = 0;
    pair->masks.skips = false;
    pair->tile_count = query_count - first_query > scan->tile_rows ? 2 : 1;
    for (size_t lane = 0; lane < PAIR_ROWS; lane++) {
        size_t tile = lane / TILE_ROWS, row = lane % TILE_ROWS;
        size_t wanted = first_query + tile * scan->tile_rows;
        size_t start = wanted + scan->tile_rows <= query_count ? wanted : query_count - scan->tile_rows;
        size_t query = start + row;
        if (row == 0) pair->codes[tile] = queries->codes + start * queries->code_stride;
        bool kept = tile < pair->tile_count && row < scan->tile_rows && query >= wanted;
        pair->query[lane] = kept ? query : 0;
        pair->offsets[lane] = kept ? queries->offsets[query] : 0;
        pair->floors[lane] = kept ? queries->floors[query] : INFINITY;
        pair->floors_per_norm[lane] = kept ? queries->floors_per_norm[query] : 0;
        pair->norms[lane] = kept ? queries->norms[query] : 0;
        pair->errors[lane] = kept ? queries->errors[query] : 0;
        pair->mask_of[lane] = pair->masks.count;
        if (kept) kindred_add_mask(&pair->masks, queries, query);
    }
}

// The codes of a chunk of a block, `chunk_groups` x 64 bytes.
KINDRED_INLINE const uint8_t *chunk_codes(const amx_scan *scan, size_t block, size_t chunk) {
    if (block == scan->edge_block && chunk == scan->chunk_count - 1) return scan->edge;
    return scan->table->codes + 64 * (scan->table->groups * block + scan->chunk_groups * chunk);
}

AMX KINDRED_INLINE void load_queries(const amx_scan *scan, const query_pair *pair, size_t tile_count,
                                     size_t chunk) {
    size_t at = 4 * scan->chunk_groups * chunk;
    _tile_loadd(4, pair->codes[0] + at, scan->queries->code_stride);
    if (tile_count == 2) _tile_loadd(5, pair->codes[1] + at, scan->queries->code_stride);
}

// Keeps the rows of a block that reach their thresholds for one tile of queries. Returns the new number of hits.
AMX KINDRED_INLINE size_t keep_tile(const amx_scan *scan, const query_pair *pair, size_t first_lane, size_t block,
                                    const int32_t *least, const tile_sums sums, size_t found) {
    // A lane stays negative while its sums are below their thresholds. Neither exceeds 2^30 + 2^28 in magnitude, so the
    // difference does not overflow.
    __m512i below = _mm512_set1_epi32(-1);
    for (size_t row = 0; row < scan->tile_rows; row++) {
        __m512i limit = _mm512_set1_epi32(least[row]);
        below = _mm512_and_si512(below, _mm512_sub_epi32(_mm512_loadu_si512(sums[row]), limit));
    }
    uint32_t any = _mm512_cmpge_epi32_mask(below, _mm512_setzero_si512()) & kindred_live_rows(scan->table, block);
    if (any == 0) return found;

    for (size_t row = 0; row < scan->tile_rows; row++) {
        __m512i products = _mm512_loadu_si512(sums[row]);
        uint32_t rows = _mm512_cmpge_epi32_mask(products, _mm512_set1_epi32(least[row])) & any;
        if (rows == 0) continue;
        size_t lane = first_lane + row;
        rows &= kindred_masked_rows(&pair->masks, pair->mask_of[lane], block);
        if (rows == 0) continue;
        found = kindred_compress_rows((__mmask16)rows, products, pair->offsets[lane], pair->query[lane], block,
                                      scan->hits, found);
    }
    return found;
}

// Compares one or two tiles of queries, a compile-time constant, with one or two blocks. A single block is multiplied
// twice and kept once. Returns the new number of hits.
AMX KINDRED_INLINE size_t scan_blocks(const amx_scan *scan, const query_pair *pair, size_t tile_count,
                                      const size_t blocks[2], size_t block_count, size_t found) {
    _Alignas(64) tile_sums sums[4];
    size_t second = block_count - 1;

    _tile_zero(0);
    _tile_zero(1);
    if (tile_count == 2) {
        _tile_zero(2);
        _tile_zero(3);
    }
    for (size_t chunk = 0; chunk < scan->chunk_count; chunk++) {
        // A single chunk of the queries stays in its registers during the whole run.
        if (scan->chunk_count > 1) load_queries(scan, pair, tile_count, chunk);
        _tile_loadd(6, chunk_codes(scan, blocks[0], chunk), 64);
        _tile_loadd(7, chunk_codes(scan, blocks[second], chunk), 64);
        _tile_dpbsud(0, 4, 6);
        _tile_dpbsud(1, 4, 7);
        if (tile_count == 2) {
            _tile_dpbsud(2, 5, 6);
            _tile_dpbsud(3, 5, 7);
        }
    }
    _tile_stored(0, sums[0], 64);
    _tile_stored(1, sums[1], 64);
    if (tile_count == 2) {
        _tile_stored(2, sums[2], 64);
        _tile_stored(3, sums[3], 64);
    }

    const kindred_code_queries lanes = {
        .offsets = pair->offsets,
        .floors = pair->floors,
        .floors_per_norm = pair->floors_per_norm,
        .norms = pair->norms,
        .errors = pair->errors,
    };
    for (size_t b = 0; b < block_count; b++) {
        int32_t least[PAIR_ROWS];
        kindred_scan_least(&scan->table->blocks[blocks[b]], &lanes, 0, tile_count * TILE_ROWS, least);
        for (size_t tile = 0; tile < tile_count; tile++) {
            size_t lane = tile * TILE_ROWS;
            found = keep_tile(scan, pair, lane, blocks[b], least + lane, sums[2 * tile + b], found);
        }
    }
    return found;
}

AMX KINDRED_INLINE size_t scan_run(const amx_scan *scan, const query_pair *pair, size_t tile_count,
                                   size_t first_block, size_t end_block, size_t found) {
    if (scan->chunk_count == 1) load_queries(scan, pair, tile_count, 0);
    size_t wanted[2];
    size_t waiting = 0;
    for (size_t block = first_block; block < end_block; block++) {
        if (!kindred_block_wanted(&pair->masks, block)) continue;
        wanted[waiting++] = block;
        if (waiting < 2) continue;
        found = scan_blocks(scan, pair, tile_count, wanted, 2, found);
        waiting = 0;
    }
    return waiting == 0 ? found : scan_blocks(scan, pair, tile_count, wanted, 1, found);
}

AMX static void configure_tiles(const amx_scan *scan) {
    tile_config config = {.palette = 1};
    for (size_t tile = 0; tile < 8; tile++) {
        config.rows[tile] = (uint8_t)(tile < 6 ? scan->tile_rows : scan->chunk_groups);
        config.row_bytes[tile] = (uint16_t)(tile == 4 || tile == 5 ? 4 * scan->chunk_groups : 64);
    }
    _tile_loadconfig(&config);
}

AMX static size_t scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                       const kindred_code_queries *queries, size_t query_count, kindred_code_hit *hits) {
    if (query_count < QUERIES_MIN)
        return kindred_vnni_scan.scan(table, first_block, block_count, queries, query_count, hits);

    amx_scan scan = {.table = table, .queries = queries, .hits = hits};
    size_t tile_count = (query_count + TILE_ROWS - 1) / TILE_ROWS;
    scan.tile_rows = (query_count + tile_count - 1) / tile_count;
    scan.chunk_count = (table->groups + CHUNK_GROUPS_MAX - 1) / CHUNK_GROUPS_MAX;
    scan.chunk_groups = (table->groups + scan.chunk_count - 1) / scan.chunk_count;
    size_t last_block = (table->row_count + KINDRED_BLOCK_ROWS - 1) / KINDRED_BLOCK_ROWS - 1;
    scan.edge_block = SIZE_MAX;
    if (scan.chunk_groups * scan.chunk_count > table->groups && first_block + block_count > last_block) {
        size_t before = scan.chunk_groups * (scan.chunk_count - 1);
        memcpy(scan.edge, table->codes + 64 * (table->groups * last_block + before),
               64 * (table->groups - before));
        scan.edge_block = last_block;
    }

    size_t found = 0;
    size_t end_block = first_block + block_count;
    size_t run = kindred_run_blocks(table->groups, RUN_BYTES);
    configure_tiles(&scan);
    for (size_t block = first_block; block < end_block; block += run) {
        size_t run_end = end_block - block < run ? end_block : block + run;
        for (size_t query = 0; query < query_count; query += 2 * scan.tile_rows) {
            query_pair pair;
            prepare_pair(&pair, &scan, query_count, query);
            found = pair.tile_count == 2 ? scan_run(&scan, &pair, 2, block, run_end, found)
                                         : scan_run(&scan, &pair, 1, block, run_end, found);
        }
    }
    _tile_release();
    return found;
}

// Products are needed once a scan and mostly of few blocks, so they do not use tiles.
static void products(const kindred_code_table *table, size_t first_block, size_t block_count,
                     const kindred_code_queries *queries, size_t query_count, int32_t *products) {
    kindred_vnni_scan.products(table, first_block, block_count, queries, query_count, products);
}

static size_t keep(const kindred_code_table *table, const kindred_block_columns *columns, size_t first_block,
                   size_t block_count, const kindred_code_queries *queries, size_t query_count,
                   const int32_t *products, kindred_code_hit *hits) {
    return kindred_vnni_scan.keep(table, columns, first_block, block_count, queries, query_count, products, hits);
}

static void peaks(const kindred_code_table *table, const kindred_block_columns *columns, size_t first_block,
                  size_t block_count, const kindred_code_queries *queries, size_t i, const int32_t *products,
                  bool by_norm, size_t part_count, float *peaks) {
    kindred_vnni_scan.peaks(table, columns, first_block, block_count, queries, i, products, by_norm, part_count,
                            peaks);
}

static float kth_greatest(const float *values, size_t count, size_t k) {
    return kindred_vnni_scan.kth_greatest(values, count, k);
}

const kindred_scan_entry kindred_amx_scan = {
    .name = "amx", .query_quad_max = KINDRED_QUAD_MAX, .scan = scan, .products = products,
    .keep = keep, .peaks = peaks, .kth_greatest = kth_greatest};
#endif
