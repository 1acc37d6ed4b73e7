/*
 * What one call takes on a Cortex-M: stack and time.
 *
 * The stack below is painted before the call; where the paint is gone afterwards the call has been. Time is counted by
 * SysTick; QEMU, told to (-icount), lets it advance with the instructions. Inline: a function of its own would stand
 * where it paints.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>

/* Deeper than any call goes; a call that uses all of it is reported as such. */
#define MEASURE_STACK_MAX 8192
#define MEASURE_PAINT 0xc5c5c5c5u
#define MEASURE_WORDS (MEASURE_STACK_MAX / 4)
#define MEASURE_INLINE static inline __attribute__((always_inline))

/* SysTick, Armv7-M B3.3: control, reload value, current value; 24 bits, counting down. */
#define SYSTICK ((volatile uint32_t *)0xe000e010)
#define SYSTICK_ON 5u
#define SYSTICK_MAX 0xffffffu

MEASURE_INLINE volatile uint32_t *measure_stack_pointer(void) {
  volatile uint32_t *pointer;
  __asm__ volatile("mov %0, sp" : "=r"(pointer));
  return pointer;
}

MEASURE_INLINE void measure_begin(void) {
  volatile uint32_t *const stack = measure_stack_pointer();
  for (int32_t word = 1; word <= MEASURE_WORDS; word++) stack[-word] = MEASURE_PAINT;
  SYSTICK[1] = SYSTICK_MAX;
  SYSTICK[2] = 0;
  SYSTICK[0] = SYSTICK_ON;
  /* It stands at 0 until the first tick loads it. */
  while (SYSTICK[2] == 0) {
  }
}

MEASURE_INLINE uint32_t measure_ticks(void) { return (SYSTICK_MAX - SYSTICK[2]) & SYSTICK_MAX; }

/* Bytes of stack used since measure_begin. */
MEASURE_INLINE uint32_t measure_stack(void) {
  volatile uint32_t *const stack = measure_stack_pointer();
  int32_t word = MEASURE_WORDS;
  while (word > 0 && stack[-word] == MEASURE_PAINT) word--;
  return (uint32_t)word * 4;
}

#endif
