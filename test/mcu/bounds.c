/* Every kind of access of holder/wasm-rt.h at the edges of a memory of 64 bytes. Prints what is wrong, and fails. */

#include <setjmp.h>
#include <stdio.h>

#include "wasm-rt.h"

uint8_t wardlet_memory[WARDLET_MEMORY_SIZE + WARDLET_SLACK];

static jmp_buf trapped;
static int faults;

void wardlet_trap(void) { longjmp(trapped, 1); }

/* Volatile: as in the core, the compiler does not know the address. */
static volatile u32 base;
#define ADDRESS(offset) (u64)(base) + offset

#define EXPECT(traps, at, what)                                                    \
  do {                                                                             \
    base = (at);                                                                   \
    int seen = 1;                                                                  \
    if (setjmp(trapped) == 0) {                                                    \
      what;                                                                        \
      seen = 0;                                                                    \
    }                                                                              \
    if (seen != (traps)) {                                                         \
      printf("%s at %u: %s\n", #what, (unsigned)base, seen ? "traps" : "no trap"); \
      faults++;                                                                    \
    }                                                                              \
  } while (0)

/*
 * The last place where `size` bytes fit into the memory, the first one where they do not even fit into the array, and one that
 * comes round at 2^32. What lies between, in the slack, may trap or not.
 */
#define EDGES(size, what)                         \
  EXPECT(0, 0u, what(0u));                        \
  EXPECT(0, 64u - (size), what(0u));              \
  EXPECT(1, END + 1u - (size), what(0u));         \
  EXPECT(0, 56u - (size), what(8u));              \
  EXPECT(1, END - 7u - (size), what(8u));         \
  EXPECT(1, END, what(0u));                       \
  EXPECT(0, 0u, what(64u - (size)));              \
  EXPECT(1, 0u, what(65u - (size)));              \
  EXPECT(1, 0u, what(100u));                      \
  EXPECT(1, 0xffffffffu, what(0u));               \
  EXPECT(1, 0xfffffff8u, what(8u))
#define END (WARDLET_MEMORY_SIZE + WARDLET_SLACK)

#define LOAD32(offset) (void)i32_load(0, ADDRESS(offset))
#define LOAD16(offset) (void)i32_load16_u(0, ADDRESS(offset))
#define LOAD8(offset) (void)i32_load8_u(0, ADDRESS(offset))
#define LOAD64(offset) (void)i64_load(0, ADDRESS(offset))
#define STORE32(offset) i32_store(0, ADDRESS(offset), 1)
#define STORE16(offset) i32_store16(0, ADDRESS(offset), 1)
#define STORE8(offset) i32_store8(0, ADDRESS(offset), 1)
#define STORE64(offset) i64_store(0, ADDRESS(offset), 1)

int main(void) {
  EDGES(1, LOAD8);
  EDGES(2, LOAD16);
  EDGES(4, LOAD32);
  EDGES(8, LOAD64);
  EDGES(1, STORE8);
  EDGES(2, STORE16);
  EDGES(4, STORE32);
  EDGES(8, STORE64);

  EXPECT(0, 0u, memory_fill(0, base, 1, 64));
  EXPECT(0, 64u, memory_fill(0, base, 1, 0));
  EXPECT(1, 65u, memory_fill(0, base, 1, 0));
  EXPECT(1, 1u, memory_fill(0, base, 1, 64));
  EXPECT(1, 8u, memory_fill(0, base, 1, 0xfffffff8u));
  EXPECT(0, 32u, memory_copy(0, 0, base, 0, 32));
  EXPECT(1, 33u, memory_copy(0, 0, base, 0, 32));
  EXPECT(1, 33u, memory_copy(0, 0, 0, base, 32));

  EXPECT(1, 0u, (void)DIV_U(1u, base));
  EXPECT(1, 0u, (void)REM_U(1u, base));
  EXPECT(1, 0x80000000u, (void)I32_DIV_S(base, 0xffffffffu));
  EXPECT(0, 0x80000000u, (void)I32_REM_S(base, 0xffffffffu));
  EXPECT(0, 7u, (void)I64_DIV_S((u64)base, 2));
  return faults != 0;
}
