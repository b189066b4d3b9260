#include "emulated_kernels.h"

#if defined(__x86_64__)
#include "emulated_vectors.h"

#define kindred_vnni_scan emulated_vnni_entry
// Here it asks for codes ahead, whatever CPU this is: what the kernels of the machine do is tested with them.
#define __builtin_cpu_is(vendor) true
#include "../../Sources/CKindredKernels/scan/scan_vnni.c"

size_t kindred_emulated_vnni_scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                                  const kindred_code_queries *queries, size_t query_count,
                                  kindred_code_hit *hits) {
    return emulated_vnni_entry.scan(table, first_block, block_count, queries, query_count, hits);
}

void kindred_emulated_vnni_products(const kindred_code_table *table, size_t first_block, size_t block_count,
                                    const kindred_code_queries *queries, size_t query_count, int32_t *products) {
    emulated_vnni_entry.products(table, first_block, block_count, queries, query_count, products);
}

size_t kindred_emulated_vnni_keep(const kindred_code_table *table, const kindred_block_columns *columns,
                                  size_t first_block, size_t block_count, const kindred_code_queries *queries,
                                  size_t query_count, const int32_t *products, kindred_code_hit *hits) {
    return emulated_vnni_entry.keep(table, columns, first_block, block_count, queries, query_count, products, hits);
}
#endif
