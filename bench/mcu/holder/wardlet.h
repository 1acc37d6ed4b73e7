/*
 * One Wardlet core, compiled to C: the calls of docs/abi.md, on a memory of fixed size.
 *
 * Frames, configuration blocks and events go into wardlet_memory + WARDLET_INPUT, the status is read at wardlet_memory +
 * WARDLET_STATUS, messages where wardlet_next says. Layouts: schema/. Not reentrant: one task makes all calls, and an
 * interrupt makes none.
 */
#ifndef WARDLET_H
#define WARDLET_H

#include <stdint.h>

/* Written beside the core's functions: WARDLET_MEMORY_SIZE and the addresses the core exports. */
#include "wardlet-map.h"

/*
 * Bytes behind the memory where nothing is kept: bounds are rounded up by less, to numbers of eight bits and zeros, which a
 * Cortex-M compares with in one instruction. That makes 3 % less flash of 64 bytes of RAM.
 */
#define WARDLET_SLACK (WARDLET_MEMORY_SIZE < 16384 ? 64u : WARDLET_MEMORY_SIZE < 32768 ? 128u : 1u)

/* The whole state of the agent. All zero: a core that has not been configured. */
extern uint8_t wardlet_memory[WARDLET_MEMORY_SIZE + WARDLET_SLACK];

/* Applies the configuration block in the input buffer. 0, or a code below zero (schema/codes.ts): nothing changed. */
int32_t wardlet_configure(int32_t length);

/* Begins to count and to collect. Times are milliseconds since 1970. 0, or a code below zero. */
int32_t wardlet_start(int64_t time);

/* Does what is due. When to call again, or a code below zero. */
int64_t wardlet_tick(int64_t time);

/* Counts the frames in input[offset, offset + length). Where it stopped, or a code below zero: nothing was counted. */
int32_t wardlet_observe(int32_t offset, int32_t length);

/* Collects now; 0: every enabled collector. Messages finished, or a code below zero. */
int32_t wardlet_collect(int32_t collectors, int64_t time);

/* A first hub is connected; the last one is gone. The new state, or a code below zero. */
int32_t wardlet_connect(void);
int32_t wardlet_disconnect(int64_t time);

/* Where in wardlet_memory the record of the next message stands (schema/outbox-record.ts); 0: there is none. */
uint32_t wardlet_next(void);

/* The message was acknowledged or is safe in a spool: its room is free again. 0, or a code below zero. */
int32_t wardlet_acknowledge(uint32_t sequence);

#ifdef WARDLET_HAS_REPORT
/*
 * Writes the event in the input buffer (schema/event-block.ts). Its items that were written: the rest found no room and is handed in again
 * after an acknowledgement. Or a code below zero: nothing was. Not in `lean` and `lean-strict`.
 */
int32_t wardlet_report(int32_t length, int64_t time);
#endif

/*
 * For the firmware to define: the core reached outside its memory, which no input makes it do (a test). Does not return;
 * to start anew, zero wardlet_memory, configure and start.
 */
void wardlet_trap(void) __attribute__((noreturn, cold));

#endif
