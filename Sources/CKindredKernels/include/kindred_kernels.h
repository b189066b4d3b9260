// The numeric kernels of Kindred. Plain C without state; any thread may call any function. No function reads or writes
// outside the stated extents.
#ifndef KINDRED_KERNELS_H
#define KINDRED_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kindred_triangle.h"

// ---- Choice of kernels -----------------------------------------------------------------------------------
//
// The level of instructions is chosen once, before main: the highest of "portable", "avx2", "vnni" and "amx" that the
// CPU and the system offer and that the environment variable KINDRED_ISA allows. A value that names no level sets no
// limit.

typedef enum {
    KINDRED_ISA_AVAILABLE,    // a level that the CPU and the system offer
    KINDRED_ISA_UNAVAILABLE,  // a level that they do not offer; the highest one below it is chosen
    KINDRED_ISA_UNKNOWN,      // no level; the choice is made as without the variable
} kindred_isa_verdict;

// Classifies a value of KINDRED_ISA.
kindred_isa_verdict kindred_judge_isa(const char *value);

// ---- Peak throughput of the CPU --------------------------------------------------------------------------

// Float32 lanes of the widest fused multiply-add that the CPU and the system offer: 16 with AVX-512, 8 with AVX2 and
// FMA, 0 without either.
size_t kindred_fused_lanes(void);

// Runs `rounds` rounds of fused float32 multiply-adds on registers alone. Returns the number of multiply-adds; 0 if the
// CPU has no such instruction.
size_t kindred_fused_multiply_adds(size_t rounds);

// ---- Checksums -------------------------------------------------------------------------------------------

// CRC-32 as in zlib (reflected polynomial 0xEDB88320). `crc` is the checksum of the preceding bytes, 0 at the start.
uint32_t kindred_crc32(uint32_t crc, const void *bytes, size_t byte_count);

// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), with the SSE 4.2 instruction if the CPU has it. `crc` as
// above.
uint32_t kindred_crc32c(uint32_t crc, const void *bytes, size_t byte_count);

// ---- Canonical arithmetic --------------------------------------------------------------------------------

// The canonical float64 sum of a . b over `count` elements: eight partial sums start at +0, sum j adds the products of
// elements i with i mod 8 = j in ascending order, and the result is ((s0+s4)+(s2+s6))+((s1+s5)+(s3+s7)). A product of
// two float32 is exact in float64, so fused and unfused multiply-add give the same bits.
double kindred_canonical_sum(const float *a, const float *b, size_t count);

// sums[i] = canonical sum of query . rows[i], rows of `count` contiguous floats, for i in 0 ..< row_count.
void kindred_canonical_sums(const float *query, const float *rows, size_t count, size_t row_count,
                            double *sums);

// sums[i] = canonical sum of query . (base + indices[i] * count).
void kindred_canonical_gather(const float *query, const float *base, size_t count, const uint32_t *indices,
                              size_t index_count, double *sums);

// The index of a query and the index of a row.
typedef struct {
    uint32_t query;
    uint32_t row;
} kindred_vector_pair;

// sums[i] = canonical sum of query pairs[i].query . row pairs[i].row. Vectors have `count` contiguous elements; queries
// are widened to float64, rows are float32. A CPU overlaps the sums of several pairs.
void kindred_canonical_pairs(const double *queries, const float *rows, size_t count, const kindred_vector_pair *pairs,
                             size_t pair_count, double *sums);

// Prefetches a vector of `count` floats: all of a short one; the begin of a long one, after which the hardware
// prefetcher goes on.
static inline void kindred_prefetch(const float *vector, size_t count) {
    size_t near = count < 256 ? count : 256;
    for (size_t i = 0; i < near; i += 16) __builtin_prefetch(vector + i);
}

// Prefetches the cache line at an address.
static inline void kindred_prefetch_line(const void *address) { __builtin_prefetch(address); }

// ---- Selection -------------------------------------------------------------------------------------------

// Writes the indices i with scores[i] >= threshold to `survivors`, in ascending order; returns their number.
// `survivors` has room for `count`.
size_t kindred_select_at_least(const float *scores, size_t count, float threshold, uint32_t *survivors);

// The same with a threshold per row: scores[i] >= factor * norms[i].
size_t kindred_select_at_least_scaled(const float *scores, const float *norms, size_t count, float factor,
                                      uint32_t *survivors);

// ---- Int8 codes ------------------------------------------------------------------------------------------
//
// A block holds the codes of 16 rows. Row x of a block with scale s has codes c_i in -127 ..= 127 and is approximated
// by x~_i = s c_i. Codes are stored as c_i + 128; a group is four dimensions of the 16 rows:
//
//     codes[block][group][row][4], groups = ceil(dimension / 4)
//
// So the 64 bytes of a group are one register of 32-bit lanes with a row per lane, and 16 groups are one tile of
// 16 x 64 bytes. Elements beyond the dimension and rows beyond the last one have code 0, stored as 128.

