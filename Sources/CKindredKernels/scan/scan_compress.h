// Writing hits with AVX-512.
#ifndef KINDRED_SCAN_COMPRESS_H
#define KINDRED_SCAN_COMPRESS_H

#include "scan_kernel.h"

#include <immintrin.h>

// The emulation of the kernels defines it empty.
#ifndef KINDRED_TARGET
#define KINDRED_TARGET(features) __attribute__((target(features)))
#endif

_Static_assert(sizeof(kindred_code_hit) == 12, "hits are written as three lanes");

// The sources of the three lanes of each hit: the position of hit i is lane i of the first source, its product lane i
// of the second source (index 16 + i). The query lane is overwritten afterwards, so its source does not matter.
static const int32_t kindred_hit_sources[3][16] = {
    {0, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0},
    {5, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10},
    {26, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31},
};

static const __mmask16 kindred_query_lanes[3] = {0x9249, 0x4924, 0x2492};

static const int32_t kindred_row_numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// Appends the rows of a block whose bit is set to the hits; returns the new number of hits. Lanes are compressed in
// registers, since compressing to memory is microcode on some CPUs. All 16 elements are written, even if fewer are
// wanted. There is room: `hits` has 16 elements for every block that is not compared yet, this one included.
KINDRED_TARGET("avx512f,avx512bw,avx512vl,popcnt")
KINDRED_INLINE size_t kindred_compress_rows(__mmask16 rows, __m512i sums, int32_t offset, size_t query,
                                            size_t block, kindred_code_hit *hits, size_t found) {
    __m512i positions = _mm512_add_epi32(_mm512_loadu_si512(kindred_row_numbers),
                                         _mm512_set1_epi32((int32_t)(block * KINDRED_BLOCK_ROWS)));
    __m512i products = _mm512_sub_epi32(sums, _mm512_set1_epi32(offset));
    positions = _mm512_maskz_compress_epi32(rows, positions);
    products = _mm512_maskz_compress_epi32(rows, products);
    int32_t *next = (int32_t *)(hits + found);
    for (size_t i = 0; i < 3; i++) {
        __m512i sources = _mm512_loadu_si512(kindred_hit_sources[i]);
        __m512i lanes = _mm512_permutex2var_epi32(positions, sources, products);
        lanes = _mm512_mask_mov_epi32(lanes, kindred_query_lanes[i], _mm512_set1_epi32((int32_t)query));
        _mm512_storeu_si512(next + 16 * i, lanes);
    }
    return found + (size_t)__builtin_popcount(rows);
}

#endif
