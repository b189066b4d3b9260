// System calls and symbols that Swift cannot name.
#ifndef KINDRED_SYSTEM_H
#define KINDRED_SYSTEM_H

#include <stdint.h>

// renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE): 0, or the errno value.
int kindred_rename_without_replacing(const char *from, const char *to);

// Tells the BLAS library, whichever is linked, to use one thread. Returns the name of the function that said
// so, or NULL where the library has none (the reference BLAS has no threads).
const char *kindred_blas_use_one_thread(void);

// The BLAS library's description of itself (OpenBLAS only), or NULL.
const char *kindred_blas_description(void);

// The CPU whose kernels the BLAS library computes with, by the library's name for it (OpenBLAS only), or NULL.
const char *kindred_blas_core(void);

// Bytes that a connected socket has not yet had acknowledged by its peer, or -1.
int kindred_unacknowledged_bytes(int socket);

// Lets the calling thread run where others leave it time: with the lowest weight (niceness 19), and in turns of 0.1 ms,
// after which whoever has woken up goes first (Linux 6.12; before, its turns are as long as everybody's). It cannot
// take that back without privileges. 0, or the errno value.
int kindred_give_way(void);

// The processors that the calling thread may run on: writes the numbers of the first `count` of them, ascending, and
// returns how many it wrote, or the errno value below zero.
int kindred_allowed_processors(int *numbers, int count);

// Lets the calling thread run on one processor alone, by its number (from 0). Threads that it makes inherit that.
// 0, or the errno value.
int kindred_keep_to_processor(int number);

// Lets the calling thread run wherever the process's first thread may: 0, or the errno value.
int kindred_keep_to_no_processor(void);

// A number of the calling thread's own, 0 at first: how often the thread has counted.
void kindred_count_on_thread(void);
uint64_t kindred_counted_on_thread(void);

// Bytes of the heap that nobody uses, whether their pages are still there or were given back. Takes about a
// millisecond, and some 10 ms for each million of pieces that they are in, during which their threads get no other.
uint64_t kindred_unused_heap_bytes(void);

// Has the allocator give large pieces of memory back to the system when they are freed. Before other threads run.
void kindred_prepare_heap(void);

// Gives unused heap memory back to the system. Takes 0.1 to 0.2 ms for each mebibyte, during which the threads whose
// memory it is get no other.
void kindred_release_unused_heap(void);

#endif
