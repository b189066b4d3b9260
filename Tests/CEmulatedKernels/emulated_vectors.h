// The AVX-512 intrinsics that the scan kernels use, as loops over lanes. Include it before a kernel's source: the
// kernel's own include of immintrin.h then has no effect.
#ifndef KINDRED_EMULATED_VECTORS_H
#define KINDRED_EMULATED_VECTORS_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

// Empty, so that the compiler does not use the emulated instructions by itself.
#define KINDRED_TARGET(features)

// The kernels force inlining: a copy of a tile exists for each number of queries and blocks, and loops over a tile are
// unrolled. With 16 lanes in place of one register, these copies are so large that the optimiser needs minutes.
// Here the optimiser decides which functions to inline. Those of scan_kernel.h, shared by all kernels, stay forced.
#include "../../Sources/CKindredKernels/scan/scan_kernel.h"
#undef KINDRED_INLINE
#define KINDRED_INLINE static inline
// A loop over a tile cannot be unrolled where its length is an argument.
#pragma clang diagnostic ignored "-Wpass-failed"

#define EMULATED static inline __attribute__((unused))

typedef struct {
    int32_t lanes[16];
} emulated_vector;

EMULATED emulated_vector emulated_set1(int32_t value) {
    emulated_vector result;
    for (int i = 0; i < 16; i++) result.lanes[i] = value;
    return result;
}

EMULATED emulated_vector emulated_load(const void *bytes) {
    emulated_vector result;
    memcpy(result.lanes, bytes, 64);
    return result;
}

EMULATED void emulated_store(void *bytes, emulated_vector a) { memcpy(bytes, a.lanes, 64); }

EMULATED emulated_vector emulated_add(emulated_vector a, emulated_vector b) {
    for (int i = 0; i < 16; i++) a.lanes[i] = (int32_t)((uint32_t)a.lanes[i] + (uint32_t)b.lanes[i]);
    return a;
}

EMULATED emulated_vector emulated_sub(emulated_vector a, emulated_vector b) {
    for (int i = 0; i < 16; i++) a.lanes[i] = (int32_t)((uint32_t)a.lanes[i] - (uint32_t)b.lanes[i]);
    return a;
}

EMULATED emulated_vector emulated_and(emulated_vector a, emulated_vector b) {
    for (int i = 0; i < 16; i++) a.lanes[i] &= b.lanes[i];
    return a;
}

// Adds four products of unsigned bytes of `a` and signed bytes of `b` to each lane, without saturation.
EMULATED emulated_vector emulated_dpbusd(emulated_vector sum, emulated_vector a, emulated_vector b) {
    for (int i = 0; i < 16; i++) {
        uint8_t x[4];
        int8_t y[4];
        memcpy(x, &a.lanes[i], 4);
        memcpy(y, &b.lanes[i], 4);
        int32_t products = x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3];
        sum.lanes[i] = (int32_t)((uint32_t)sum.lanes[i] + (uint32_t)products);
    }
    return sum;
}

EMULATED __mmask16 emulated_cmpge(emulated_vector a, emulated_vector b) {
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++) mask |= (uint32_t)(a.lanes[i] >= b.lanes[i]) << i;
    return (__mmask16)mask;
}

EMULATED __mmask16 emulated_signs(emulated_vector a) {
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++) mask |= (uint32_t)(a.lanes[i] < 0) << i;
    return (__mmask16)mask;
}

EMULATED emulated_vector emulated_compress(__mmask16 mask, emulated_vector a) {
    emulated_vector result = emulated_set1(0);
    int next = 0;
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) result.lanes[next++] = a.lanes[i];
    return result;
}

EMULATED emulated_vector emulated_permute2(emulated_vector a, emulated_vector sources, emulated_vector b) {
    emulated_vector result;
    for (int i = 0; i < 16; i++) {
        int source = sources.lanes[i] & 31;
        result.lanes[i] = source < 16 ? a.lanes[source] : b.lanes[source - 16];
    }
    return result;
}

EMULATED emulated_vector emulated_mask_mov(emulated_vector otherwise, __mmask16 mask, emulated_vector a) {
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) otherwise.lanes[i] = a.lanes[i];
    return otherwise;
}

#undef _mm512_cmpge_epi32_mask

#define __m512i emulated_vector
#define _mm512_setzero_si512() emulated_set1(0)
#define _mm512_set1_epi32 emulated_set1
#define _mm512_loadu_si512 emulated_load
#define _mm512_storeu_si512 emulated_store
#define _mm512_add_epi32 emulated_add
#define _mm512_sub_epi32 emulated_sub
#define _mm512_and_si512 emulated_and
#define _mm512_dpbusd_epi32 emulated_dpbusd
#define _mm512_cmpge_epi32_mask emulated_cmpge
#define _mm512_movepi32_mask emulated_signs
#define _mm512_maskz_compress_epi32 emulated_compress
#define _mm512_permutex2var_epi32 emulated_permute2
#define _mm512_mask_mov_epi32 emulated_mask_mov

#endif