enum { KINDRED_BLOCK_ROWS = 16 };

// The bounds of a block. Norms are Euclidean. Each value is rounded so that its statement holds for the exact real
// numbers.
typedef struct {
    float scale;          // s, in [2^-100, 2^60]
    float inverse_scale;  // 1 / s, rounded to nearest
    float error;          // at least |x - x~| / s for each row, plus the distance of the canonical sum from x . q
    float coded_norm;     // at least |x~| / s for each row
    float norm_min;       // at most |x| for each row
    float norm_max;       // at least |x| for each row
} kindred_code_block;

// The codes of a table. `blocks` has ceil(row_count / 16) elements, `codes` 64 * groups bytes for each.
typedef struct {
    const uint8_t *codes;
    const kindred_code_block *blocks;
    size_t groups;
    size_t row_count;
} kindred_code_table;

// Encodes `row_count` (1 to 16) rows of `dimension` elements into one block. rows[r] points to row r. Elements are
// finite; `norms` are the rows' canonical float64 norms, at most 2^60. Writes 64 * groups bytes.
void kindred_encode_block(const float *const *rows, const double *norms, size_t row_count, size_t dimension,
                          uint8_t *codes, kindred_code_block *block);

// A coded query. With s_q its scale, a query q is approximated by q~ = s_q times its codes.
typedef struct {
    double scale;      // s_q, at least 2^-100
    double norm;       // at least |q| / s_q
    double error;      // at least |q - q~| / s_q
    int32_t offset;    // 128 x the sum of the codes: storing row codes + 128 adds this to a product
} kindred_query_code;

// Encodes a query of finite elements with codes in -127 ..= 127. The magnitudes of a quad sum to at most `quad_max`, 8
// to 508 = 4 x 127. A quad is two neighbouring elements and the two elements four further on: the elements
// 8 i + 2 j + {0, 1, 4, 5} for j = 0, 1. Writes 4 * groups codes; codes beyond the dimension are 0.
void kindred_encode_query(const float *query, size_t dimension, int quad_max, int8_t *codes,
                          kindred_query_code *code);

// Both with the encoder of a named kernel, for tests. False, and nothing is written, if this CPU cannot run the kernel.
bool kindred_encode_block_with(const char *kernel, const float *const *rows, const double *norms,
                               size_t row_count, size_t dimension, uint8_t *codes, kindred_code_block *block);
bool kindred_encode_query_with(const char *kernel, const float *query, size_t dimension, int quad_max,
                               int8_t *codes, kindred_query_code *code);

// The `quad_max` for queries of the chosen scan kernel: 508, or less if the kernel's instructions saturate.
int kindred_query_quad_max(void);

// The name of the chosen scan kernel: "portable", "avx2", "vnni" or "amx".
const char *kindred_scan_kernel(void);

// The coded queries of one scan, as columns. The codes of query i begin at codes + i * code_stride. The stride is a
// multiple of 64 and at least 4 * groups; the bytes after the codes are 0.
//
// With D the product of their codes, query i keeps row j of block b if
//
//     D >= (floor + floor_per_norm * n) * inverse_scale - norm * error_b - error * coded_norm_b
//
// with n = norm_min of the block if floor_per_norm >= 0, else norm_max. The right side is rounded so that no row that
// satisfies it is lost. It is evaluated in float32 without fused operations, so that all kernels keep the same rows:
//
//     a = clamp((floor + floor_per_norm * n) * inverse_scale)
//     t = clamp((a - norm * error_b) - error * coded_norm_b) - (|a| * 2^-20 + 2)
//
// clamp limits to +-2^30, which no product reaches; t is truncated to an integer. A floor of minus infinity keeps
// every row, plus infinity keeps none. All other members are finite; norms and errors are not negative. The margin
// |a| * 2^-20 + 2 covers the rounding if one of the two floors is 0 or both have the same sign. If their sum
// overflows to something that is not a number, every row is kept.
typedef struct {
    const int8_t *codes;
    size_t code_stride;
    const int32_t *offsets;
    const float *floors;
    const float *floors_per_norm;
    const float *norms;   // |q| / s_q, rounded up
    const float *errors;  // |q - q~| / s_q, rounded up
    // The mask of each query: a bit per position in the codes (bit r % 16 of element r / 16), set if the row may be
    // kept. NULL for a query without mask; the array itself may be NULL.
    const uint16_t *const *masks;
} kindred_code_queries;

// A row that a query keeps: its position in the codes, and D.
typedef struct {
    uint32_t query;
    uint32_t position;
    int32_t product;
} kindred_code_hit;

// Compares blocks first_block ..< first_block + block_count with `query_count` queries and writes the kept rows to
// `hits`, which has room for 16 * block_count * query_count. Returns the number of hits. Hits come in any order. Rows
// from row_count on are never kept.
size_t kindred_scan_codes(const kindred_code_table *table, size_t first_block, size_t block_count,
                          const kindred_code_queries *queries, size_t query_count, kindred_code_hit *hits);

