/*
 * Plays a script of calls to the core and writes down everything that comes back: each result, each message byte, hashes
 * of the memory on the way, the whole memory at the end. calls.ts writes scripts and says what the log must be.
 * The same program runs natively and as firmware, where it measures too (-DPLAYER_MEASURES).
 */

#include <stdint.h>
#include <string.h>

#include "host.h"
#include "wardlet.h"
#ifdef PLAYER_MEASURES
#include "measure.h"
#endif

/* As in calls.ts. */
enum { END, INPUT, CONFIGURE, START, TICK, OBSERVE, COLLECT, CONNECT, DISCONNECT, NEXT, ACKNOWLEDGE, REPORT, HASH, OPERATIONS };

/* One entry of the script; after INPUT follow `b` bytes for the input buffer, from `a` on. */
struct call {
  uint32_t operation, a, b, unused;
  int64_t time;
};

/* Of schema/outbox-record.ts. */
enum { RECORD_LENGTH = 0, RECORD_HEADER = 16 };

static intptr_t script_file, log_file;

static uint8_t waiting[4096];
static uint32_t waiting_length;

static void write_waiting(void) {
  host_write(log_file, waiting, waiting_length);
  waiting_length = 0;
}

static void log_bytes(const void *bytes, uint32_t length) {
  if (length > sizeof waiting - waiting_length) write_waiting();
  if (length > sizeof waiting) {
    host_write(log_file, bytes, length);
  } else {
    memcpy(waiting + waiting_length, bytes, length);
    waiting_length += length;
  }
}

/* FNV-1a over 32-bit words. */
static int64_t hash(void) {
  uint32_t sum = 2166136261u;
  for (uint32_t at = 0; at < WARDLET_MEMORY_SIZE; at += 4) {
    uint32_t word;
    memcpy(&word, wardlet_memory + at, 4);
    sum = (sum ^ word) * 16777619u;
  }
  return sum;
}

static __attribute__((noinline)) int64_t perform(const struct call *call) {
  switch (call->operation) {
    case CONFIGURE:
      return wardlet_configure((int32_t)call->a);
    case START:
      return wardlet_start(call->time);
    case TICK:
      return wardlet_tick(call->time);
    case OBSERVE:
      return wardlet_observe((int32_t)call->a, (int32_t)call->b);
    case COLLECT:
      return wardlet_collect((int32_t)call->a, call->time);
    case CONNECT:
      return wardlet_connect();
    case DISCONNECT:
      return wardlet_disconnect(call->time);
    case NEXT:
      return wardlet_next();
    case ACKNOWLEDGE:
      return wardlet_acknowledge(call->a);
#ifdef WARDLET_HAS_REPORT
    case REPORT:
      return wardlet_report((int32_t)call->a, call->time);
#endif
    default:
      host_exit(HOST_FAILED);
  }
}

#ifdef PLAYER_MEASURES
/* By operation, as measurements.ts reads it: ticks of all calls and of the longest, bytes of the deepest. */
static struct {
  uint64_t ticks;
  uint32_t calls, longest, stack, unused;
} measured[OPERATIONS];

static int64_t measure(const struct call *call) {
  measure_begin();
  const int64_t result = perform(call);
  const uint32_t ticks = measure_ticks();
  const uint32_t stack = measure_stack();
  measured[call->operation].ticks += ticks;
  measured[call->operation].calls++;
  if (ticks > measured[call->operation].longest) measured[call->operation].longest = ticks;
  if (stack > measured[call->operation].stack) measured[call->operation].stack = stack;
  return result;
}
#define perform measure
#endif

static void play(const struct call *call) {
  if (call->operation == INPUT) {
    host_read(script_file, wardlet_memory + WARDLET_INPUT + call->a, call->b);
    return;
  }
  const int64_t result = call->operation == HASH ? hash() : perform(call);
  log_bytes(&result, sizeof result);
  if (call->operation == NEXT && result != 0) {
    const uint8_t *record = wardlet_memory + result;
    uint32_t length;
    memcpy(&length, record + RECORD_LENGTH, sizeof length);
    log_bytes(record, RECORD_HEADER + length);
  }
}

int main(void) {
  script_file = host_open_to_read("script.bin");
  log_file = host_open_to_write("log.bin");
  for (;;) {
    struct call call;
    host_read(script_file, &call, sizeof call);
    if (call.operation == END) break;
    play(&call);
  }
  log_bytes(wardlet_memory, WARDLET_MEMORY_SIZE);
  write_waiting();
  host_close(log_file);
#ifdef PLAYER_MEASURES
  const intptr_t file = host_open_to_write("measured.bin");
  host_write(file, measured, sizeof measured);
  host_close(file);
#endif
  host_exit(HOST_DONE);
}

void wardlet_trap(void) { host_exit(HOST_CORE_TRAPPED); }
