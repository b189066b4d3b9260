// Counts a process's allocations: preloaded, it stands before the C library's allocator and writes the count to the
// file that KINDRED_ALLOCATIONS names when the process ends.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t byte_count);
extern void *__libc_calloc(size_t count, size_t byte_count);
extern void *__libc_realloc(void *old, size_t byte_count);
extern void *__libc_memalign(size_t alignment, size_t byte_count);

static atomic_ulong allocations;

static void count_one(void) { atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed); }

void *malloc(size_t byte_count) {
    count_one();
    return __libc_malloc(byte_count);
}

void *calloc(size_t count, size_t byte_count) {
    count_one();
    return __libc_calloc(count, byte_count);
}

void *realloc(void *old, size_t byte_count) {
    count_one();
    return __libc_realloc(old, byte_count);
}

void *memalign(size_t alignment, size_t byte_count) {
    count_one();
    return __libc_memalign(alignment, byte_count);
}

void *aligned_alloc(size_t alignment, size_t byte_count) { return memalign(alignment, byte_count); }

int posix_memalign(void **place, size_t alignment, size_t byte_count) {
    void *memory = memalign(alignment, byte_count);
    if (memory == NULL && byte_count > 0) return ENOMEM;
    *place = memory;
    return 0;
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("KINDRED_ALLOCATIONS");
    if (path == NULL) return;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return;
    dprintf(file, "%lu\n", atomic_load(&allocations));
    close(file);
}