// Multiplies blocks first_block ..< first_block + block_count with `query_count` queries. Of the queries, only codes
// and offsets are read. `products` has room for 16 * block_count * query_count; the products of query i with the rows
// of the j-th block begin at 16 * (i * block_count + j). Products of rows from row_count on have no meaning.
void kindred_code_products(const kindred_code_table *table, size_t first_block, size_t block_count,
                           const kindred_code_queries *queries, size_t query_count, int32_t *products);

// The bounds of KINDRED_COLUMN_BLOCKS blocks as columns. Code that handles many blocks for one query after another
// loads them as vectors.
enum { KINDRED_COLUMN_BLOCKS = 64 };

typedef struct {
    float scale[KINDRED_COLUMN_BLOCKS];
    float inverse_scale[KINDRED_COLUMN_BLOCKS];
    float error[KINDRED_COLUMN_BLOCKS];
    float coded_norm[KINDRED_COLUMN_BLOCKS];
    float norm_min[KINDRED_COLUMN_BLOCKS];
    float norm_max[KINDRED_COLUMN_BLOCKS];
} kindred_block_columns;

// Writes the bounds of blocks first_block ..< first_block + block_count to `columns`, KINDRED_COLUMN_BLOCKS blocks to
// an element. The last element is filled up with its last block.
void kindred_columns_of_blocks(const kindred_code_table *table, size_t first_block, size_t block_count,
                               kindred_block_columns *columns);

// A value that replaces a product: the query's answer must not have this row. No two codes have such a product.
enum { KINDRED_EXCLUDED = INT32_MIN };

// Keeps the rows that kindred_scan_codes keeps, from the products that kindred_code_products has written, except rows
// whose product was set to KINDRED_EXCLUDED. `columns` are the blocks' bounds. Codes and offsets of the queries are not
// read. `hits` and the result as of kindred_scan_codes; the order of hits differs.
size_t kindred_keep_products(const kindred_code_table *table, const kindred_block_columns *columns,
                             size_t first_block, size_t block_count, const kindred_code_queries *queries,
                             size_t query_count, const int32_t *products, kindred_code_hit *hits);

// Seeds the threshold of a query: for each of `16 * part_count` groups of rows, the greatest lower bound of
//
//     q . x / s_q                     (the inner product in units of the query's scale)
//     q . x / (s_q |x|)               (with `by_norm`)
//
// over the group's eligible rows that are not excluded; minus infinity for a group without such rows. Row r of the
// j-th block is in group 16 * (j mod part_count) + r. `products` are the products of query i and `columns` the
// blocks' bounds; `part_count` is a power of two up to KINDRED_PEAKS_MAX / 16; `peaks` has room for 16 * part_count.
// Groups are disjoint, so at least k rows reach the k-th greatest bound. Rounding changes a bound v by at most |v| *
// 2^-20 if |v| is at least 2^-60.
void kindred_code_peaks(const kindred_code_table *table, const kindred_block_columns *columns, size_t first_block,
                        size_t block_count, const kindred_code_queries *queries, size_t i, const int32_t *products,
                        bool by_norm, size_t part_count, float *peaks);

// The greatest number of groups of a query: 16 for each part.
enum { KINDRED_PEAKS_MAX = 2048 };

// The k-th greatest of `count` values, 1 <= k <= count <= KINDRED_PEAKS_MAX. No value may be NaN.
float kindred_kth_greatest(const float *values, size_t count, size_t k);

// The same functions of a named kernel, for tests and measurements. They return 0, SIZE_MAX, false, SIZE_MAX and false
// if this CPU cannot run the kernel.
int kindred_scan_kernel_quad_max(const char *kernel);
size_t kindred_scan_codes_with(const char *kernel, const kindred_code_table *table, size_t first_block,
                               size_t block_count, const kindred_code_queries *queries, size_t query_count,
                               kindred_code_hit *hits);

bool kindred_code_products_with(const char *kernel, const kindred_code_table *table, size_t first_block,
                                size_t block_count, const kindred_code_queries *queries, size_t query_count,
                                int32_t *products);

size_t kindred_keep_products_with(const char *kernel, const kindred_code_table *table,
                                  const kindred_block_columns *columns, size_t first_block, size_t block_count,
                                  const kindred_code_queries *queries, size_t query_count, const int32_t *products,
                                  kindred_code_hit *hits);

bool kindred_code_peaks_with(const char *kernel, const kindred_code_table *table,
                             const kindred_block_columns *columns, size_t first_block, size_t block_count,
                             const kindred_code_queries *queries, size_t i, const int32_t *products, bool by_norm,
                             size_t part_count, float *peaks);

// kindred_scan_codes as a plain loop by the definition above, for tests.
size_t kindred_scan_codes_reference(const kindred_code_table *table, size_t first_block, size_t block_count,
                                    const kindred_code_queries *queries, size_t query_count,
                                    kindred_code_hit *hits);

#endif
