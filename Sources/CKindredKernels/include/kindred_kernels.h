// The numeric kernels of Kindred. Plain C with no state; every function may be called from any thread.
// No function reads or writes outside the stated extents.
#ifndef KINDRED_KERNELS_H
#define KINDRED_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- Choice of kernels -----------------------------------------------------------------------------------
//
// Made once, before main: the highest of the levels "portable", "avx2", "vnni" and "amx" that the CPU and the
// system offer and the environment variable KINDRED_ISA allows. A value that names no level sets no bound.

typedef enum {
    KINDRED_ISA_AVAILABLE,    // a level that can be chosen here
    KINDRED_ISA_UNAVAILABLE,  // a level that the CPU or the system lacks: the highest below it is chosen
    KINDRED_ISA_UNKNOWN,      // no level: what is chosen is as without the variable
} kindred_isa_verdict;

// What a value of KINDRED_ISA is.
kindred_isa_verdict kindred_judge_isa(const char *value);

// ---- What the CPU can do ---------------------------------------------------------------------------------

// Float32 lanes of the widest registers in which the CPU and the system multiply and add at once (fused): 16 with
// AVX-512, 8 with AVX2 and FMA, 0 without either.
size_t kindred_fused_lanes(void);

// Does fused multiply-adds of float32 in registers alone, `rounds` times what keeps them busy, and returns how many it
// did; 0 where the CPU has none.
size_t kindred_fused_multiply_adds(size_t rounds);

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

// One of some queries and one of some rows.
typedef struct {
    uint32_t query;
    uint32_t row;
} kindred_vector_pair;

// sums[i] = canonical sum of query pairs[i].query . row pairs[i].row, vectors of `count` contiguous elements: queries
// that were widened to float64, rows as they are stored. Sums of several pairs do not wait for each other.
void kindred_canonical_pairs(const double *queries, const float *rows, size_t count, const kindred_vector_pair *pairs,
                             size_t pair_count, double *sums);

// Asks the memory for a vector of `count` floats that is needed soon; of a long one for its beginning, after which the
// hardware follows.
static inline void kindred_prefetch(const float *vector, size_t count) {
    size_t near = count < 256 ? count : 256;
    for (size_t i = 0; i < near; i += 16) __builtin_prefetch(vector + i);
}

// Asks the memory for what lies at an address.
static inline void kindred_prefetch_line(const void *address) { __builtin_prefetch(address); }

// ---- Selection -------------------------------------------------------------------------------------------

// Writes to `survivors` the indices i in ascending order with scores[i] >= threshold; returns their number.
// `survivors` has room for `count`.
size_t kindred_select_at_least(const float *scores, size_t count, float threshold, uint32_t *survivors);

// The same with a threshold per row: scores[i] >= factor * norms[i].
size_t kindred_select_at_least_scaled(const float *scores, const float *norms, size_t count, float factor,
                                      uint32_t *survivors);

// ---- Int8 codes ------------------------------------------------------------------------------------------
//
// A block codes 16 rows. Row x of a block with scale s has codes c_i in -127 ..= 127 and is approximated by
// x~_i = s c_i. Codes are stored as c_i + 128, four dimensions of the 16 rows after each other:
//
//     codes[block][group][row][4], groups = ceil(dimension / 4)
//
// so 64 bytes are one register of 32-bit lanes (a row each) and 16 groups are one tile of 16 x 64 bytes. Elements
// past the dimension and rows past the last one have code 0, stored as 128.

enum { KINDRED_BLOCK_ROWS = 16 };

