// Canonical sums and selection with AVX2.
#include "../kernel_table.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))

// The partial sums 0 to 3 and 4 to 7, a register each. Each lane adds its products in ascending order like the portable
// kernel, and products are exact, so both give the same bits.
typedef struct {
    __m256d low, high;
} eight_sums;

// The additions of `kindred_combine`, on lanes.
AVX2 static inline double combine(eight_sums sums) {
    __m256d fours = _mm256_add_pd(sums.low, sums.high);
    __m128d twos = _mm_add_pd(_mm256_castpd256_pd128(fours), _mm256_extractf128_pd(fours, 1));
    return _mm_cvtsd_f64(_mm_add_sd(twos, _mm_unpackhi_pd(twos, twos)));
}

AVX2 static double canonical_sum(const float *a, const float *b, size_t count) {
    eight_sums sums = {_mm256_setzero_pd(), _mm256_setzero_pd()};
    size_t whole = count & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        sums.low =
            _mm256_fmadd_pd(_mm256_cvtps_pd(_mm_loadu_ps(a + i)), _mm256_cvtps_pd(_mm_loadu_ps(b + i)), sums.low);
        sums.high = _mm256_fmadd_pd(_mm256_cvtps_pd(_mm_loadu_ps(a + i + 4)),
                                    _mm256_cvtps_pd(_mm_loadu_ps(b + i + 4)), sums.high);
    }
    if (whole == count) return combine(sums);
    double s[8];
    _mm256_storeu_pd(s, sums.low);
    _mm256_storeu_pd(s + 4, sums.high);
    for (size_t i = whole; i < count; i++) s[i - whole] += (double)a[i] * (double)b[i];
    return kindred_combine(s);
}

AVX2 static inline double canonical_sum_of_widened(const double *query, const float *row, size_t count) {
    eight_sums sums = {_mm256_setzero_pd(), _mm256_setzero_pd()};
    size_t whole = count & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        sums.low = _mm256_fmadd_pd(_mm256_loadu_pd(query + i), _mm256_cvtps_pd(_mm_loadu_ps(row + i)), sums.low);
        sums.high =
            _mm256_fmadd_pd(_mm256_loadu_pd(query + i + 4), _mm256_cvtps_pd(_mm_loadu_ps(row + i + 4)), sums.high);
    }
    if (whole == count) return combine(sums);
    double s[8];
    _mm256_storeu_pd(s, sums.low);
    _mm256_storeu_pd(s + 4, sums.high);
    for (size_t i = whole; i < count; i++) s[i - whole] += query[i] * (double)row[i];
    return kindred_combine(s);
}

// One loop over all pairs lets the CPU begin the next sum while the additions of the last one complete.
AVX2 static void canonical_pairs(const double *queries, const float *rows, size_t count,
                                 const kindred_vector_pair *pairs, size_t pair_count, double *sums) {
    for (size_t pair = 0; pair < pair_count; pair++)
        sums[pair] =
            canonical_sum_of_widened(queries + pairs[pair].query * count, rows + pairs[pair].row * count, count);
}

// Most groups of eight scores have no survivor, so one test skips a group.
AVX2 static size_t select_at_least(const float *scores, size_t count, float threshold, uint32_t *survivors) {
    size_t found = 0;
    size_t i = 0;
    __m256 limit = _mm256_set1_ps(threshold);
    for (; i + 8 <= count; i += 8) {
        unsigned mask =
            (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(scores + i), limit, _CMP_GE_OQ));
        for (; mask != 0; mask &= mask - 1) survivors[found++] = (uint32_t)(i + (size_t)__builtin_ctz(mask));
    }
    for (; i < count; i++)
        if (scores[i] >= threshold) survivors[found++] = (uint32_t)i;
    return found;
}

AVX2 static size_t select_at_least_scaled(const float *scores, const float *norms, size_t count, float factor,
                                          uint32_t *survivors) {
    size_t found = 0;
    size_t i = 0;
    __m256 scale = _mm256_set1_ps(factor);
    for (; i + 8 <= count; i += 8) {
        __m256 limit = _mm256_mul_ps(scale, _mm256_loadu_ps(norms + i));
        unsigned mask =
            (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(scores + i), limit, _CMP_GE_OQ));
        for (; mask != 0; mask &= mask - 1) survivors[found++] = (uint32_t)(i + (size_t)__builtin_ctz(mask));
    }
    for (; i < count; i++)
        if (scores[i] >= factor * norms[i]) survivors[found++] = (uint32_t)i;
    return found;
}

void kindred_use_avx2(kindred_kernel_table *table) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
    table->canonical_sum = canonical_sum;
    table->canonical_pairs = canonical_pairs;
    table->select_at_least = select_at_least;
    table->select_at_least_scaled = select_at_least_scaled;
}
#else
void kindred_use_avx2(kindred_kernel_table *table) { (void)table; }
#endif
