// Separate from system.c, since <sched.h> and <linux/sched.h> define the same structure.
#define _GNU_SOURCE
#include "kindred_system.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

// The kernel refuses a set that is smaller than its own, so the set has more bits than Linux supports processors.
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
    // 0 is the calling thread.
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
