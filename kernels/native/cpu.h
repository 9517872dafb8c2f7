/* What a processor and its operating system have for each instruction set of the kernels. */
#ifndef UNROLLED_CPU_H
#define UNROLLED_CPU_H

#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* All that the answers depend on, so that a test can make up processors. */
typedef struct {
  uint32_t basic_c;                       /* cpuid 1, ecx */
  uint32_t extended_b, extended_d;        /* cpuid 7, ebx and edx */
  uint32_t extended1_a;                   /* cpuid 7.1, eax */
  uint32_t saved;                         /* XCR0: registers that the operating system saves */
} Cpu;

static inline Cpu this_cpu(void) {
  Cpu cpu = {0};
  uint32_t a, b, c, d;
  if (__get_cpuid(1, &a, &b, &c, &d)) cpu.basic_c = c;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) cpu.extended_b = b, cpu.extended_d = d;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) cpu.extended1_a = a;
  if (cpu.basic_c & bit_OSXSAVE) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    cpu.saved = low;
  }
  return cpu;
}

#define YMM_SAVED 0x06u     /* SSE and AVX */
#define ZMM_SAVED 0xe6u     /* these, mask registers and both halves of the wide ones */
#define TILES_SAVED 0x60000u /* the tiles and their configuration */

/* Each says what is missing, or 0. */
static inline const char *lacks_avx2(const Cpu *cpu) {
  if ((cpu->saved & YMM_SAVED) != YMM_SAVED) return "the operating system does not save AVX registers";
  if (!(cpu->basic_c & bit_FMA) || !(cpu->extended_b & bit_AVX2)) return "this processor lacks AVX2 with FMA";
  return 0;
}

static inline const char *lacks_avx512(const Cpu *cpu) {
  const uint32_t needed = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  if (lacks_avx2(cpu)) return lacks_avx2(cpu);
  if ((cpu->extended_b & needed) != needed) return "this processor lacks AVX-512 (F, BW, DQ and VL)";
  if ((cpu->saved & ZMM_SAVED) != ZMM_SAVED) return "the operating system does not save AVX-512 registers";
  return 0;
}

/* The conversions to bf16, which every processor with AMX for bf16 has. */
static inline const char *lacks_bf16(const Cpu *cpu) {
  if (lacks_avx512(cpu)) return lacks_avx512(cpu);
  return cpu->extended1_a & bit_AVX512BF16 ? 0 : "this processor lacks AVX-512 BF16";
}

/* ask: ask_for_tiles. */
static inline const char *lacks_amx(const Cpu *cpu, long (*ask)(void)) {
  const uint32_t needed = bit_AMXTILE | bit_AMXBF16;
  if ((cpu->extended_d & needed) != needed) return "this processor lacks AMX with bf16";
  if (lacks_bf16(cpu)) return lacks_bf16(cpu);
  if ((cpu->saved & TILES_SAVED) != TILES_SAVED) return "the operating system does not save AMX tiles";
  return ask() == 0 ? 0 : "the operating system refuses this process the use of AMX tiles";
}

/* Linux lends the tiles to a process that asks (arch_prctl, ARCH_REQ_XCOMP_PERM, since 5.16), to all its threads and for
 * good; before that, using one is a fatal signal. Elsewhere nobody knows how to ask. @returns 0, or an error */
static inline long ask_for_tiles(void) {
#if defined(__linux__)
  const long arch_prctl = 158, request_permission = 0x1023, tile_data = 18;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(arch_prctl), "D"(request_permission), "S"(tile_data)
                   : "rcx", "r11", "memory");
  return result;
#else
  return -1;
#endif
}

#endif
#endif