// What a scan must know of a block. Norms are Euclidean. Rounded so that every statement holds for the exact
// real numbers.
typedef struct {
    float scale;          // s, in [2^-100, 2^60]
    float inverse_scale;  // 1 / s, rounded to nearest
    float error;          // at least |x - x~| / s for each row, plus what the canonical sum may differ from x . q
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

// Codes `row_count` (1 to 16) rows of `dimension` elements into one block: the row at rows[0], rows[1], ...
// Elements are finite and norms at most 2^60. `norms` are the rows' canonical float64 norms. Writes 64 * groups
// bytes.
void kindred_encode_block(const float *const *rows, const double *norms, size_t row_count, size_t dimension,
                          uint8_t *codes, kindred_code_block *block);

// A coded query. With s_q its scale, a query q is approximated by s_q times its codes.
typedef struct {
    double scale;      // s_q, at least 2^-100
    double norm;       // at least |q| / s_q
    double error;      // at least |q - q~| / s_q
    int32_t offset;    // 128 x the sum of the codes: what storing codes + 128 adds to a product
} kindred_query_code;

// Codes a query of finite elements with codes in -127 ..= 127 whose quads have magnitudes that sum to at most
// `quad_max` (8 to 508 = 4 x 127). A quad is two neighbouring elements and the two that lie four further on: the
// elements 8 i + 2 j + {0, 1, 4, 5} for j = 0, 1. Writes 4 * groups codes, those past the dimension 0.
void kindred_encode_query(const float *query, size_t dimension, int quad_max, int8_t *codes,
                          kindred_query_code *code);

// Both by the encoder of a named kernel, for tests. False, with nothing written, where this CPU lacks the kernel.
bool kindred_encode_block_with(const char *kernel, const float *const *rows, const double *norms,
                               size_t row_count, size_t dimension, uint8_t *codes, kindred_code_block *block);
bool kindred_encode_query_with(const char *kernel, const float *query, size_t dimension, int quad_max,
                               int8_t *codes, kindred_query_code *code);

// The `quad_max` that queries of the chosen scan kernel are coded with: 508, or less where the instruction set would
// saturate.
int kindred_query_quad_max(void);

// The name of the chosen scan kernel: "portable", "avx2", "vnni" or "amx".
const char *kindred_scan_kernel(void);

// Coded queries of one scan, as columns. Query i's codes begin at codes + i * code_stride; a stride is a multiple
// of 64 that holds 4 * groups, and the bytes between are 0.
//
// Query i keeps row j of block b where, D being the product of their codes,
//
//     D >= (floor + floor_per_norm * n) * inverse_scale - norm * error_b - error * coded_norm_b
//
// with n = norm_min of the block where floor_per_norm >= 0, else norm_max. The right side is evaluated so that
// rows are kept rather than lost, in float32 with every operation rounded (nothing fused), so that all kernels
// keep the same rows:
//
//     a = clamp((floor + floor_per_norm * n) * inverse_scale)
//     t = clamp((a - norm * error_b) - error * coded_norm_b) - (|a| * 2^-20 + 2)
//
// where clamp is to +-2^30, which no product reaches, and t is truncated to an integer. An infinite floor keeps
// everything (minus) or nothing (plus). All other members are finite, norms and errors not negative. The margin
// covers the rounding where one of the two floors is 0 or both have the same sign; where their products overflow
// against each other, everything is kept.
typedef struct {
    const int8_t *codes;
    size_t code_stride;
    const int32_t *offsets;
    const float *floors;
    const float *floors_per_norm;
    const float *norms;   // |q| / s_q, rounded up
    const float *errors;  // |q - q~| / s_q, rounded up
    // One pointer per query to a bit per row of the codes (bit r % 16 of element r / 16), set where the row may be
    // kept; NULL for a query without mask. The array itself may be NULL.
    const uint16_t *const *masks;
} kindred_code_queries;

// A row that was kept: its position in the codes, and D.
typedef struct {
    uint32_t query;
    uint32_t position;
    int32_t product;
} kindred_code_hit;

// Scans blocks first_block ..< first_block + block_count against `query_count` queries and writes what is kept to
// `hits`, which has room for 16 * block_count * query_count; returns their number. Hits come in any order. Rows from
// row_count on are never kept.
size_t kindred_scan_codes(const kindred_code_table *table, size_t first_block, size_t block_count,
                          const kindred_code_queries *queries, size_t query_count, kindred_code_hit *hits);

// The products of blocks first_block ..< first_block + block_count with `query_count` queries, of whose columns only
// codes and offsets are read. `products` has room for 16 * block_count * query_count: those of query i and the j-th
// block begin at 16 * (i * block_count + j), a row after the other. Rows from row_count on have products too, of no
// meaning.
void kindred_code_products(const kindred_code_table *table, size_t first_block, size_t block_count,
                           const kindred_code_queries *queries, size_t query_count, int32_t *products);

// The bounds of KINDRED_COLUMN_BLOCKS blocks as columns: what looks at many blocks for one query after the other reads
// them as vectors.
enum { KINDRED_COLUMN_BLOCKS = 64 };

typedef struct {
    float scale[KINDRED_COLUMN_BLOCKS];
    float inverse_scale[KINDRED_COLUMN_BLOCKS];
    float error[KINDRED_COLUMN_BLOCKS];
    float coded_norm[KINDRED_COLUMN_BLOCKS];
    float norm_min[KINDRED_COLUMN_BLOCKS];
    float norm_max[KINDRED_COLUMN_BLOCKS];
} kindred_block_columns;

// Writes the bounds of blocks first_block ..< first_block + block_count to as many elements of `columns` as they take,
// KINDRED_COLUMN_BLOCKS each; what is left of the last one repeats the last block.
void kindred_columns_of_blocks(const kindred_code_table *table, size_t first_block, size_t block_count,
                               kindred_block_columns *columns);

// Written over a product, it says that the query's answer must not have the row: no code has such a product.
enum { KINDRED_EXCLUDED = INT32_MIN };

// What kindred_scan_codes keeps of blocks whose products with the queries are known: those that kindred_code_products
// has written, but for excluded rows. `columns` are the blocks' bounds. Of the queries' columns the codes and offsets
// are not read. The same rows, in another order.
size_t kindred_keep_products(const kindred_code_table *table, const kindred_block_columns *columns,
                             size_t first_block, size_t block_count, const kindred_code_queries *queries,
                             size_t query_count, const int32_t *products, kindred_code_hit *hits);

// What warms the threshold of a query: of each of `16 * part_count` groups of the rows that were multiplied, row r of
// the j-th block being in group 16 * (j mod part_count) + r, the greatest lower bound of
//
//     q . x / s_q                     (the inner product in units of the query's scale)
//     q . x / (s_q |x|)               (where `by_norm`)
//
// over its eligible rows that are not excluded, and minus infinity where a group has none. `products` are those of
// query i and `columns` the blocks' bounds, as above; `part_count` is a power of two. Groups have no row in common, so
// at least k rows reach the k-th greatest of the bounds. A bound v is exact within |v| * 2^-20 of rounding, if |v| is
// at least 2^-60.
void kindred_code_peaks(const kindred_code_table *table, const kindred_block_columns *columns, size_t first_block,
                        size_t block_count, const kindred_code_queries *queries, size_t i, const int32_t *products,
                        bool by_norm, size_t part_count, float *peaks);

// Groups of a query, 16 for each part.
enum { KINDRED_PEAKS_MAX = 2048 };

// The k-th greatest of `count` values, 1 <= k <= count <= KINDRED_PEAKS_MAX. None may be what is not a number.
float kindred_kth_greatest(const float *values, size_t count, size_t k);

// The `quad_max` of a named kernel, and its scan, for tests and measurements. 0 and SIZE_MAX where this
// CPU lacks the kernel.
int kindred_scan_kernel_quad_max(const char *kernel);
size_t kindred_scan_codes_with(const char *kernel, const kindred_code_table *table, size_t first_block,
                               size_t block_count, const kindred_code_queries *queries, size_t query_count,
                               kindred_code_hit *hits);

bool kindred_code_products_with(const char *kernel, const kindred_code_table *table, size_t first_block,
                                size_t block_count, const kindred_code_queries *queries, size_t query_count,
                                int32_t *products);

// SIZE_MAX where this CPU lacks the kernel.
size_t kindred_keep_products_with(const char *kernel, const kindred_code_table *table,
                                  const kindred_block_columns *columns, size_t first_block, size_t block_count,
                                  const kindred_code_queries *queries, size_t query_count, const int32_t *products,
                                  kindred_code_hit *hits);

bool kindred_code_peaks_with(const char *kernel, const kindred_code_table *table,
                             const kindred_block_columns *columns, size_t first_block, size_t block_count,
                             const kindred_code_queries *queries, size_t i, const int32_t *products, bool by_norm,
                             size_t part_count, float *peaks);

// The same by the plainest loop, for tests.
size_t kindred_scan_codes_reference(const kindred_code_table *table, size_t first_block, size_t block_count,
                                    const kindred_code_queries *queries, size_t query_count,
                                    kindred_code_hit *hits);

#endif
