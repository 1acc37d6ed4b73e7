/*
 * What the functions that wasm2c writes need to be compiled: types, memory accesses, integer arithmetic. Nothing else of
 * WebAssembly is in a Wardlet core (no floats, tables, imports, growing memory); should it ever be, compiling fails.
 *
 * Beside the wasm-rt.h that comes with wabt: memory is one array of a size known at compile time, so its address and its
 * bound are constants, and every access is checked with one 32-bit comparison. -DWARDLET_UNCHECKED leaves the check out.
 *
 * For little-endian machines with GCC or Clang, 32 or 64 bits.
 */
#ifndef WARDLET_WASM_RT_H
#define WARDLET_WASM_RT_H

#include <stdint.h>
#include <string.h>

#include "wardlet.h"

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;

/* wasm2c hands the instance to every function. There is one core and it has no globals: the parameter is optimized away. */
typedef struct Z_core_instance_t Z_core_instance_t;

#define FUNC_PROLOGUE
#define FUNC_EPILOGUE
#define UNREACHABLE wardlet_trap()

/* --- memory ------------------------------------------------------------------------------------------------------ */

#ifdef WARDLET_UNCHECKED
#define WASM_CHECK(base, offset, size)
#else
/*
 * base + offset + size <= WARDLET_MEMORY_SIZE, without overflow, give or take the slack behind the memory (wardlet.h): the limit
 * is rounded up to a number that fits into an instruction of the processor, and to the same one for neighbouring fields, which
 * then share a check. All but base are constants: one comparison is left.
 */
#define WASM_LIMIT(offset, size) \
  ((WARDLET_MEMORY_SIZE - (size) - (offset) + WARDLET_SLACK - 1) / WARDLET_SLACK * WARDLET_SLACK)
#define WASM_CHECK(base, offset, size)                                                                                  \
  if (__builtin_expect((offset) > WARDLET_MEMORY_SIZE - (size) || (base) > WASM_LIMIT(offset, size), 0)) wardlet_trap()
#endif

/*
 * memcpy: any alignment. It becomes single load and store instructions.
 *
 * Forced in line: at -Os the compiler would make functions of them that many places share, which call for more
 * instructions than they save.
 */
#define WASM_ACCESS static inline __attribute__((always_inline))
#define WASM_LOAD(name, stored, extended, result)                  \
  WASM_ACCESS result wasm_##name(u32 base, u32 offset) {           \
    stored value;                                                  \
    WASM_CHECK(base, offset, sizeof value);                        \
    memcpy(&value, wardlet_memory + base + offset, sizeof value);  \
    return (result)(extended)value;                                \
  }
#define WASM_STORE(name, stored, given)                            \
  WASM_ACCESS void wasm_##name(u32 base, u32 offset, given all) {  \
    stored value = (stored)all;                                    \
    WASM_CHECK(base, offset, sizeof value);                        \
    memcpy(wardlet_memory + base + offset, &value, sizeof value);  \
  }

WASM_LOAD(i32_load, u32, u32, u32)
WASM_LOAD(i32_load8_s, s8, s32, u32)
WASM_LOAD(i32_load8_u, u8, u32, u32)
WASM_LOAD(i32_load16_s, s16, s32, u32)
WASM_LOAD(i32_load16_u, u16, u32, u32)
WASM_LOAD(i64_load, u64, u64, u64)
WASM_LOAD(i64_load8_s, s8, s64, u64)
WASM_LOAD(i64_load8_u, u8, u64, u64)
WASM_LOAD(i64_load16_s, s16, s64, u64)
WASM_LOAD(i64_load16_u, u16, u64, u64)
WASM_LOAD(i64_load32_s, s32, s64, u64)
WASM_LOAD(i64_load32_u, u32, u64, u64)
WASM_STORE(i32_store, u32, u32)
WASM_STORE(i32_store8, u8, u32)
WASM_STORE(i32_store16, u16, u32)
WASM_STORE(i64_store, u64, u64)
WASM_STORE(i64_store8, u8, u64)
WASM_STORE(i64_store16, u16, u64)
WASM_STORE(i64_store32, u32, u64)

/*
 * wasm2c widens addresses: i32_load(&instance->w2c_memory, (u64)(base) + 8u). The preprocessor takes them apart again:
 *   WASM_ADDRESS (u64)(base) + 8u  ->  WASM_BASE (base) + 8u  ->  base, 0 + 8u
 */
#define WASM_ADDRESS(u64) WASM_BASE
#define WASM_BASE(base) (base), 0
#define WASM_CALL_LOAD(name, address) name(address)
#define WASM_CALL_STORE(name, address, value) name(address, value)

