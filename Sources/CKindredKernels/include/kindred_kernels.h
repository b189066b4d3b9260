// The numeric kernels of Kindred. Plain C with no state; every function may be called from any thread.
// No function reads or writes outside the stated extents.
#ifndef KINDRED_KERNELS_H
#define KINDRED_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// ---- Checksums -------------------------------------------------------------------------------------------

// CRC-32 as in zlib (reflected 0xEDB88320). `crc` is the checksum of what came before, 0 at the start.
uint32_t kindred_crc32(uint32_t crc, const void *bytes, size_t byte_count);

// CRC-32C (Castagnoli, reflected 0x82F63B78), by the SSE 4.2 instruction where the CPU has it.
uint32_t kindred_crc32c(uint32_t crc, const void *bytes, size_t byte_count);

// ---- Canonical arithmetic --------------------------------------------------------------------------------

// The canonical float64 sum of a . b over `count` elements: eight partial sums starting at +0, sum j takes the
// products of elements i with i mod 8 = j in ascending order, then ((s0+s4)+(s2+s6))+((s1+s5)+(s3+s7)).
// A product of two float32 is exact in float64, so fused and unfused multiply-add give the same bits.
double kindred_canonical_sum(const float *a, const float *b, size_t count);

// sums[i] = canonical sum of query . rows[i], rows of `count` contiguous floats, for i in 0 ..< row_count.
void kindred_canonical_sums(const float *query, const float *rows, size_t count, size_t row_count,
                            double *sums);

// sums[i] = canonical sum of query . (base + indices[i] * count).
void kindred_canonical_gather(const float *query, const float *base, size_t count, const uint32_t *indices,
                              size_t index_count, double *sums);

// ---- Selection -------------------------------------------------------------------------------------------

// Writes to `survivors` the indices i in ascending order with scores[i] >= threshold; returns their number.
// `survivors` has room for `count`.
size_t kindred_select_at_least(const float *scores, size_t count, float threshold, uint32_t *survivors);

// The same with a threshold per row: scores[i] >= factor * norms[i].
size_t kindred_select_at_least_scaled(const float *scores, const float *norms, size_t count, float factor,
                                      uint32_t *survivors);

#endif
