#include "kernel_table.h"
#include "scan/scan_kernel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

// Levels of instructions. A CPU that has a level has all levels before it.
enum level { PORTABLE, AVX2, VNNI, AMX, LEVEL_COUNT };

static const char *const level_names[LEVEL_COUNT] = {"portable", "avx2", "vnni", "amx"};

#if defined(__x86_64__)
static const kindred_scan_entry *const scans[LEVEL_COUNT] = {&kindred_portable_scan, &kindred_avx2_scan,
                                                             &kindred_vnni_scan, &kindred_amx_scan};
static const kindred_encoder *const encoders[LEVEL_COUNT] = {&kindred_portable_encoder, &kindred_avx2_encoder,
                                                             &kindred_avx2_encoder, &kindred_avx2_encoder};
static const kindred_triangle_kernels *const triangles[LEVEL_COUNT] = {
    &kindred_portable_triangle, &kindred_avx2_triangle, &kindred_avx2_triangle, &kindred_avx2_triangle};

static bool has_bits(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

// The register states that the system saves for each thread (XCR0); 0 if the CPU does not tell.
static uint32_t saved_states(void) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has_bits(c, bit_OSXSAVE)) return 0;
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool cpu_has_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

static bool cpu_has_vnni(void) {
    enum { VECTOR_STATES = 0xE6 };  // xmm, ymm, mask registers, upper halves of zmm, zmm 16 to 31
    uint32_t a, b, c, d;
    if (!cpu_has_avx2() || !has_bits(saved_states(), VECTOR_STATES)) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           has_bits(b, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL) && has_bits(c, bit_AVX512VNNI);
}

