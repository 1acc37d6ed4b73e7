/* The player's host on a machine with an operating system. */

#include "host.h"

#include <stdio.h>
#include <stdlib.h>

static intptr_t opened(FILE *file) {
  if (file == NULL) host_exit(HOST_FAILED);
  return (intptr_t)file;
}

intptr_t host_open_to_read(const char *name) { return opened(fopen(name, "rb")); }

intptr_t host_open_to_write(const char *name) { return opened(fopen(name, "wb")); }

void host_read(intptr_t file, void *bytes, uint32_t length) {
  if (fread(bytes, 1, length, (FILE *)file) != length) host_exit(HOST_FAILED);
}

void host_write(intptr_t file, const void *bytes, uint32_t length) {
  if (fwrite(bytes, 1, length, (FILE *)file) != length) host_exit(HOST_FAILED);
}

void host_close(intptr_t file) {
  if (fclose((FILE *)file) != 0) host_exit(HOST_FAILED);
}

void host_exit(int code) { exit(code); }
