// Encodes vectors as int8 codes, with the proven bounds that a scan of the codes relies on.
//
// Codes and bounds have the same bits on every CPU: sums are float64 in a fixed order and no operation is fused. So a
// codes file from one machine can be checked byte by byte on another.
#include "../kernel_table.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { LANES = 8, PREFETCH_ROWS = 4, PREFETCH_ELEMENTS = 128 };
typedef float lanes_f32 __attribute__((vector_size(4 * LANES)));
typedef int32_t lanes_i32 __attribute__((vector_size(4 * LANES)));
typedef double lanes_f64 __attribute__((vector_size(8 * LANES)));
typedef int8_t lanes_i8 __attribute__((vector_size(LANES)));

// One body, compiled for the baseline and for AVX2. Lanes are passed by address, since the calling convention of a wide
// vector depends on the instruction set.
#define INLINED static inline __attribute__((always_inline))

// Sums over the elements of one vector. Lane j takes elements i with i mod 8 = j.
typedef struct {
    lanes_f64 error_squares;
    lanes_i32 code_squares;
    lanes_i32 codes;
} vector_sums;

// A factor that makes a computed bound at least the exact one. Every float64 sum here has at most d non-negative terms
// with at most three roundings each, and at most six operations follow, so a computed bound is below the exact one by a
// factor of at most 1 + (d + 12) 2^-53. The factor here is about four times as far from 1. It costs no precision, since
// the bounds are stored as float32.
INLINED double inflation(size_t dimension) { return 1 + (double)(dimension + 16) * 0x1p-51; }

INLINED float rounded_up(double value) {
    float rounded = (float)value;
    return (double)rounded < value ? nextafterf(rounded, INFINITY) : rounded;
}

INLINED float rounded_down(double value) {
    float rounded = (float)value;
    return (double)rounded > value ? nextafterf(rounded, -INFINITY) : rounded;
}

// Loads the last 1 to 7 elements; the other lanes are 0.
INLINED void load_rest(const float *elements, size_t count, lanes_f32 *lanes) {
    *lanes = (lanes_f32){0};
    memcpy(lanes, elements, count * sizeof(float));
}

// Raises `greatest` to the magnitudes of eight elements, as bits: bits of non-negative floats order like the floats.
INLINED void raise_to_magnitudes(const lanes_f32 *elements, lanes_i32 *greatest) {
    lanes_i32 magnitudes = (lanes_i32)*elements & 0x7FFFFFFF;
    lanes_i32 is_greater = magnitudes > *greatest;
    *greatest = (magnitudes & is_greater) | (*greatest & ~is_greater);
}

// Raises `greatest` to the magnitudes of all elements of a vector.
INLINED void measure(const float *vector, size_t dimension, lanes_i32 *greatest) {
    size_t whole = dimension & ~(size_t)(LANES - 1);
    lanes_f32 elements;
    for (size_t i = 0; i < whole; i += LANES) {
        memcpy(&elements, vector + i, sizeof elements);
        raise_to_magnitudes(&elements, greatest);
    }
    if (whole == dimension) return;
    load_rest(vector + whole, dimension - whole, &elements);
    raise_to_magnitudes(&elements, greatest);
}

// The scale that gives the greatest magnitude the code 127; 1 for zeros, and at least 2^-100. It is rounded to nearest,
// so the quotient of magnitude and scale exceeds 127 by a factor of at most 1 + 2^-22. That rounds to 127, so no code
// needs clamping.
INLINED float scale_for(const lanes_i32 *greatest) {
    int32_t bits = 0;
    for (int j = 0; j < LANES; j++) bits = (*greatest)[j] > bits ? (*greatest)[j] : bits;
    float magnitude;
    memcpy(&magnitude, &bits, sizeof magnitude);
    if (magnitude == 0) return 1;
    float scale = magnitude / 127;
    return scale < 0x1p-100f ? 0x1p-100f : scale;
}

// Encodes eight elements and adds to `sums`. Adding 1.5 x 2^23 to a float32 leaves the nearest integer in its low bits.
// Products of scale and code are exact in float64.
INLINED void encode_lanes(const lanes_f32 *elements, float scale, float inverse_scale, lanes_i32 *codes,
                          vector_sums *sums) {
    const float shift = 0x1.8p23f;
    lanes_f32 shifted = *elements * inverse_scale + shift;
    *codes = (lanes_i32)shifted - 0x4B400000;
    lanes_f64 error = __builtin_convertvector(*elements, lanes_f64) -
                      (double)scale * __builtin_convertvector(*codes, lanes_f64);
    sums->error_squares += error * error;
    sums->code_squares += *codes * *codes;
    sums->codes += *codes;
}

// Encodes a vector: four bytes per group, groups `stride` bytes apart, every byte xor `flip`.
INLINED void encode_vector(const float *vector, size_t dimension, float scale, size_t stride, int flip,
                           uint8_t *codes, vector_sums *sums) {
    float inverse_scale = 1 / scale;
    size_t whole = dimension & ~(size_t)(LANES - 1);
    lanes_f32 elements;
    lanes_i32 numbers;
    for (size_t i = 0; i < whole; i += LANES, codes += 2 * stride) {
        memcpy(&elements, vector + i, sizeof elements);
        encode_lanes(&elements, scale, inverse_scale, &numbers, sums);
        lanes_i8 bytes = __builtin_convertvector(numbers ^ flip, lanes_i8);
        memcpy(codes, &bytes, 4);
        memcpy(codes + stride, (const char *)&bytes + 4, 4);
    }
    if (whole == dimension) return;
    load_rest(vector + whole, dimension - whole, &elements);
    encode_lanes(&elements, scale, inverse_scale, &numbers, sums);
    lanes_i8 bytes = __builtin_convertvector(numbers ^ flip, lanes_i8);
    memcpy(codes, &bytes, 4);
    if (dimension - whole > 4) memcpy(codes + stride, (const char *)&bytes + 4, 4);
}

