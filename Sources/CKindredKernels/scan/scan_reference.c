// The definition of a scan as a plain loop, for tests.
#include "scan_kernel.h"

size_t kindred_scan_codes_reference(const kindred_code_table *table, size_t first_block, size_t block_count,
                                    const kindred_code_queries *queries, size_t query_count,
                                    kindred_code_hit *hits) {
    size_t found = 0;
    for (size_t query = 0; query < query_count; query++) {
        const int8_t *query_codes = queries->codes + query * queries->code_stride;
        const uint16_t *mask = queries->masks == NULL ? NULL : queries->masks[query];
        for (size_t block = first_block; block < first_block + block_count; block++) {
            int32_t threshold = kindred_scan_threshold(&table->blocks[block], queries, query);
            for (size_t row = 0; row < KINDRED_BLOCK_ROWS; row++) {
                size_t position = block * KINDRED_BLOCK_ROWS + row;
                if (position >= table->row_count) continue;
                if (mask != NULL && (mask[block] >> row & 1) == 0) continue;
                int32_t product = 0;
                for (size_t i = 0; i < 4 * table->groups; i++) {
                    const uint8_t *group = table->codes + 64 * (block * table->groups + i / 4);
                    product += ((int32_t)group[4 * row + i % 4] - 128) * query_codes[i];
                }
                if (product < threshold) continue;
                hits[found++] = (kindred_code_hit){(uint32_t)query, (uint32_t)position, product};
            }
        }
    }
    return found;
}
