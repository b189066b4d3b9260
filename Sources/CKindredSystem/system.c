#define _GNU_SOURCE
#include "kindred_system.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int kindred_rename_without_replacing(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

const char *kindred_blas_use_one_thread(void) {
    static const char *const names[] = {"openblas_set_num_threads", "MKL_Set_Num_Threads",
                                        "bli_thread_set_num_threads"};
    for (int i = 0; i < 3; i++) {
        void *symbol = dlsym(RTLD_DEFAULT, names[i]);
        if (symbol == NULL) continue;
        if (i == 2) ((void (*)(long))symbol)(1);
        else ((void (*)(int))symbol)(1);
        return names[i];
    }
    return NULL;
}

const char *kindred_blas_description(void) {
    void *symbol = dlsym(RTLD_DEFAULT, "openblas_get_config");
    return symbol == NULL ? NULL : ((const char *(*)(void))symbol)();
}

const char *kindred_blas_core(void) {
    void *symbol = dlsym(RTLD_DEFAULT, "openblas_get_corename");
    return symbol == NULL ? NULL : ((const char *(*)(void))symbol)();
}

int kindred_unacknowledged_bytes(int socket) {
    int count = 0;
    return ioctl(socket, SIOCOUTQ, &count) == 0 ? count : -1;
}

int kindred_give_way(void) {
    struct sched_attr wanted = {
        .size = sizeof wanted, .sched_policy = SCHED_NORMAL, .sched_nice = 19, .sched_runtime = 100000};
    // 0 is the calling thread.
    return syscall(SYS_sched_setattr, 0, &wanted, 0) == 0 ? 0 : errno;
}

static _Thread_local uint64_t counted;

void kindred_count_on_thread(void) { counted++; }

uint64_t kindred_counted_on_thread(void) { return counted; }

uint64_t kindred_unused_heap_bytes(void) { return mallinfo2().fordblks; }

void kindred_prepare_heap(void) {
    // Large pieces go back to the system as soon as they are freed. Setting any of these options stops the allocator
    // from raising M_MMAP_THRESHOLD by itself.
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
}

void kindred_release_unused_heap(void) { malloc_trim(0); }
