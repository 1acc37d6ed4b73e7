/* What the player needs of the machine it runs on: files, and a way to stop. Any failure stops it. */
#ifndef HOST_H
#define HOST_H

#include <stdint.h>

/* Exit codes. */
enum { HOST_DONE = 0, HOST_FAILED = 1, HOST_CORE_TRAPPED = 2, HOST_MACHINE_FAULT = 3 };

intptr_t host_open_to_read(const char *name);
intptr_t host_open_to_write(const char *name);
void host_read(intptr_t file, void *bytes, uint32_t length);
void host_write(intptr_t file, const void *bytes, uint32_t length);
void host_close(intptr_t file);
void host_exit(int code) __attribute__((noreturn));

#endif
