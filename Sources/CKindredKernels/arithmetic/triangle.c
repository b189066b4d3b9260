// Triangles of float64 with the same bits on every CPU: see kindred_triangle.h.
#include "../kernel_table.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { LANES = KINDRED_PANEL_ROWS };
typedef float lanes_f32 __attribute__((vector_size(4 * LANES)));
typedef double lanes_f64 __attribute__((vector_size(8 * LANES)));
typedef int64_t lanes_i64 __attribute__((vector_size(8 * LANES)));

// One body, compiled for the baseline and for AVX2. Lanes are passed by address, since the calling convention of a wide
// vector depends on the instruction set.
#define INLINED static inline __attribute__((always_inline))
// Loops over accumulators are unrolled, so that each accumulator is a register.
#define UNROLLED _Pragma("clang loop unroll(full)")

INLINED size_t panel_start(size_t panel) { return LANES * LANES / 2 * panel * (panel + 1); }

INLINED void load(const double *from, lanes_f64 *lanes) { memcpy(lanes, from, sizeof *lanes); }
INLINED void store(double *to, const lanes_f64 *lanes) { memcpy(to, lanes, sizeof *lanes); }

// Widens up to eight elements; the other lanes are 0.
INLINED void widen(const float *from, size_t count, lanes_f64 *lanes) {
    lanes_f32 elements = {0};
    memcpy(&elements, from, (count < LANES ? count : LANES) * sizeof(float));
    *lanes = __builtin_convertvector(elements, lanes_f64);
}

// Sets the lanes below `first` to 0.
INLINED void clear_lanes(lanes_f64 *lanes, size_t first) {
    lanes_i64 bits;
    memcpy(&bits, lanes, sizeof bits);
    for (size_t l = 0; l < LANES; l++) bits[l] = l < first ? 0 : bits[l];
    memcpy(lanes, &bits, sizeof bits);
}

INLINED double total(const lanes_f64 *lanes) {
    double sums[LANES];
    memcpy(sums, lanes, sizeof sums);
    return kindred_combine(sums);
}

// ---- Gram matrix -----------------------------------------------------------------------------------------

INLINED void add_column_products(const float *rows, size_t row_count, size_t dimension, size_t panel, size_t column,
                                 size_t count, double *sums) {
    lanes_f64 totals[4];
    size_t first = LANES * panel, width = dimension - first;
    UNROLLED for (size_t c = 0; c < count; c++) load(sums + LANES * (column + c), &totals[c]);
    for (size_t r = 0; r < row_count; r++) {
        const float *row = rows + r * dimension;
        lanes_f64 elements;
        if (width >= LANES) {
            widen(row + first, LANES, &elements);
        } else {
            widen(row + first, width, &elements);
        }
        UNROLLED for (size_t c = 0; c < count; c++) totals[c] += elements * (double)row[column + c];
    }
    UNROLLED for (size_t c = 0; c < count; c++) store(sums + LANES * (column + c), &totals[c]);
}

INLINED void add_products(const float *rows, size_t row_count, size_t dimension, size_t panel, double *sums) {
    size_t end = LANES * (panel + 1) < dimension ? LANES * (panel + 1) : dimension;
    size_t column = 0;
    for (; column + 4 <= end; column += 4) add_column_products(rows, row_count, dimension, panel, column, 4, sums);
    for (; column < end; column++) add_column_products(rows, row_count, dimension, panel, column, 1, sums);
}

// ---- Vectors ---------------------------------------------------------------------------------------------

INLINED void widen_and_add(const float *vector, size_t dimension, double factor, double *widened, double *sum) {
    for (size_t i = 0; i < dimension; i += LANES) {
        lanes_f64 elements, total;
        if (dimension - i >= LANES) {
            widen(vector + i, LANES, &elements);
        } else {
            widen(vector + i, dimension - i, &elements);
        }
        store(widened + i, &elements);
        load(sum + i, &total);
        total += elements * factor;
        store(sum + i, &total);
    }
}

// ---- Cholesky factor -------------------------------------------------------------------------------------

