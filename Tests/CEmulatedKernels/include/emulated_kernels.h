// The scan kernels for instruction sets that the machine may lack, compiled from the kernels' own sources against
// emulated instructions. For tests only: they are slow. The emulation checks the use of tiles as strictly as hardware.
#ifndef KINDRED_EMULATED_KERNELS_H
#define KINDRED_EMULATED_KERNELS_H

#include "kindred_kernels.h"

#include <stdbool.h>

// The limits of a quad, as the kernels state them.
int kindred_emulated_vnni_quad_max(void);
int kindred_emulated_amx_quad_max(void);

size_t kindred_emulated_vnni_scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                                  const kindred_code_queries *queries, size_t query_count,
                                  kindred_code_hit *hits);

void kindred_emulated_vnni_products(const kindred_code_table *table, size_t first_block, size_t block_count,
                                    const kindred_code_queries *queries, size_t query_count, int32_t *products);
size_t kindred_emulated_vnni_keep(const kindred_code_table *table, const kindred_block_columns *columns,
                                  size_t first_block, size_t block_count, const kindred_code_queries *queries,
                                  size_t query_count, const int32_t *products, kindred_code_hit *hits);

size_t kindred_emulated_amx_scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                                 const kindred_code_queries *queries, size_t query_count,
                                 kindred_code_hit *hits);

// Whether this thread has tiles configured. A scan must release them, so that this is false after it.
bool kindred_emulated_tiles_in_use(void);

#endif