// Tile registers take 8 KiB a thread, so Linux saves them only for a process that has requested it.
static bool cpu_has_amx(void) {
    enum { TILE_STATES = 3 << 17, REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    uint32_t a, b, c, d;
    if (!cpu_has_vnni() || !has_bits(saved_states(), TILE_STATES)) return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has_bits(d, bit_AMXTILE | bit_AMXINT8)) return false;
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static bool cpu_has(enum level level) {
    switch (level) {
    case AVX2: return cpu_has_avx2();
    case VNNI: return cpu_has_vnni();
    case AMX: return cpu_has_amx();
    default: return true;
    }
}
#else
static const kindred_scan_entry *const scans[LEVEL_COUNT] = {&kindred_portable_scan};
static const kindred_encoder *const encoders[LEVEL_COUNT] = {&kindred_portable_encoder};
static const kindred_triangle_kernels *const triangles[LEVEL_COUNT] = {&kindred_portable_triangle};

static bool cpu_has(enum level level) { return level == PORTABLE; }
#endif

// Tests each level once, at its first use, because requesting tile registers changes the process.
static bool has_level(enum level level) {
    enum { UNKNOWN, PRESENT, ABSENT };
    static _Atomic int known[LEVEL_COUNT];
    int state = atomic_load_explicit(&known[level], memory_order_relaxed);
    if (state == UNKNOWN) {
        state = cpu_has(level) ? PRESENT : ABSENT;
        atomic_store_explicit(&known[level], state, memory_order_relaxed);
    }
    return state == PRESENT;
}

// The level of a name; LEVEL_COUNT if there is none.
static enum level level_named(const char *name) {
    enum level level = PORTABLE;
    while (level < LEVEL_COUNT && strcmp(name, level_names[level]) != 0) level++;
    return level;
}

static kindred_kernel_table chosen;
static enum level chosen_level;

// Chooses the kernels before main, so that queries neither pay for the choice nor need a lock. KINDRED_ISA names the
// highest level that may be chosen, for tests and measurements; an unknown name sets no limit.
__attribute__((constructor)) static void choose_kernels(void) {
    const char *wanted = getenv("KINDRED_ISA");
    enum level highest = wanted == NULL ? LEVEL_COUNT : level_named(wanted);
    if (highest == LEVEL_COUNT) highest = AMX;

    chosen = kindred_portable_kernels;
    chosen_level = PORTABLE;
    if (highest == PORTABLE) return;
    kindred_use_sse42(&chosen);
    kindred_use_avx2(&chosen);
    for (chosen_level = highest; !has_level(chosen_level);) chosen_level--;
}

kindred_isa_verdict kindred_judge_isa(const char *value) {
    enum level level = level_named(value);
    if (level == LEVEL_COUNT) return KINDRED_ISA_UNKNOWN;
    return has_level(level) ? KINDRED_ISA_AVAILABLE : KINDRED_ISA_UNAVAILABLE;
}

double kindred_canonical_sum(const float *a, const float *b, size_t count) {
    return chosen.canonical_sum(a, b, count);
}

void kindred_canonical_sums(const float *query, const float *rows, size_t count, size_t row_count,
                            double *sums) {
    // A sum is a chain of additions, so the loop reaches the next rows too late to hide their memory latency.
    size_t ahead = 12;
    for (size_t i = 0; i < row_count; i++) {
        if (i + ahead < row_count) kindred_prefetch(rows + (i + ahead) * count, count);
        sums[i] = chosen.canonical_sum(query, rows + i * count, count);
    }
}

void kindred_canonical_gather(const float *query, const float *base, size_t count, const uint32_t *indices,
                              size_t index_count, double *sums) {
    for (size_t i = 0; i < index_count; i++) {
        if (i + 8 < index_count) kindred_prefetch(base + (size_t)indices[i + 8] * count, count);
        sums[i] = chosen.canonical_sum(query, base + (size_t)indices[i] * count, count);
    }
}

void kindred_canonical_pairs(const double *queries, const float *rows, size_t count, const kindred_vector_pair *pairs,
                             size_t pair_count, double *sums) {
    chosen.canonical_pairs(queries, rows, count, pairs, pair_count, sums);
}

size_t kindred_select_at_least(const float *scores, size_t count, float threshold, uint32_t *survivors) {
    return chosen.select_at_least(scores, count, threshold, survivors);
}

size_t kindred_select_at_least_scaled(const float *scores, const float *norms, size_t count, float factor,
                                      uint32_t *survivors) {
    return chosen.select_at_least_scaled(scores, norms, count, factor, survivors);
}

uint32_t kindred_crc32c(uint32_t crc, const void *bytes, size_t byte_count) {
    return chosen.crc32c(crc, bytes, byte_count);
}

// ---- Scans -----------------------------------------------------------------------------------------------

int kindred_query_quad_max(void) { return scans[chosen_level]->query_quad_max; }

const char *kindred_scan_kernel(void) { return scans[chosen_level]->name; }

size_t kindred_scan_codes(const kindred_code_table *table, size_t first_block, size_t block_count,
                          const kindred_code_queries *queries, size_t query_count, kindred_code_hit *hits) {
    return scans[chosen_level]->scan(table, first_block, block_count, queries, query_count, hits);
}

void kindred_code_products(const kindred_code_table *table, size_t first_block, size_t block_count,
                           const kindred_code_queries *queries, size_t query_count, int32_t *products) {
    scans[chosen_level]->products(table, first_block, block_count, queries, query_count, products);
}

size_t kindred_keep_products(const kindred_code_table *table, const kindred_block_columns *columns,
                             size_t first_block, size_t block_count, const kindred_code_queries *queries,
                             size_t query_count, const int32_t *products, kindred_code_hit *hits) {
    return scans[chosen_level]->keep(table, columns, first_block, block_count, queries, query_count, products, hits);
}

void kindred_code_peaks(const kindred_code_table *table, const kindred_block_columns *columns, size_t first_block,
                        size_t block_count, const kindred_code_queries *queries, size_t i, const int32_t *products,
                        bool by_norm, size_t part_count, float *peaks) {
    scans[chosen_level]->peaks(table, columns, first_block, block_count, queries, i, products, by_norm, part_count,
                               peaks);
}

float kindred_kth_greatest(const float *values, size_t count, size_t k) {
    return scans[chosen_level]->kth_greatest(values, count, k);
}

// Finds the level of a name. False if there is none or this CPU does not have it.
static bool find_level(const char *name, enum level *level) {
    *level = level_named(name);
    return *level != LEVEL_COUNT && has_level(*level);
}

int kindred_scan_kernel_quad_max(const char *kernel) {
    enum level level;
    return find_level(kernel, &level) ? scans[level]->query_quad_max : 0;
}

size_t kindred_scan_codes_with(const char *kernel, const kindred_code_table *table, size_t first_block,
                               size_t block_count, const kindred_code_queries *queries, size_t query_count,
                               kindred_code_hit *hits) {
    enum level level;
    if (!find_level(kernel, &level)) return SIZE_MAX;
    return scans[level]->scan(table, first_block, block_count, queries, query_count, hits);
}

bool kindred_code_products_with(const char *kernel, const kindred_code_table *table, size_t first_block,
                                size_t block_count, const kindred_code_queries *queries, size_t query_count,
                                int32_t *products) {
    enum level level;
    if (!find_level(kernel, &level)) return false;
    scans[level]->products(table, first_block, block_count, queries, query_count, products);
    return true;
}

size_t kindred_keep_products_with(const char *kernel, const kindred_code_table *table,
                                  const kindred_block_columns *columns, size_t first_block, size_t block_count,
                                  const kindred_code_queries *queries, size_t query_count, const int32_t *products,
                                  kindred_code_hit *hits) {
    enum level level;
    if (!find_level(kernel, &level)) return SIZE_MAX;
    return scans[level]->keep(table, columns, first_block, block_count, queries, query_count, products, hits);
}

bool kindred_code_peaks_with(const char *kernel, const kindred_code_table *table,
                             const kindred_block_columns *columns, size_t first_block, size_t block_count,
                             const kindred_code_queries *queries, size_t i, const int32_t *products, bool by_norm,
                             size_t part_count, float *peaks) {
    enum level level;
    if (!find_level(kernel, &level)) return false;
    scans[level]->peaks(table, columns, first_block, block_count, queries, i, products, by_norm, part_count, peaks);
    return true;
}

// ---- Codes -----------------------------------------------------------------------------------------------

void kindred_encode_block(const float *const *rows, const double *norms, size_t row_count, size_t dimension,
                          uint8_t *codes, kindred_code_block *block) {
    encoders[chosen_level]->block(rows, norms, row_count, dimension, codes, block);
}

void kindred_encode_query(const float *query, size_t dimension, int quad_max, int8_t *codes,
                          kindred_query_code *code) {
    encoders[chosen_level]->query(query, dimension, quad_max, codes, code);
}

bool kindred_encode_block_with(const char *kernel, const float *const *rows, const double *norms,
                               size_t row_count, size_t dimension, uint8_t *codes, kindred_code_block *block) {
    enum level level;
    if (!find_level(kernel, &level)) return false;
    encoders[level]->block(rows, norms, row_count, dimension, codes, block);
    return true;
}

bool kindred_encode_query_with(const char *kernel, const float *query, size_t dimension, int quad_max,
                               int8_t *codes, kindred_query_code *code) {
    enum level level;
    if (!find_level(kernel, &level)) return false;
    encoders[level]->query(query, dimension, quad_max, codes, code);
    return true;
}

// ---- Triangles -------------------------------------------------------------------------------------------

const kindred_triangle_kernels *kindred_triangle(void) { return triangles[chosen_level]; }

const kindred_triangle_kernels *kindred_triangle_named(const char *kernel) {
    enum level level;
    return find_level(kernel, &level) ? triangles[level] : NULL;
}