INLINED size_t factor(double *triangle, size_t dimension, size_t panel, size_t first, size_t end, double tolerance) {
    double *rows = triangle + panel_start(panel);
    for (size_t j = first; j < end && j < dimension; j++) {
        const double *row_j = triangle + panel_start(j / LANES) + j % LANES;
        lanes_f64 column, left;
        load(rows + LANES * j, &column);
        double before = row_j[LANES * j];
        for (size_t k = 0; k < j; k++) {
            load(rows + LANES * k, &left);
            column -= left * row_j[LANES * k];
        }
        if (j / LANES < panel) {
            column /= before;
        } else {
            size_t lane = j % LANES;
            double pivot = column[lane];
            // False for a pivot that is not a number.
            if (!(pivot > tolerance * before)) return j;
            double root = sqrt(pivot);
            column /= root;
            column[lane] = root;
            clear_lanes(&column, lane);
        }
        store(rows + LANES * j, &column);
    }
    return dimension;
}

// ---- Inverse ---------------------------------------------------------------------------------------------

// Four columns of the rows of a panel. The rows of earlier panels are there.
INLINED void invert_rows(const double *triangle, size_t dimension, size_t panel, size_t column, double *inverse) {
    const double *left = triangle + panel_start(panel);
    double *rows = inverse + panel_start(panel);
    lanes_f64 sums[4] = {{0}, {0}, {0}, {0}};
    for (size_t q = column / LANES; q < panel; q++) {
        const double *above = inverse + panel_start(q) + LANES * column;
        for (size_t l = 0; l < LANES; l++) {
            lanes_f64 elements;
            load(left + LANES * (LANES * q + l), &elements);
            UNROLLED for (size_t c = 0; c < 4; c++) sums[c] -= elements * above[LANES * c + l];
        }
    }
    for (size_t c = 0; c < 4; c++) {
        double values[LANES];
        memcpy(values, &sums[c], sizeof values);
        for (size_t l = 0; l < LANES; l++) {
            size_t i = LANES * panel + l, j = column + c;
            const double *row = left + LANES * LANES * panel + l;
            for (size_t k = 0; k < l; k++) values[l] -= row[LANES * k] * values[k];
            if (i < j || i >= dimension) {
                values[l] = 0;
            } else {
                values[l] = (i == j ? 1 : values[l]) / row[LANES * l];
            }
        }
        memcpy(rows + LANES * (column + c), values, sizeof values);
    }
}

INLINED void invert(const double *triangle, size_t dimension, size_t block, double *inverse) {
    for (size_t panel = block; panel < (dimension + LANES - 1) / LANES; panel++) {
        invert_rows(triangle, dimension, panel, LANES * block, inverse);
        invert_rows(triangle, dimension, panel, LANES * block + 4, inverse);
    }
}

// ---- Updates and products --------------------------------------------------------------------------------

INLINED void add_ranks_to_columns(double *rows, size_t panel, size_t column, const double *vectors, size_t stride,
                                  const double *factors, size_t count) {
    lanes_f64 elements[4], lanes;
    UNROLLED for (size_t c = 0; c < 4; c++) load(rows + LANES * (column + c), &elements[c]);
    for (size_t v = 0; v < count; v++) {
        const double *vector = vectors + v * stride;
        load(vector + LANES * panel, &lanes);
        UNROLLED for (size_t c = 0; c < 4; c++) elements[c] += lanes * (factors[v] * vector[column + c]);
    }
    for (size_t c = 0; c < 4; c++) {
        if (column + c > LANES * panel) clear_lanes(&elements[c], column + c - LANES * panel);
        store(rows + LANES * (column + c), &elements[c]);
    }
}

INLINED void add_ranks(double *triangle, size_t dimension, size_t panel, const double *vectors, const double *factors,
                       size_t count) {
    size_t stride = (dimension + LANES - 1) / LANES * LANES;
    double *rows = triangle + panel_start(panel);
    for (size_t column = 0; column < LANES * (panel + 1); column += 4)
        add_ranks_to_columns(rows, panel, column, vectors, stride, factors, count);
}

