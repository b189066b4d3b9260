// The scan kernel of any CPU, in plain C with vectors of 16 bytes.
#include "group_peaks.h"
#include "keep_products.h"
#include "scan_kernel.h"

// Vectors of 16 bytes. The compiler turns them into vector instructions or scalar code.
typedef uint8_t codes8 __attribute__((vector_size(8)));
typedef int16_t wide8 __attribute__((vector_size(16)));
typedef int32_t sums4 __attribute__((vector_size(16)));

enum { PART_COUNT = 8, PART_BYTES = 8, PART_ROWS = 2 };

KINDRED_INLINE sums4 even(wide8 v) {
    return __builtin_convertvector(__builtin_shufflevector(v, v, 0, 2, 4, 6), sums4);
}

KINDRED_INLINE sums4 odd(wide8 v) {
    return __builtin_convertvector(__builtin_shufflevector(v, v, 1, 3, 5, 7), sums4);
}

// The sums of products of a block's rows with one query. A part is the four dimensions of two rows. Products of codes
// do not fit into 16 bits, so rows and query are widened first. The sums of the first and the last two dimensions of
// a row are added at the end.
static void sum_block(const uint8_t *codes, size_t groups, const int8_t *query, int32_t sums[KINDRED_BLOCK_ROWS]) {
    sums4 halves[PART_COUNT] = {0};
    for (size_t group = 0; group < groups; group++, codes += PART_COUNT * PART_BYTES, query += 4) {
        wide8 factors = {query[0], query[1], query[2], query[3], query[0], query[1], query[2], query[3]};
        sums4 even_factors = even(factors), odd_factors = odd(factors);
#pragma clang loop unroll(full)
        for (size_t part = 0; part < PART_COUNT; part++) {
            codes8 narrow;
            memcpy(&narrow, codes + PART_BYTES * part, sizeof narrow);
            wide8 wide = __builtin_convertvector(narrow, wide8);
            halves[part] += even(wide) * even_factors + odd(wide) * odd_factors;
        }
    }
    for (size_t part = 0; part < PART_COUNT; part++) {
        sums[PART_ROWS * part] = halves[part][0] + halves[part][1];
        sums[PART_ROWS * part + 1] = halves[part][2] + halves[part][3];
    }
}

static size_t scan_run(const kindred_code_table *table, size_t first_block, size_t end_block,
                       const kindred_code_queries *queries, size_t query, kindred_code_hit *hits, size_t found) {
    const int8_t *query_codes = queries->codes + query * queries->code_stride;
    int32_t offset = queries->offsets[query];
    kindred_tile_masks masks = kindred_masks_of(queries, query, 1);
    for (size_t block = first_block; block < end_block; block++) {
        uint32_t wanted = kindred_masked_rows(&masks, 0, block) & kindred_live_rows(table, block);
        if (wanted == 0) continue;
        int32_t sums[KINDRED_BLOCK_ROWS];
        sum_block(table->codes + 64 * table->groups * block, table->groups, query_codes, sums);
        int32_t least = kindred_scan_threshold(&table->blocks[block], queries, query) + offset;
        uint32_t rows = 0;
        for (size_t row = 0; row < KINDRED_BLOCK_ROWS; row++) rows |= (uint32_t)(sums[row] >= least) << row;
        rows &= wanted;
        if (rows != 0) found = kindred_keep_rows(rows, sums, offset, query, block, hits, found);
    }
    return found;
}

static size_t scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                   const kindred_code_queries *queries, size_t query_count, kindred_code_hit *hits) {
    size_t found = 0;
    size_t end_block = first_block + block_count;
    size_t run = kindred_run_blocks(table->groups, KINDRED_RUN_BYTES);
    for (size_t block = first_block; block < end_block; block += run) {
        size_t run_end = end_block - block < run ? end_block : block + run;
        for (size_t query = 0; query < query_count; query++)
            found = scan_run(table, block, run_end, queries, query, hits, found);
    }
    return found;
}

static void products(const kindred_code_table *table, size_t first_block, size_t block_count,
                     const kindred_code_queries *queries, size_t query_count, int32_t *products) {
    for (size_t query = 0; query < query_count; query++) {
        const int8_t *query_codes = queries->codes + query * queries->code_stride;
        for (size_t block = first_block; block < first_block + block_count; block++) {
            sum_block(table->codes + 64 * table->groups * block, table->groups, query_codes, products);
            for (size_t row = 0; row < KINDRED_BLOCK_ROWS; row++) products[row] -= queries->offsets[query];
            products += KINDRED_BLOCK_ROWS;
        }
    }
}

void kindred_columns_of_blocks(const kindred_code_table *table, size_t first_block, size_t block_count,
                               kindred_block_columns *columns) {
    size_t chunks = (block_count + KINDRED_COLUMN_BLOCKS - 1) / KINDRED_COLUMN_BLOCKS;
    for (size_t j = 0; j < chunks * KINDRED_COLUMN_BLOCKS; j++) {
        const kindred_code_block *block = &table->blocks[first_block + (j < block_count ? j : block_count - 1)];
        kindred_block_columns *chunk = &columns[j / KINDRED_COLUMN_BLOCKS];
        size_t at = j % KINDRED_COLUMN_BLOCKS;
        chunk->scale[at] = block->scale;
        chunk->inverse_scale[at] = block->inverse_scale;
        chunk->error[at] = block->error;
        chunk->coded_norm[at] = block->coded_norm;
        chunk->norm_min[at] = block->norm_min;
        chunk->norm_max[at] = block->norm_max;
    }
}

static size_t keep(const kindred_code_table *table, const kindred_block_columns *columns,
                   size_t first_block, size_t block_count, const kindred_code_queries *queries,
                   size_t query_count, const int32_t *products, kindred_code_hit *hits) {
    return kindred_keep_of(table, columns, first_block, block_count, queries, query_count, products, hits);
}

static void peaks(const kindred_code_table *table, const kindred_block_columns *columns,
                  size_t first_block, size_t block_count, const kindred_code_queries *queries, size_t i,
                  const int32_t *products, bool by_norm, size_t part_count, float *peaks) {
    kindred_peaks_of(table, columns, first_block, block_count, queries, i, products, by_norm, part_count, peaks);
}

static float kth_greatest(const float *values, size_t count, size_t k) { return kindred_kth_of(values, count, k); }

const kindred_scan_entry kindred_portable_scan = {
    .name = "portable", .query_quad_max = KINDRED_QUAD_MAX, .scan = scan, .products = products,
    .keep = keep, .peaks = peaks, .kth_greatest = kth_greatest};
