// Apart from system.c: <sched.h> and the kernel's own header of the same calls name the same structure.
#define _GNU_SOURCE
#include "kindred_system.h"

#include <errno.h>
#include <sched.h>

int kindred_allowed_processors(int *numbers, int count) {
    // The kernel refuses a set smaller than its own: one of as many processors as Linux can be built for, and more.
    const int bits = 1 << 16;
    cpu_set_t *set = CPU_ALLOC(bits);
    if (set == NULL) return -ENOMEM;
    int found = 0;
    if (sched_getaffinity(0, CPU_ALLOC_SIZE(bits), set) != 0) found = -errno;
    else
        for (int number = 0; number < bits && found < count; number++)
            if (CPU_ISSET_S(number, CPU_ALLOC_SIZE(bits), set)) numbers[found++] = number;
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
