// The AMX intrinsics that the scan kernel uses, over arrays of bytes. A use that the hardware refuses ends the process.
#ifndef KINDRED_EMULATED_TILES_H
#define KINDRED_EMULATED_TILES_H

#include "emulated_vectors.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uint8_t palette;
    uint8_t start_row;
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} emulated_configuration;

static _Thread_local emulated_configuration emulated_configured;
static _Thread_local uint8_t emulated_tile[8][16][64];

// Ends the process where the hardware would raise an exception.
EMULATED void emulated_require(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "emulated AMX: %s\n", what);
    abort();
}

EMULATED void emulated_require_tile(int tile) {
    emulated_require(emulated_configured.palette == 1, "a tile is used before tiles are configured");
    emulated_require(emulated_configured.rows[tile] > 0 && emulated_configured.row_bytes[tile] > 0,
                     "a tile is used that has no rows");
}

EMULATED void emulated_loadconfig(const void *bytes) {
    memcpy(&emulated_configured, bytes, 64);
    emulated_require(emulated_configured.palette == 1, "the palette is not 1");
    emulated_require(emulated_configured.start_row == 0, "the start row is not 0");
    for (int i = 0; i < 14; i++)
        emulated_require(emulated_configured.reserved[i] == 0, "a reserved byte is not 0");
    for (int i = 0; i < 16; i++) {
        int rows = emulated_configured.rows[i], row_bytes = emulated_configured.row_bytes[i];
        emulated_require(i < 8 ? rows <= 16 && row_bytes <= 64 : rows == 0 && row_bytes == 0,
                         "a tile is higher or wider than the palette allows");
        emulated_require((rows == 0) == (row_bytes == 0), "a tile has rows without bytes or bytes without rows");
    }
    memset(emulated_tile, 0, sizeof emulated_tile);
}

EMULATED void emulated_release(void) {
    memset(&emulated_configured, 0, sizeof emulated_configured);
    memset(emulated_tile, 0, sizeof emulated_tile);
}

EMULATED void emulated_zero(int tile) {
    emulated_require_tile(tile);
    memset(emulated_tile[tile], 0, sizeof emulated_tile[tile]);
}

EMULATED void emulated_loadd(int tile, const void *bytes, size_t stride) {
    emulated_require_tile(tile);
    memset(emulated_tile[tile], 0, sizeof emulated_tile[tile]);
    for (size_t row = 0; row < emulated_configured.rows[tile]; row++)
        memcpy(emulated_tile[tile][row], (const uint8_t *)bytes + row * stride,
               emulated_configured.row_bytes[tile]);
}

EMULATED void emulated_stored(int tile, void *bytes, size_t stride) {
    emulated_require_tile(tile);
    for (size_t row = 0; row < emulated_configured.rows[tile]; row++)
        memcpy((uint8_t *)bytes + row * stride, emulated_tile[tile][row], emulated_configured.row_bytes[tile]);
}

// Adds products of signed bytes of `a` and unsigned bytes of `b` to the 32-bit sums, four products to a sum.
EMULATED void emulated_dpbsud(int sums, int a, int b) {
    emulated_require_tile(sums);
    emulated_require_tile(a);
    emulated_require_tile(b);
    const emulated_configuration *shape = &emulated_configured;
    emulated_require(sums != a && sums != b && a != b, "a product's tiles are not distinct");
    emulated_require(shape->rows[sums] == shape->rows[a], "the sums and the first factor differ in rows");
    emulated_require(shape->row_bytes[sums] == shape->row_bytes[b],
                     "the sums and the second factor differ in columns");
    emulated_require(shape->row_bytes[a] == 4 * shape->rows[b], "the factors do not fit each other");
    emulated_require(shape->row_bytes[b] % 4 == 0, "a column is not whole");
    for (size_t row = 0; row < shape->rows[sums]; row++)
        for (size_t inner = 0; inner < shape->rows[b]; inner++)
            for (size_t column = 0; column < shape->row_bytes[b] / 4u; column++) {
                int32_t sum;
                memcpy(&sum, &emulated_tile[sums][row][4 * column], 4);
                uint32_t total = (uint32_t)sum;
                for (size_t i = 0; i < 4; i++) {
                    int32_t x = (int8_t)emulated_tile[a][row][4 * inner + i];
                    int32_t y = emulated_tile[b][inner][4 * column + i];
                    total += (uint32_t)(x * y);
                }
                memcpy(&emulated_tile[sums][row][4 * column], &total, 4);
            }
}

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbsud

#define _tile_loadconfig emulated_loadconfig
#define _tile_release emulated_release
#define _tile_zero emulated_zero
#define _tile_loadd emulated_loadd
#define _tile_stored emulated_stored
#define _tile_dpbsud emulated_dpbsud

#endif
