// Thresholds: published practice (docs/detection.md) until the configuration says otherwise.

import {
  DETECT_ENABLED,
  DETECT_LEARN,
  DETECT_LEARN_MAX,
  DETECT_LIMIT_MAX,
  DETECT_LONG_WINDOW,
  DETECT_NETWORK_BITS,
  DETECT_WINDOW,
} from '../../schema/configuration-block';
import {
  DETECTIONS_COUNT,
  KIND_ADDRESS_SWEEP,
  KIND_BEACON,
  KIND_BRUTE_FORCE,
  KIND_DNS_TUNNEL,
  KIND_HORIZONTAL_SCAN,
  KIND_ICMP_FLOOD,
  KIND_ICMP_TUNNEL,
  KIND_REFLECTION,
  KIND_SYN_FLOOD,
  KIND_UDP_FLOOD,
  KIND_VERTICAL_SCAN,
} from '../../schema/detection-record';
import { areNetworkBits, learnFor, setLearningDefaults, setNetworkBits } from './first-contact';
import {
  DETECT,
  DETECT_SIZE,
  DETECTION_MAX,
  HEAD_DUE,
  HEAD_ENABLED,
  HEAD_LIMITS,
  HEAD_LONG_WINDOW,
  HEAD_NEVER,
  HEAD_WINDOW,
} from './memory';
import { forgetWaiting } from './waiting';

const SETTING: u32 = 8;

/** Before anything else is done with DETECT. */
export function setDetectionDefaults(): void {
  memory.fill(DETECT, 0, DETECT_SIZE);
  store<i64>(DETECT, HEAD_NEVER, HEAD_DUE);
  store<u32>(DETECT, <u32>DETECTION_MAX, <usize>DETECTIONS_COUNT);
  store<u32>(DETECT, 1, HEAD_ENABLED);
  store<u32>(DETECT, 300, HEAD_WINDOW);
  store<u32>(DETECT, 3600, HEAD_LONG_WINDOW);
  setLearningDefaults();
  setLimit(KIND_HORIZONTAL_SCAN, 25);
  setLimit(KIND_VERTICAL_SCAN, 15);
  setLimit(KIND_ADDRESS_SWEEP, 15);
  setLimit(KIND_BRUTE_FORCE, 10);
  setLimit(KIND_BEACON, 14);
  setLimit(KIND_SYN_FLOOD, 100);
  setLimit(KIND_UDP_FLOOD, 100);
  setLimit(KIND_ICMP_FLOOD, 100);
  setLimit(KIND_REFLECTION, 10);
  setLimit(KIND_DNS_TUNNEL, 6000);
  setLimit(KIND_ICMP_TUNNEL, 20);
}

/** The value of KEY_DETECTION. */
export function areDetectionSettings(value: usize, length: u32): bool {
  if (length % SETTING) return false;
  let window = load<u32>(DETECT, HEAD_WINDOW);
  let longWindow = load<u32>(DETECT, HEAD_LONG_WINDOW);
  for (let at = value; at < value + length; at += SETTING) {
    const setting = load<u32>(at);
    const given = load<u32>(at, 4);
    if (setting === DETECT_ENABLED) {
      if (given > 1) return false;
    } else if (setting === DETECT_WINDOW) {
      if (given < 10 || given > 3600) return false;
      window = given;
    } else if (setting === DETECT_LONG_WINDOW) {
      if (given < 60 || given > 86_400) return false;
      longWindow = given;
    } else if (setting === DETECT_LEARN) {
      if (given > <u32>DETECT_LEARN_MAX) return false;
    } else if (setting === DETECT_NETWORK_BITS) {
      if (!areNetworkBits(given)) return false;
    } else if (!hasLimit(setting) || given < 2 || given > <u32>DETECT_LIMIT_MAX) {
      return false;
    }
  }
  return window <= longWindow;
}

export function applyDetection(value: usize, length: u32): void {
  for (let at = value; at < value + length; at += SETTING) {
    const setting = load<u32>(at);
    const given = load<u32>(at, 4);
    if (setting === DETECT_ENABLED) enable(given);
    else if (setting === DETECT_WINDOW) store<u32>(DETECT, given, HEAD_WINDOW);
    else if (setting === DETECT_LONG_WINDOW) store<u32>(DETECT, given, HEAD_LONG_WINDOW);
    else if (setting === DETECT_LEARN) learnFor(given);
    else if (setting === DETECT_NETWORK_BITS) setNetworkBits(given);
    else setLimit(setting, given);
  }
}

/** Switched off it takes up nothing new; what goes on ends when it is quiet. */
function enable(on: u32): void {
  store<u32>(DETECT, on, HEAD_ENABLED);
  if (on) return;
  forgetWaiting(0);
  forgetWaiting(1);
}

function hasLimit(kind: u32): bool {
  return (
    kind === KIND_HORIZONTAL_SCAN ||
    kind === KIND_VERTICAL_SCAN ||
    kind === KIND_ADDRESS_SWEEP ||
    kind === KIND_BRUTE_FORCE ||
    kind === KIND_BEACON ||
    kind === KIND_SYN_FLOOD ||
    kind === KIND_UDP_FLOOD ||
    kind === KIND_ICMP_FLOOD ||
    kind === KIND_REFLECTION ||
    kind === KIND_DNS_TUNNEL ||
    kind === KIND_ICMP_TUNNEL
  );
}

function setLimit(kind: u32, limit: u32): void {
  store<u32>(DETECT + ((<usize>kind) << 2), limit, HEAD_LIMITS);
}