// `count` is a constant where this is inlined.
INLINED void multiply_few(const double *rows, size_t panel, const double *vectors, size_t stride, size_t count,
                          double *products) {
    lanes_f64 sums[5] = {{0}, {0}, {0}, {0}, {0}};
    for (size_t j = 0; j < LANES * (panel + 1); j++) {
        lanes_f64 elements;
        load(rows + LANES * j, &elements);
        UNROLLED for (size_t c = 0; c < count; c++) sums[c] += elements * vectors[c * stride + j];
    }
    UNROLLED for (size_t c = 0; c < count; c++) store(products + c * stride + LANES * panel, &sums[c]);
}

// At most `few` vectors share the loads of a panel, as many as there are registers for. They are dealt evenly.
INLINED void multiply(const double *triangle, size_t panel_count, size_t first_panel, size_t end_panel,
                      const double *vectors, size_t count, double *products, size_t few) {
    size_t stride = LANES * panel_count;
    for (size_t panel = first_panel; panel < end_panel; panel++) {
        const double *rows = triangle + panel_start(panel);
        size_t groups = (count + few - 1) / few;
        for (size_t c = 0; c < count; groups--) {
            size_t size = (count - c + groups - 1) / groups;
            const double *from = vectors + c * stride;
            double *to = products + c * stride;
            switch (size) {
            case 1: multiply_few(rows, panel, from, stride, 1, to); break;
            case 2: multiply_few(rows, panel, from, stride, 2, to); break;
            case 3: multiply_few(rows, panel, from, stride, 3, to); break;
            case 4: multiply_few(rows, panel, from, stride, 4, to); break;
            default: multiply_few(rows, panel, from, stride, 5, to); break;
            }
            c += size;
        }
    }
}

INLINED void multiply_transposed(const double *triangle, size_t panel_count, size_t first_block, size_t end_block,
                                 const double *vector, double *products) {
    for (size_t column = LANES * first_block; column < LANES * end_block; column += 4) {
        lanes_f64 sums[4] = {{0}, {0}, {0}, {0}};
        for (size_t panel = column / LANES; panel < panel_count; panel++) {
            const double *rows = triangle + panel_start(panel) + LANES * column;
            lanes_f64 elements, left;
            load(vector + LANES * panel, &elements);
            UNROLLED for (size_t c = 0; c < 4; c++) {
                load(rows + LANES * c, &left);
                sums[c] += left * elements;
            }
        }
        for (size_t c = 0; c < 4; c++) products[column + c] = total(&sums[c]);
    }
}

INLINED void sums_of_few(const double *vectors, size_t panel_count, size_t row, size_t first, size_t count,
                         double *sums) {
    size_t stride = LANES * panel_count;
    lanes_f64 totals[4] = {{0}, {0}, {0}, {0}};
    for (size_t i = 0; i < stride; i += LANES) {
        lanes_f64 left, right;
        load(vectors + row * stride + i, &left);
        UNROLLED for (size_t c = 0; c < count; c++) {
            load(vectors + (first + c) * stride + i, &right);
            totals[c] += left * right;
        }
    }
    for (size_t c = 0; c < count; c++) sums[first + c] = total(&totals[c]);
}

INLINED void row_sums(const double *vectors, size_t panel_count, size_t row, double *sums) {
    size_t c = 0;
    for (; c + 4 <= row + 1; c += 4) sums_of_few(vectors, panel_count, row, c, 4, sums);
    for (; c <= row; c++) sums_of_few(vectors, panel_count, row, c, 1, sums);
}

INLINED void combine(const double *vectors, const double *factors, size_t count, size_t panel_count,
                     double *combination) {
    size_t stride = LANES * panel_count;
    for (size_t i = 0; i < stride; i += LANES) {
        lanes_f64 sum = {0}, elements;
        for (size_t c = 0; c < count; c++) {
            load(vectors + c * stride + i, &elements);
            sum += elements * factors[c];
        }
        store(combination + i, &sum);
    }
}

