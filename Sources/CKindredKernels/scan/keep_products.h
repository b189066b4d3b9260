// Keeps rows by known products: plain C that each kernel compiles for its own instructions.
#ifndef KINDRED_KEEP_PRODUCTS_H
#define KINDRED_KEEP_PRODUCTS_H

#include "scan_kernel.h"

typedef int32_t kindred_block_products __attribute__((ext_vector_type(KINDRED_BLOCK_ROWS)));
typedef bool kindred_block_rows __attribute__((ext_vector_type(KINDRED_BLOCK_ROWS)));

// The rows of a block whose product is at least `least`, a bit each.
KINDRED_INLINE uint32_t kindred_rows_at_least(const int32_t *products, int32_t least) {
    kindred_block_products block;
    memcpy(&block, products, sizeof block);
    kindred_block_rows rows = __builtin_convertvector(block >= least, kindred_block_rows);
    uint16_t bits;
    _Static_assert(sizeof rows == sizeof bits, "a bit per row");
    memcpy(&bits, &rows, sizeof bits);
    return bits;
}

typedef uint16_t kindred_rows_of_blocks __attribute__((ext_vector_type(KINDRED_COLUMN_BLOCKS)));
typedef bool kindred_some_blocks __attribute__((ext_vector_type(KINDRED_COLUMN_BLOCKS)));

// A bit for each block with at least one row.
KINDRED_INLINE uint64_t kindred_blocks_with_rows(const uint16_t rows[KINDRED_COLUMN_BLOCKS]) {
    kindred_rows_of_blocks all;
    memcpy(&all, rows, sizeof all);
    kindred_some_blocks some = __builtin_convertvector(all != 0, kindred_some_blocks);
    uint64_t bits;
    _Static_assert(sizeof some == sizeof bits, "a bit per block");
    memcpy(&bits, &some, sizeof bits);
    return bits;
}

// The body of kindred_keep_products. Compares all blocks of some columns first and visits only those with kept rows,
// since a CPU cannot predict which blocks have some.
KINDRED_INLINE size_t kindred_keep_of(const kindred_code_table *table, const kindred_block_columns *columns,
                                      size_t first_block, size_t block_count, const kindred_code_queries *queries,
                                      size_t query_count, const int32_t *products, kindred_code_hit *hits) {
    size_t found = 0;
    int32_t least[KINDRED_COLUMN_BLOCKS];
    uint16_t rows[KINDRED_COLUMN_BLOCKS];
    for (size_t i = 0; i < query_count; i++) {
        kindred_tile_masks masks = kindred_masks_of(queries, i, 1);
        for (size_t done = 0; done < block_count; done += KINDRED_COLUMN_BLOCKS) {
            size_t left = block_count - done;
            size_t count = left < KINDRED_COLUMN_BLOCKS ? left : KINDRED_COLUMN_BLOCKS;
            kindred_scan_least_of_columns(&columns[done / KINDRED_COLUMN_BLOCKS], queries, i, least);
            for (size_t j = 0; j < count; j++)
                rows[j] = (uint16_t)kindred_rows_at_least(products + KINDRED_BLOCK_ROWS * j, least[j]);
            for (size_t j = count; j < KINDRED_COLUMN_BLOCKS; j++) rows[j] = 0;
            for (uint64_t blocks = kindred_blocks_with_rows(rows); blocks != 0; blocks &= blocks - 1) {
                size_t j = (size_t)__builtin_ctzll(blocks), block = first_block + done + j;
                uint32_t kept =
                    rows[j] & kindred_live_rows(table, block) & kindred_masked_rows(&masks, 0, block);
                found = kindred_keep_rows(kept, products + KINDRED_BLOCK_ROWS * j, 0, i, block, hits, found);
            }
            products += KINDRED_BLOCK_ROWS * count;
        }
    }
    return found;
}

#endif
