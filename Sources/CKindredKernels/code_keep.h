// Keeps rows by products that are known already: plain C that each kernel compiles for its own instructions.
#ifndef KINDRED_CODE_KEEP_H
#define KINDRED_CODE_KEEP_H

#include "scan_kernel.h"

// Blocks that thresholds are found for at a time.
enum { KINDRED_KEEP_BLOCKS = 64 };

typedef int32_t kindred_block_products __attribute__((ext_vector_type(KINDRED_BLOCK_ROWS)));
typedef bool kindred_block_rows __attribute__((ext_vector_type(KINDRED_BLOCK_ROWS)));

// The rows of a block whose products are large enough, a bit each.
KINDRED_INLINE uint32_t kindred_rows_at_least(const int32_t *products, int32_t least) {
    kindred_block_products block;
    memcpy(&block, products, sizeof block);
    kindred_block_rows rows = __builtin_convertvector(block >= least, kindred_block_rows);
    uint16_t bits;
    _Static_assert(sizeof rows == sizeof bits, "a bit per row");
    memcpy(&bits, &rows, sizeof bits);
    return bits;
}

// Hits have room for all rows of the blocks that are still to be compared, as a scan's.
KINDRED_INLINE size_t kindred_keep_of(const kindred_code_table *table, size_t first_block, size_t block_count,
                                      const kindred_code_queries *queries, size_t query_count,
                                      const int32_t *products, kindred_code_hit *hits) {
    size_t found = 0;
    int32_t least[KINDRED_KEEP_BLOCKS];
    for (size_t i = 0; i < query_count; i++) {
        kindred_tile_masks masks = kindred_masks_of(queries, i, 1);
        for (size_t done = 0; done < block_count; done += KINDRED_KEEP_BLOCKS) {
            size_t count = block_count - done < KINDRED_KEEP_BLOCKS ? block_count - done : KINDRED_KEEP_BLOCKS;
            kindred_scan_least_of_blocks(&table->blocks[first_block + done], count, queries, i, 0, least);
            for (size_t j = 0; j < count; j++, products += KINDRED_BLOCK_ROWS) {
                uint32_t rows = kindred_rows_at_least(products, least[j]);
                if (rows == 0) continue;
                size_t block = first_block + done + j;
                rows &= kindred_live_rows(table, block) & kindred_masked_rows(&masks, 0, block);
                if (rows != 0) found = kindred_keep_rows(rows, products, 0, i, block, hits, found);
            }
        }
    }
    return found;
}

#endif