INLINED void solve(const double *triangle, size_t dimension, double *b) {
    size_t panel_count = (dimension + LANES - 1) / LANES;
    for (size_t panel = 0; panel < panel_count; panel++) {
        const double *rows = triangle + panel_start(panel);
        lanes_f64 lanes, left;
        load(b + LANES * panel, &lanes);
        for (size_t k = 0; k < LANES * panel; k++) {
            load(rows + LANES * k, &left);
            lanes -= left * b[k];
        }
        store(b + LANES * panel, &lanes);
        const double *square = rows + LANES * LANES * panel;
        double *values = b + LANES * panel;
        for (size_t l = 0; l < LANES && LANES * panel + l < dimension; l++) {
            for (size_t k = 0; k < l; k++) values[l] -= square[LANES * k + l] * values[k];
            values[l] /= square[LANES * l + l];
        }
    }
    for (size_t i = dimension; i-- > 0;) {
        const double *row = triangle + panel_start(i / LANES) + i % LANES;
        b[i] /= row[LANES * i];
        for (size_t k = 0; k < i; k++) b[k] -= row[LANES * k] * b[i];
    }
}

// ---- One set of functions for each instruction set -------------------------------------------------------

#define KERNELS(NAME, TARGET, FEW)                                                                                     \
    TARGET static void add_products_##NAME(const float *rows, size_t row_count, size_t dimension, size_t panel,       \
                                           double *sums) {                                                            \
        add_products(rows, row_count, dimension, panel, sums);                                                        \
    }                                                                                                                 \
    TARGET static void widen_##NAME(const float *vector, size_t dimension, double factor, double *widened,            \
                                    double *sum) {                                                                    \
        widen_and_add(vector, dimension, factor, widened, sum);                                                       \
    }                                                                                                                 \
    TARGET static size_t factor_##NAME(double *triangle, size_t dimension, size_t panel, size_t first, size_t end,    \
                                       double tolerance) {                                                            \
        return factor(triangle, dimension, panel, first, end, tolerance);                                             \
    }                                                                                                                 \
    TARGET static void invert_##NAME(const double *triangle, size_t dimension, size_t block, double *inverse) {       \
        invert(triangle, dimension, block, inverse);                                                                  \
    }                                                                                                                 \
    TARGET static void add_ranks_##NAME(double *triangle, size_t dimension, size_t panel, const double *vectors,      \
                                        const double *factors, size_t count) {                                        \
        add_ranks(triangle, dimension, panel, vectors, factors, count);                                               \
    }                                                                                                                 \
    TARGET static void multiply_##NAME(const double *triangle, size_t panel_count, size_t first_panel,                \
                                       size_t end_panel, const double *vectors, size_t count, double *products) {     \
        multiply(triangle, panel_count, first_panel, end_panel, vectors, count, products, FEW);                       \
    }                                                                                                                 \
    TARGET static void multiply_transposed_##NAME(const double *triangle, size_t panel_count, size_t first_block,     \
                                                  size_t end_block, const double *vector, double *products) {         \
        multiply_transposed(triangle, panel_count, first_block, end_block, vector, products);                         \
    }                                                                                                                 \
    TARGET static void sums_##NAME(const double *vectors, size_t panel_count, size_t row, double *sums) {             \
        row_sums(vectors, panel_count, row, sums);                                                                    \
    }                                                                                                                 \
    TARGET static void combine_##NAME(const double *vectors, const double *factors, size_t count,                     \
                                      size_t panel_count, double *combination) {                                      \
        combine(vectors, factors, count, panel_count, combination);                                                   \
    }                                                                                                                 \
    TARGET static void solve_##NAME(const double *triangle, size_t dimension, double *b) {                            \
        solve(triangle, dimension, b);                                                                                \
    }                                                                                                                 \
    const kindred_triangle_kernels kindred_##NAME##_triangle = {                                                      \
        add_products_##NAME, widen_##NAME, factor_##NAME, invert_##NAME, add_ranks_##NAME, multiply_##NAME,           \
        multiply_transposed_##NAME, sums_##NAME, combine_##NAME, solve_##NAME,                                        \
    };

KERNELS(portable, , 3)
#if defined(__x86_64__)
KERNELS(avx2, __attribute__((target("avx2"))), 5)
#endif
