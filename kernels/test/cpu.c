/* The detection of instruction sets (native/cpu.h) on made-up processors: everything that AMX needs, taken away piece by
 * piece. Prints one line; exits with 1 when an answer is wrong. */
#include <stdio.h>
#include <string.h>
#include "../native/cpu.h"

static int failures, asked;

static long granted(void) { return asked++, 0; }
static long refused(void) { return asked++, -22; }

static void expect(const char *what, const char *got, const char *part) {
  if (got == part || (got && part && strstr(got, part))) return;
  printf("%s: got \"%s\", expected \"%s\"\n", what, got ? got : "nothing missing", part ? part : "nothing missing");
  failures++;
}

int main(void) {
  const Cpu sapphire = {
      .basic_c = bit_OSXSAVE | bit_FMA,
      .extended_b = bit_AVX2 | bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL,
      .extended_d = bit_AMXTILE | bit_AMXBF16,
      .extended1_a = bit_AVX512BF16,
      .saved = ZMM_SAVED | TILES_SAVED,
  };
  expect("all there", lacks_amx(&sapphire, granted), 0);
  if (asked != 1) printf("the operating system is asked %d times\n", asked), failures++;
  expect("refused", lacks_amx(&sapphire, refused), "refuses this process");

  asked = 0;
  Cpu cpu = sapphire;
  cpu.extended_d = bit_AMXTILE;
  expect("tiles without bf16", lacks_amx(&cpu, granted), "lacks AMX with bf16");
  expect("its AVX-512", lacks_avx512(&cpu), 0);
  cpu = sapphire;
  cpu.extended1_a = 0;
  expect("no conversions", lacks_amx(&cpu, granted), "lacks AVX-512 BF16");
  cpu = sapphire;
  cpu.saved = ZMM_SAVED | 0x20000u;
  expect("half of the tile state saved", lacks_amx(&cpu, granted), "does not save AMX tiles");
  cpu.saved = YMM_SAVED | TILES_SAVED;
  expect("no wide registers saved", lacks_amx(&cpu, granted), "does not save AVX-512 registers");
  expect("no wide registers saved, AVX-512", lacks_avx512(&cpu), "does not save AVX-512 registers");
  expect("no wide registers saved, AVX2", lacks_avx2(&cpu), 0);
  cpu.saved = 0;
  expect("nothing saved", lacks_avx2(&cpu), "does not save AVX registers");
  cpu = sapphire;
  cpu.extended_b &= ~(uint32_t)bit_AVX512VL;
  expect("no AVX512VL", lacks_avx512(&cpu), "lacks AVX-512 (F, BW, DQ and VL)");
  cpu = sapphire;
  cpu.basic_c = bit_OSXSAVE;
  expect("no FMA", lacks_avx2(&cpu), "lacks AVX2 with FMA");
  if (asked) printf("tiles are asked for where they could not be used\n"), failures++;

  /* Whatever this machine is, asking must not end the process, and nobody lends what is not there. */
  const Cpu here = this_cpu();
  if (ask_for_tiles() == 0 && !(here.extended_d & bit_AMXTILE)) printf("tiles are lent that are not there\n"), failures++;
  const char *missing = lacks_amx(&here, ask_for_tiles);
  if (!failures) printf("agrees; here: %s\n", missing ? missing : "AMX may be used");
  return failures ? 1 : 0;
}
