// Tables of functions, one table per instruction set. dispatch.c chooses among them once, before main.
#ifndef KINDRED_KERNEL_TABLE_H
#define KINDRED_KERNEL_TABLE_H

#include "kindred_kernels.h"

typedef struct {
    double (*canonical_sum)(const float *, const float *, size_t);
    void (*canonical_pairs)(const double *, const float *, size_t, const kindred_vector_pair *, size_t, double *);
    size_t (*select_at_least)(const float *, size_t, float, uint32_t *);
    size_t (*select_at_least_scaled)(const float *, const float *, size_t, float, uint32_t *);
    uint32_t (*crc32c)(uint32_t, const void *, size_t);
} kindred_kernel_table;

extern const kindred_kernel_table kindred_portable_kernels;

uint32_t kindred_crc32c_portable(uint32_t crc, const void *bytes, size_t byte_count);

// Replaces the entries of `table` that are faster with this instruction set, if the CPU has it.
void kindred_use_sse42(kindred_kernel_table *table);
void kindred_use_avx2(kindred_kernel_table *table);

// Functions that encode vectors. All encoders write the same bits.
typedef struct {
    void (*block)(const float *const *rows, const double *norms, size_t row_count, size_t dimension,
                  uint8_t *codes, kindred_code_block *block);
    void (*query)(const float *query, size_t dimension, int quad_max, int8_t *codes, kindred_query_code *code);
} kindred_encoder;

extern const kindred_encoder kindred_portable_encoder;
extern const kindred_encoder kindred_avx2_encoder;

// Functions on triangles. All sets give the same bits.
extern const kindred_triangle_kernels kindred_portable_triangle;
extern const kindred_triangle_kernels kindred_avx2_triangle;

// Combines the eight partial sums of a canonical sum.
static inline double kindred_combine(const double s[8]) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

#endif
