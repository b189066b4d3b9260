#include "kernel_table.h"

static double canonical_sum(const float *a, const float *b, size_t count) {
    double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    size_t whole = count & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8)
        for (size_t j = 0; j < 8; j++) s[j] += (double)a[i + j] * (double)b[i + j];
    for (size_t i = whole; i < count; i++) s[i - whole] += (double)a[i] * (double)b[i];
    return kindred_combine(s);
}

static void canonical_pairs(const double *queries, const float *rows, size_t count, const kindred_vector_pair *pairs,
                            size_t pair_count, double *sums) {
    for (size_t pair = 0; pair < pair_count; pair++) {
        const double *query = queries + pairs[pair].query * count;
        const float *row = rows + pairs[pair].row * count;
        double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        size_t whole = count & ~(size_t)7;
        for (size_t i = 0; i < whole; i += 8)
            for (size_t j = 0; j < 8; j++) s[j] += query[i + j] * (double)row[i + j];
        for (size_t i = whole; i < count; i++) s[i - whole] += query[i] * (double)row[i];
        sums[pair] = kindred_combine(s);
    }
}

static size_t select_at_least(const float *scores, size_t count, float threshold, uint32_t *survivors) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        survivors[found] = (uint32_t)i;
        found += scores[i] >= threshold;
    }
    return found;
}

static size_t select_at_least_scaled(const float *scores, const float *norms, size_t count, float factor,
                                     uint32_t *survivors) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        survivors[found] = (uint32_t)i;
        found += scores[i] >= factor * norms[i];
    }
    return found;
}

// Tables for eight bytes a step ("slicing by 8", Kounavis and Berry, 2005), filled before main.
static uint32_t crc32_tables[8][256];
static uint32_t crc32c_tables[8][256];

static void fill(uint32_t tables[8][256], uint32_t polynomial) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ polynomial : value >> 1;
        tables[0][byte] = value;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int slice = 1; slice < 8; slice++) {
            uint32_t previous = tables[slice - 1][byte];
            tables[slice][byte] = previous >> 8 ^ tables[0][previous & 255];
        }
}

__attribute__((constructor)) static void fill_tables(void) {
    fill(crc32_tables, 0xEDB88320u);
    fill(crc32c_tables, 0x82F63B78u);
}

static uint32_t crc_by_table(uint32_t tables[8][256], uint32_t crc, const unsigned char *bytes,
                             size_t byte_count) {
    crc = ~crc;
    for (; byte_count >= 8; byte_count -= 8, bytes += 8) {
        uint32_t low = crc ^ ((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                              (uint32_t)bytes[3] << 24);
        crc = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^
              tables[4][low >> 24] ^ tables[3][bytes[4]] ^ tables[2][bytes[5]] ^ tables[1][bytes[6]] ^
              tables[0][bytes[7]];
    }
    for (; byte_count > 0; byte_count--, bytes++) crc = crc >> 8 ^ tables[0][(crc ^ *bytes) & 255];
    return ~crc;
}

uint32_t kindred_crc32(uint32_t crc, const void *bytes, size_t byte_count) {
    return crc_by_table(crc32_tables, crc, bytes, byte_count);
}

static uint32_t crc32c(uint32_t crc, const void *bytes, size_t byte_count) {
    return crc_by_table(crc32c_tables, crc, bytes, byte_count);
}

const kindred_kernel_table kindred_portable_kernels = {
    .canonical_sum = canonical_sum,
    .canonical_pairs = canonical_pairs,
    .select_at_least = select_at_least,
    .select_at_least_scaled = select_at_least_scaled,
    .crc32c = crc32c,
};
