// Lower triangular matrices of float64: Gram matrices, Cholesky factors, their inverses, and products with them.
//
// A triangle of dimension d has ceil(d / 8) panels. Panel p holds the rows 8p ..< 8p + 8 by column, for the columns
// 0 ..< 8p + 8: the element of row 8p + l and column j is number 8j + l of the panel. Panel p begins at number
// 32 p (p + 1) of the triangle. Elements above the diagonal, and those of rows or columns from d on, are 0.
//
// Wide vectors have float64 elements and the length of the panels, 8 ceil(d / 8); elements from d on are 0.
//
// Every function says in which order the terms of an element are added. Elements are independent of each other, and no
// operation is fused, so every kernel gives the same bits.
#ifndef KINDRED_TRIANGLE_H
#define KINDRED_TRIANGLE_H

#include <stddef.h>

enum { KINDRED_PANEL_ROWS = 8 };

typedef struct {
    // Adds to `sums`, row after row, the products of a row's elements 8p + l with its elements j, both widened. Rows
    // are contiguous. `sums` is a panel, or has the content of one; elements above the diagonal get products too.
    void (*add_products)(const float *rows, size_t row_count, size_t dimension, size_t panel, double *sums);

    // Writes the d elements of `vector` to the wide vector `widened` and adds factor * vector to the wide vector `sum`.
    void (*widen)(const float *vector, size_t dimension, double factor, double *widened, double *sum);

    // Replaces the columns first ..< end of panel p by those of the Cholesky factor, given the factor's earlier panels
    // and columns. The element of row i and column j begins with that of the matrix. The products of the factor's
    // elements (i, k) and (j, k) are subtracted for k = 0, 1, ... j - 1. On the diagonal the square root of that is the
    // element; elsewhere it is divided by the element of row j and column j.
    //
    // Returns d, or the first j whose pivot, the element before the square root, is not above `tolerance` times the
    // matrix's element. The rest is not written then.
    size_t (*factor)(double *triangle, size_t dimension, size_t panel, size_t first, size_t end, double tolerance);

    // Writes the columns 8 b ..< 8 b + 8 of the inverse R of the triangle L. On the diagonal, R is 1 / L. Below it,
    // element (i, j) is s / L(i, i), where s begins with +0 and the products L(i, k) R(k, j) are subtracted for
    // k = j, j + 1, ... i - 1.
    void (*invert)(const double *triangle, size_t dimension, size_t block, double *inverse);

    // Adds to panel p for each vector c in ascending order: the element of row i and column j gets (factors[c] * v_j)
    // * v_i. Elements above the diagonal stay 0. `vectors` are wide and contiguous.
    void (*add_ranks)(double *triangle, size_t dimension, size_t panel, const double *vectors, const double *factors,
                      size_t count);

    // products[c][i] = the sum of T(i, j) vectors[c][j] over j = 0, 1, ... i, from +0 on, for the rows of the panels
    // first_panel ..< end_panel. Vectors and products are wide and contiguous, `panel_count` panels long.
    void (*multiply)(const double *triangle, size_t panel_count, size_t first_panel, size_t end_panel,
                     const double *vectors, size_t count, double *products);

    // products[j] = the canonical sum of T(i, j) vector[i] over i, for the columns of the blocks first_block ..<
    // end_block of eight columns. A canonical sum has eight partial sums, see kindred_canonical_sum.
    void (*multiply_transposed)(const double *triangle, size_t panel_count, size_t first_block, size_t end_block,
                                const double *vector, double *products);

    // sums[c] = the canonical sum of vectors[row] and vectors[c], for c in 0 ... row.
    void (*sums)(const double *vectors, size_t panel_count, size_t row, double *sums);

    // combination[i] = the sum of factors[c] * vectors[c][i] over c in ascending order, from +0 on.
    void (*combine)(const double *vectors, const double *factors, size_t count, size_t panel_count,
                    double *combination);

    // Solves L L^T x = b in place, for a Cholesky factor L and a wide b. Forward: the products L(i, k) x_k are
    // subtracted from b_i for k = 0, 1, ... i - 1, then it is divided by L(i, i). Backward: the products L(k, i) x_k
    // are subtracted for k = d - 1, d - 2, ... i + 1, then it is divided by L(i, i).
    void (*solve)(const double *triangle, size_t dimension, double *b);
} kindred_triangle_kernels;

// The kernels of this process.
const kindred_triangle_kernels *kindred_triangle(void);

// The kernels of a name, "portable" or "avx2", for tests; NULL if there are none or this CPU cannot run them.
const kindred_triangle_kernels *kindred_triangle_named(const char *kernel);

#endif
