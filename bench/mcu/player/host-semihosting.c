/* The player's host on a bare Cortex-M: Arm semihosting (the numbers are those of Arm's specification), as QEMU answers it. */

#include "host.h"

#include <string.h>

#include "startup.h"

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { MODE_READ_BINARY = 1, MODE_WRITE_BINARY = 5 };
enum { ADP_STOPPED_APPLICATION_EXIT = 0x20026 };

/* The word in r0 says what is wanted, r1 points to its parameters; the answer comes back in r0. */
static intptr_t ask(uint32_t operation, const void *parameters) {
  register uintptr_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = parameters;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return (intptr_t)r0;
}

static intptr_t open_file(const char *name, uint32_t mode) {
  const uintptr_t parameters[] = {(uintptr_t)name, mode, strlen(name)};
  const intptr_t file = ask(SYS_OPEN, parameters);
  if (file < 0) host_exit(HOST_FAILED);
  return file;
}

intptr_t host_open_to_read(const char *name) { return open_file(name, MODE_READ_BINARY); }

intptr_t host_open_to_write(const char *name) { return open_file(name, MODE_WRITE_BINARY); }

void host_read(intptr_t file, void *bytes, uint32_t length) {
  const uintptr_t parameters[] = {(uintptr_t)file, (uintptr_t)bytes, length};
  /* The answer is the number of bytes that were not read. */
  if (length != 0 && ask(SYS_READ, parameters) != 0) host_exit(HOST_FAILED);
}

void host_write(intptr_t file, const void *bytes, uint32_t length) {
  const uintptr_t parameters[] = {(uintptr_t)file, (uintptr_t)bytes, length};
  if (length != 0 && ask(SYS_WRITE, parameters) != 0) host_exit(HOST_FAILED);
}

void host_close(intptr_t file) {
  const uintptr_t parameters[] = {(uintptr_t)file};
  ask(SYS_CLOSE, parameters);
}

void host_exit(int code) {
  const uintptr_t parameters[] = {ADP_STOPPED_APPLICATION_EXIT, (uintptr_t)code};
  ask(SYS_EXIT_EXTENDED, parameters);
  for (;;) {
  }
}

void machine_fault(void) { host_exit(HOST_MACHINE_FAULT); }
