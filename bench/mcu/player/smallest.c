/* The smallest firmware that makes every call: what it takes of flash and RAM is what the core costs a device. */

#include "startup.h"
#include "wardlet.h"

/* A device has a network driver, a clock and a hub connection here. */
static volatile int64_t device;

int main(void) {
  device = wardlet_configure((int32_t)device);
  device = wardlet_start(device);
  device = wardlet_tick(device);
  device = wardlet_observe((int32_t)device, (int32_t)device);
  device = wardlet_collect((int32_t)device, device);
  device = wardlet_connect();
  device = wardlet_disconnect(device);
  device = wardlet_next();
  device = wardlet_acknowledge((uint32_t)device);
#ifdef WARDLET_HAS_REPORT
  device = wardlet_report((int32_t)device, device);
#endif
  return 0;
}

void wardlet_trap(void) {
  for (;;) {
  }
}

void machine_fault(void) {
  for (;;) {
  }
}
