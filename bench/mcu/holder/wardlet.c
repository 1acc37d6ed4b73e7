/* The core's memory, its functions as wasm2c wrote them, and the calls from C into them. */

#if defined(__GNUC__) && !defined(__clang__)
/* These make more code at -Os: 2.5 % of the flash. */
#pragma GCC optimize("no-expensive-optimizations", "no-move-loop-invariants")
#endif

#include "wardlet.h"

#include "wasm-rt.h"

uint8_t wardlet_memory[WARDLET_MEMORY_SIZE + WARDLET_SLACK] __attribute__((aligned(8)));

/* Cut from wasm2c's output: prototypes and functions, nothing else. */
#include "wardlet-functions.inc"

/* No instance: see wasm-rt.h. */
#define CORE ((Z_core_instance_t*)0)

int32_t wardlet_configure(int32_t length) { return (s32)w2c_configure(CORE, (u32)length); }

int32_t wardlet_start(int64_t time) { return (s32)w2c_start(CORE, (u64)time); }

int64_t wardlet_tick(int64_t time) { return (s64)w2c_tick(CORE, (u64)time); }

int32_t wardlet_observe(int32_t offset, int32_t length) {
  return (s32)w2c_observe(CORE, (u32)offset, (u32)length);
}

int32_t wardlet_collect(int32_t collectors, int64_t time) {
  return (s32)w2c_collect(CORE, (u32)collectors, (u64)time);
}

int32_t wardlet_connect(void) { return (s32)w2c_connect(CORE); }

int32_t wardlet_disconnect(int64_t time) { return (s32)w2c_disconnect(CORE, (u64)time); }

uint32_t wardlet_next(void) { return w2c_next(CORE); }

int32_t wardlet_acknowledge(uint32_t sequence) { return (s32)w2c_acknowledge(CORE, sequence); }

#ifdef WARDLET_HAS_REPORT
int32_t wardlet_report(int32_t length, int64_t time) { return (s32)w2c_report(CORE, (u32)length, (u64)time); }
#endif
