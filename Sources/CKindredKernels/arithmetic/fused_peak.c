// The peak throughput of fused multiply-adds.
#include "kindred_kernels.h"

#if defined(__x86_64__)

// Independent sums, enough to hide the latency of an addition: two units with a latency of at most 5 cycles need 10. In
// assembly, so that a debug build measures the CPU too. All registers are 0, as the speed does not depend on values.
enum { SUMS = 12 };

#define ADD(register, factor, sum) "vfmadd231ps %%" register factor ", %%" register factor ", %%" register sum "\n"
#define ADDS(register)                                                                                      \
    ADD(register, "12", "0") ADD(register, "12", "1") ADD(register, "12", "2") ADD(register, "12", "3")     \
    ADD(register, "12", "4") ADD(register, "12", "5") ADD(register, "12", "6") ADD(register, "12", "7")     \
    ADD(register, "12", "8") ADD(register, "12", "9") ADD(register, "12", "10") ADD(register, "12", "11")
#define CLEAR(sum) "vxorps %%xmm" sum ", %%xmm" sum ", %%xmm" sum "\n"
#define RUN(rounds, register)                                                                               \
    __asm__ volatile(CLEAR("0") CLEAR("1") CLEAR("2") CLEAR("3") CLEAR("4") CLEAR("5") CLEAR("6")            \
                     CLEAR("7") CLEAR("8") CLEAR("9") CLEAR("10") CLEAR("11") CLEAR("12")                    \
                     "1:\n" ADDS(register) "subq $1, %0\n"                                                   \
                     "jnz 1b\n"                                                                              \
                     "vzeroupper\n"                                                                          \
                     : "+r"(rounds)                                                                          \
                     :                                                                                       \
                     : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

size_t kindred_fused_lanes(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return 16;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 0;
}

size_t kindred_fused_multiply_adds(size_t rounds) {
    size_t lanes = kindred_fused_lanes();
    if (lanes == 0 || rounds == 0) return 0;
    size_t left = rounds;
    if (lanes == 16) RUN(left, "zmm");
    else RUN(left, "ymm");
    return rounds * SUMS * lanes;
}
#else
size_t kindred_fused_lanes(void) { return 0; }

size_t kindred_fused_multiply_adds(size_t rounds) {
    (void)rounds;
    return 0;
}
#endif
