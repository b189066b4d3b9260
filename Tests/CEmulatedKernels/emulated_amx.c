#include "emulated_kernels.h"

#if defined(__x86_64__)
// The names of the emulated kernels, in place of those of the machine's. The AMX kernel hands few queries to the other.
#define kindred_vnni_scan emulated_vnni_entry
#define kindred_amx_scan emulated_amx_entry
#include "emulated_tiles.h"

#include "../../Sources/CKindredKernels/scan/scan_amx.c"

int kindred_emulated_amx_quad_max(void) { return emulated_amx_entry.query_quad_max; }

size_t kindred_emulated_amx_scan(const kindred_code_table *table, size_t first_block, size_t block_count,
                                 const kindred_code_queries *queries, size_t query_count,
                                 kindred_code_hit *hits) {
    return emulated_amx_entry.scan(table, first_block, block_count, queries, query_count, hits);
}

bool kindred_emulated_tiles_in_use(void) { return emulated_configured.palette != 0; }
#endif
