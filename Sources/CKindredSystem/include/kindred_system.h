// System calls and symbols that Swift cannot name.
#ifndef KINDRED_SYSTEM_H
#define KINDRED_SYSTEM_H

#include <stddef.h>

// renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE): 0, or the errno value.
int kindred_rename_without_replacing(const char *from, const char *to);

// Tells the BLAS library, whichever is linked, to use one thread. Returns the name of the function that said
// so, or NULL where the library has none (the reference BLAS has no threads).
const char *kindred_blas_use_one_thread(void);

// The BLAS library's description of itself (OpenBLAS only), or NULL.
const char *kindred_blas_description(void);

// Bytes that a connected socket has not yet had acknowledged by its peer, or -1.
int kindred_unacknowledged_bytes(int socket);

// Lets the calling thread run only where no other thread wants to (SCHED_IDLE). It cannot take that back. Anybody may;
// 0, or the errno value.
int kindred_run_where_idle(void);

// Anonymous pages with another number of bytes, possibly elsewhere; NULL, and the pages as they were, where the system
// has none.
void *kindred_resize_pages(void *pages, size_t byte_count, size_t wanted_byte_count);

// Gives unused heap memory back to the system.
void kindred_release_unused_heap(void);

#endif