#define i32_load(memory, address) WASM_CALL_LOAD(wasm_i32_load, WASM_ADDRESS address)
#define i32_load8_s(memory, address) WASM_CALL_LOAD(wasm_i32_load8_s, WASM_ADDRESS address)
#define i32_load8_u(memory, address) WASM_CALL_LOAD(wasm_i32_load8_u, WASM_ADDRESS address)
#define i32_load16_s(memory, address) WASM_CALL_LOAD(wasm_i32_load16_s, WASM_ADDRESS address)
#define i32_load16_u(memory, address) WASM_CALL_LOAD(wasm_i32_load16_u, WASM_ADDRESS address)
#define i64_load(memory, address) WASM_CALL_LOAD(wasm_i64_load, WASM_ADDRESS address)
#define i64_load8_s(memory, address) WASM_CALL_LOAD(wasm_i64_load8_s, WASM_ADDRESS address)
#define i64_load8_u(memory, address) WASM_CALL_LOAD(wasm_i64_load8_u, WASM_ADDRESS address)
#define i64_load16_s(memory, address) WASM_CALL_LOAD(wasm_i64_load16_s, WASM_ADDRESS address)
#define i64_load16_u(memory, address) WASM_CALL_LOAD(wasm_i64_load16_u, WASM_ADDRESS address)
#define i64_load32_s(memory, address) WASM_CALL_LOAD(wasm_i64_load32_s, WASM_ADDRESS address)
#define i64_load32_u(memory, address) WASM_CALL_LOAD(wasm_i64_load32_u, WASM_ADDRESS address)
#define i32_store(memory, address, value) WASM_CALL_STORE(wasm_i32_store, WASM_ADDRESS address, value)
#define i32_store8(memory, address, value) WASM_CALL_STORE(wasm_i32_store8, WASM_ADDRESS address, value)
#define i32_store16(memory, address, value) WASM_CALL_STORE(wasm_i32_store16, WASM_ADDRESS address, value)
#define i64_store(memory, address, value) WASM_CALL_STORE(wasm_i64_store, WASM_ADDRESS address, value)
#define i64_store8(memory, address, value) WASM_CALL_STORE(wasm_i64_store8, WASM_ADDRESS address, value)
#define i64_store16(memory, address, value) WASM_CALL_STORE(wasm_i64_store16, WASM_ADDRESS address, value)
#define i64_store32(memory, address, value) WASM_CALL_STORE(wasm_i64_store32, WASM_ADDRESS address, value)

static inline void wasm_check_range(u32 at, u32 length) {
#ifdef WARDLET_UNCHECKED
  (void)at;
  (void)length;
#else
  if (length > WARDLET_MEMORY_SIZE || at > WARDLET_MEMORY_SIZE - length) wardlet_trap();
#endif
}

/* Kept out of line: two checks and a call each, at some twenty places. */
static __attribute__((noinline, unused)) void wasm_fill(u32 at, u32 value, u32 length) {
  wasm_check_range(at, length);
  memset(wardlet_memory + at, (int)value, length);
}

static __attribute__((noinline, unused)) void wasm_copy(u32 to, u32 from, u32 length) {
  wasm_check_range(to, length);
  wasm_check_range(from, length);
  memmove(wardlet_memory + to, wardlet_memory + from, length);
}

#define memory_fill(memory, at, value, length) wasm_fill(at, value, length)
#define memory_copy(memory, source, to, from, length) wasm_copy(to, from, length)

/* --- integers ---------------------------------------------------------------------------------------------------- */

#define I32_CLZ(x) ((x) ? (u32)__builtin_clz(x) : 32)
#define I64_CLZ(x) ((x) ? (u64)__builtin_clzll(x) : 64)
#define I32_CTZ(x) ((x) ? (u32)__builtin_ctz(x) : 32)
#define I64_CTZ(x) ((x) ? (u64)__builtin_ctzll(x) : 64)

/* The compiler's own would bring a table of 256 bytes along. */
static inline u32 wasm_popcount(u64 x) {
  u32 count = 0;
  for (; x; x &= x - 1) count++;
  return count;
}
static inline u32 wasm_popcount32(u32 x) {
  u32 count = 0;
  for (; x; x &= x - 1) count++;
  return count;
}
#define I32_POPCNT(x) wasm_popcount32(x)
#define I64_POPCNT(x) ((u64)wasm_popcount(x))

#define I32_ROTL(x, y) (((x) << ((y)&31)) | ((x) >> (-(y)&31)))
#define I32_ROTR(x, y) (((x) >> ((y)&31)) | ((x) << (-(y)&31)))
#define I64_ROTL(x, y) (((x) << ((y)&63)) | ((x) >> (-(y)&63)))
#define I64_ROTR(x, y) (((x) >> ((y)&63)) | ((x) << (-(y)&63)))

/* Division by zero, and the one quotient that does not fit, trap. */
#define WASM_DIVIDE(bits, least)                                                \
  static inline u##bits wasm_div##bits(u##bits x, u##bits y) {                  \
    if (y == 0 || ((s##bits)x == least && (s##bits)y == -1)) wardlet_trap();    \
    return (u##bits)((s##bits)x / (s##bits)y);                                  \
  }                                                                             \
  static inline u##bits wasm_rem##bits(u##bits x, u##bits y) {                  \
    if (y == 0) wardlet_trap();                                                 \
    return (s##bits)y == -1 ? 0 : (u##bits)((s##bits)x % (s##bits)y);           \
  }
WASM_DIVIDE(32, INT32_MIN)
WASM_DIVIDE(64, INT64_MIN)

#define I32_DIV_S(x, y) wasm_div32(x, y)
#define I64_DIV_S(x, y) wasm_div64(x, y)
#define I32_REM_S(x, y) wasm_rem32(x, y)
#define I64_REM_S(x, y) wasm_rem64(x, y)
#define DIV_U(x, y) ((y) == 0 ? (wardlet_trap(), (x)) : (x) / (y))
#define REM_U(x, y) ((y) == 0 ? (wardlet_trap(), (x)) : (x) % (y))

#endif
