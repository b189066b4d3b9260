#include "emulated_kernels.h"

#if defined(__x86_64__)
// The name of the emulated kernel, in place of the machine's.
#define kindred_vnni_scan emulated_vnni_entry
#include "emulated_vectors.h"

// The emulated kernel prefetches on every CPU. The machine's own kernel, tested as well, follows the CPU.
#define __builtin_cpu_is(vendor) true
#include "../../Sources/CKindredKernels/scan/scan_vnni.c"

int kindred_emulated_vnni_quad_max(void) { return emulated_vnni_entry.query_quad_max; }

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
