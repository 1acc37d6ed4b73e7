/* From reset to main on a bare Cortex-M: the vector table, and memory as C expects it. */

#include "startup.h"

#include <stdint.h>

/* Addresses from cortex-m4.ld. */
extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_top[];

void reset(void);

/* Armv7-M: the stack pointer, then reset, NMI and the faults. Interrupts stay off. */
__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    (uintptr_t)stack_top,     (uintptr_t)reset,         (uintptr_t)machine_fault, (uintptr_t)machine_fault,
    (uintptr_t)machine_fault, (uintptr_t)machine_fault, (uintptr_t)machine_fault,
};

void reset(void) {
  const uint32_t *from = data_load;
  /* Volatile: else the compiler makes memcpy of it, which the core does not need. */
  for (volatile uint32_t *to = data_start; to < data_end; to++) *to = *from++;
  for (uint32_t *to = bss_start; to < bss_end; to++) *to = 0;
  main();
  for (;;) {
  }
}
