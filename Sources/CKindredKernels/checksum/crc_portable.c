// CRC-32 and CRC-32C by tables: for any CPU.
#include "../kernel_table.h"

// Tables for eight bytes a step ("slicing by 8", Kounavis and Berry, 2005). A constructor fills them before main.
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

uint32_t kindred_crc32c_portable(uint32_t crc, const void *bytes, size_t byte_count) {
    return crc_by_table(crc32c_tables, crc, bytes, byte_count);
}
