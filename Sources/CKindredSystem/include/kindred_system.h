// System calls and library symbols that Swift cannot import.
#ifndef KINDRED_SYSTEM_H
#define KINDRED_SYSTEM_H

#include <stdint.h>

// Renames a file or folder without replacing anything (renameat2 with RENAME_NOREPLACE). Returns 0 or the errno value.
int kindred_rename_without_replacing(const char *from, const char *to);

// Sets the linked BLAS library to one thread. Returns the name of the library's function for that, or NULL if it has
// none (the reference BLAS has no threads).
const char *kindred_blas_use_one_thread(void);

// The BLAS library's description of itself (OpenBLAS only), or NULL.
const char *kindred_blas_description(void);

// The name of the CPU whose kernels the BLAS library uses (OpenBLAS only), or NULL.
const char *kindred_blas_core(void);

// Bytes in a connected socket's send queue that its peer has not acknowledged yet, or -1.
int kindred_unacknowledged_bytes(int socket);

// Gives the calling thread the lowest priority: niceness 19 and time slices of 0.1 ms, so that threads that wake up
// run soon (short slices need Linux 6.12). The thread cannot undo this without privileges. Returns 0 or the errno
// value.
int kindred_give_way(void);

// Writes the numbers of the processors that the calling thread may run on to `numbers`, ascending, at most `count`.
// Returns how many it wrote, or the negative errno value.
int kindred_allowed_processors(int *numbers, int count);

// Restricts the calling thread, and threads that it creates later, to the processor of a number (from 0). Returns 0 or
// the errno value.
int kindred_keep_to_processor(int number);

// Allows the calling thread all processors that the process's first thread may run on. Returns 0 or the errno value.
int kindred_keep_to_no_processor(void);

// A counter of the calling thread, 0 at first: increments it, and reads it.
void kindred_count_on_thread(void);
uint64_t kindred_counted_on_thread(void);

// Free bytes of the heap, whether their pages have memory or not. The time grows with the number of free pieces, and
// threads whose pieces are counted cannot allocate meanwhile.
uint64_t kindred_unused_heap_bytes(void);

// Makes the allocator return large pieces to the system when they are freed. Call it before other threads start.
void kindred_prepare_heap(void);

// Returns free heap memory to the system. The time grows with its size, and threads whose memory it is cannot allocate
// meanwhile.
void kindred_release_unused_heap(void);

#endif