INLINED double total_f64(const lanes_f64 *lanes) {
    double sums[LANES];
    memcpy(sums, lanes, sizeof sums);
    return kindred_combine(sums);
}

INLINED int32_t total_i32(const lanes_i32 *lanes) {
    int32_t total = 0;
    for (int j = 0; j < LANES; j++) total += (*lanes)[j];
    return total;
}

INLINED void encode_block(const float *const *rows, const double *norms, size_t row_count, size_t dimension,
                          uint8_t *codes, kindred_code_block *block) {
    lanes_i32 greatest = {0};
    // The rows of a block are anywhere in memory. Only the begin of a row is prefetched; then the hardware prefetcher
    // follows the row.
    size_t near = dimension < PREFETCH_ELEMENTS ? dimension : PREFETCH_ELEMENTS;
    for (size_t r = 0; r < row_count; r++) {
        if (r + PREFETCH_ROWS < row_count) kindred_prefetch(rows[r + PREFETCH_ROWS], near);
        measure(rows[r], dimension, &greatest);
    }
    float scale = scale_for(&greatest);
    if (row_count < KINDRED_BLOCK_ROWS) memset(codes, 128, 64 * ((dimension + 3) / 4));

    double grow = inflation(dimension);
    // The distance of the canonical sum, of norms and of their quotient from exact arithmetic, per |x|.
    double rounding = (double)(dimension + 8) * 0x1p-50;
    double error_max = 0, norm_min = INFINITY, norm_max = 0;
    int32_t code_squares_max = 0;
    for (size_t r = 0; r < row_count; r++) {
        vector_sums sums = {0};
        encode_vector(rows[r], dimension, scale, 64, 128, codes + 4 * r, &sums);
        double error = sqrt(total_f64(&sums.error_squares)) + rounding * norms[r];
        int32_t code_squares = total_i32(&sums.code_squares);
        error_max = error > error_max ? error : error_max;
        code_squares_max = code_squares > code_squares_max ? code_squares : code_squares_max;
        norm_min = norms[r] < norm_min ? norms[r] : norm_min;
        norm_max = norms[r] > norm_max ? norms[r] : norm_max;
    }
    *block = (kindred_code_block){
        .scale = scale,
        .inverse_scale = 1 / scale,
        .error = rounded_up(error_max / (double)scale * grow),
        .coded_norm = rounded_up(sqrt((double)code_squares_max) * grow),
        .norm_min = rounded_down(norm_min / grow),
        .norm_max = rounded_up(norm_max * grow),
    };
}

// The greatest sum of the magnitudes of a quad. Each sum of four has a relative error of at most 2^-22.
INLINED float greatest_quad(const float *query, size_t dimension) {
    float greatest = 0;
    for (size_t i = 0; i < dimension; i += LANES) {
        float magnitudes[LANES] = {0};
        for (size_t j = 0; j < LANES && i + j < dimension; j++) magnitudes[j] = fabsf(query[i + j]);
        for (size_t j = 0; j < 4; j += 2) {
            float sum = (magnitudes[j] + magnitudes[j + 1]) + (magnitudes[j + 4] + magnitudes[j + 5]);
            greatest = sum > greatest ? sum : greatest;
        }
    }
    return greatest;
}

INLINED void encode_query(const float *query, size_t dimension, int quad_max, int8_t *codes,
                          kindred_query_code *code) {
    lanes_i32 greatest = {0};
    measure(query, dimension, &greatest);
    float scale = scale_for(&greatest);
    // Rounding to codes adds at most 1/2 to each of the four magnitudes, so a sum stays below quad_max + 1.
    float quad_scale = greatest_quad(query, dimension) / (float)(quad_max - 2);
    if (quad_max < 4 * 127 && quad_scale > scale) scale = quad_scale;
    vector_sums sums = {0};
    encode_vector(query, dimension, scale, 4, 0, (uint8_t *)codes, &sums);
    double grow = inflation(dimension);
    *code = (kindred_query_code){
        .scale = scale,
        .norm = sqrt(kindred_canonical_sum(query, query, dimension)) / (double)scale * grow,
        .error = sqrt(total_f64(&sums.error_squares)) / (double)scale * grow,
        .offset = 128 * total_i32(&sums.codes),
    };
}

static void encode_block_portable(const float *const *rows, const double *norms, size_t row_count,
                                  size_t dimension, uint8_t *codes, kindred_code_block *block) {
    encode_block(rows, norms, row_count, dimension, codes, block);
}

static void encode_query_portable(const float *query, size_t dimension, int quad_max, int8_t *codes,
                                  kindred_query_code *code) {
    encode_query(query, dimension, quad_max, codes, code);
}

const kindred_encoder kindred_portable_encoder = {.block = encode_block_portable, .query = encode_query_portable};

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void encode_block_avx2(const float *const *rows, const double *norms,
                                                              size_t row_count, size_t dimension,
                                                              uint8_t *codes, kindred_code_block *block) {
    encode_block(rows, norms, row_count, dimension, codes, block);
}

__attribute__((target("avx2"))) static void encode_query_avx2(const float *query, size_t dimension,
                                                              int quad_max, int8_t *codes,
                                                              kindred_query_code *code) {
    encode_query(query, dimension, quad_max, codes, code);
}

const kindred_encoder kindred_avx2_encoder = {.block = encode_block_avx2, .query = encode_query_avx2};
#endif
