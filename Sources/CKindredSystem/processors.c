// Apart from system.c: <sched.h> and the kernel's own header of the same calls name the same structure.
#define _GNU_SOURCE
#include "kindred_system.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

// The kernel refuses a set smaller than its own: one of as many processors as Linux can be built for, and more.
static const int allProcessors = 1 << 16;

int kindred_allowed_processors(int *numbers, int count) {
    const size_t size = CPU_ALLOC_SIZE(allProcessors);
    cpu_set_t *set = CPU_ALLOC(allProcessors);
    if (set == NULL) return -ENOMEM;
    int found = 0;
    if (sched_getaffinity(0, size, set) != 0) found = -errno;
    else
        for (int number = 0; number < allProcessors && found < count; number++)
            if (CPU_ISSET_S(number, size, set)) numbers[found++] = number;
    CPU_FREE(set);
    return found;
}

int kindred_keep_to_processor(int number) {
    cpu_set_t *set = CPU_ALLOC(number + 1);
    if (set == NULL) return ENOMEM;
    CPU_ZERO_S(CPU_ALLOC_SIZE(number + 1), set);
    CPU_SET_S(number, CPU_ALLOC_SIZE(number + 1), set);
    // Of 0 it is the calling thread's alone.
    int code = sched_setaffinity(0, CPU_ALLOC_SIZE(number + 1), set) == 0 ? 0 : errno;
    CPU_FREE(set);
    return code;
}

int kindred_keep_to_no_processor(void) {
    const size_t size = CPU_ALLOC_SIZE(allProcessors);
    cpu_set_t *set = CPU_ALLOC(allProcessors);
    if (set == NULL) return ENOMEM;
    int code = sched_getaffinity(getpid(), size, set) == 0 && sched_setaffinity(0, size, set) == 0 ? 0 : errno;
    CPU_FREE(set);
    return code;
}
