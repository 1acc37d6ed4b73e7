// What happens between a device and those who configure, call and write to it; part of the hub's event log.

import type { Identity } from './client-identity.ts';

export const METHOD_OUTCOMES = {
  answered: 'answered',
  timed_out: 'no answer in time',
  offline: 'the device is not connected, or takes no method calls',
  bad_answer: 'answered with what is no JSON, or with too much',
  hub_closing: 'the hub shut down',
} as const;

export const MESSAGE_REJECTIONS = {
  unknown_device: 'the device is not registered',
  bad_message: 'a property, time or name that cannot be sent',
  too_large: 'body and properties are over the limit',
  queue_full: 'as many wait as the limit allows',
} as const;

export type MethodOutcome = keyof typeof METHOD_OUTCOMES;
export type MessageRejection = keyof typeof MESSAGE_REJECTIONS;

/** Which outcomes of a cloud-to-device message its sender wants to hear of. */
export type Acknowledgement = 'none' | 'positive' | 'negative' | 'full';

interface MessageEnd extends Identity {
  readonly messageId: string;
  readonly deliveries: number;
  readonly ack: Acknowledgement;
}

export type DeviceHappening =
  | ({
      readonly kind: 'twin_updated';
      readonly by: 'device' | 'service';
      readonly sections: readonly string[];
      /** Of the twin as a whole. */
      readonly version: number;
    } & Identity)
  | ({
      readonly kind: 'twin_refused';
      readonly by: 'device' | 'service';
      readonly status: number;
      readonly detail: string;
    } & Identity)
  | ({
      readonly kind: 'method_called';
      readonly method: string;
      readonly outcome: MethodOutcome;
      /** The device's own, where it answered. */
      readonly status?: number;
      readonly elapsedMs: number;
    } & Identity)
  | ({
      readonly kind: 'cloud_to_device_sent';
      readonly messageId: string;
      readonly bytes: number;
    } & Identity)
  | ({
      readonly kind: 'cloud_to_device_rejected';
      readonly reason: MessageRejection;
      readonly detail: string;
    } & Identity)
  /** The device has acknowledged it. */
  | ({ readonly kind: 'cloud_to_device_completed' } & MessageEnd)
  | ({ readonly kind: 'cloud_to_device_expired' } & MessageEnd)
  /** Delivered as often as the limit allows, and never acknowledged. */
  | ({ readonly kind: 'cloud_to_device_dead_lettered' } & MessageEnd)
  | ({ readonly kind: 'cloud_to_device_purged'; readonly count: number } & Identity);

/** What became of a message, as IoT Hub tells its sender. */
export interface MessageFeedback {
  readonly deviceId: string;
  readonly originalMessageId: string;
  readonly description: 'Success' | 'Expired' | 'DeliveryCountExceeded';
}

/** The feedback in an event; undefined: it is none, or the sender did not ask for it. */
export function feedbackOf(event: { readonly kind: string }): MessageFeedback | undefined {
  const happening = event as DeviceHappening;
  const record = (end: MessageEnd, description: MessageFeedback['description'], asked: Acknowledgement) =>
    end.ack === asked || end.ack === 'full'
      ? { deviceId: end.deviceId, originalMessageId: end.messageId, description }
      : undefined;
  switch (happening.kind) {
    case 'cloud_to_device_completed':
      return record(happening, 'Success', 'positive');
    case 'cloud_to_device_expired':
      return record(happening, 'Expired', 'negative');
    case 'cloud_to_device_dead_lettered':
      return record(happening, 'DeliveryCountExceeded', 'negative');
    default:
      return undefined;
  }
}

/** The happening as a sentence for people. */
export function happeningText(happening: DeviceHappening, who: string): string {
  switch (happening.kind) {
    case 'twin_updated':
      return `twin of ${who}: ${happening.sections.join(' and ')} changed by the ${happening.by}, version ${happening.version}`;
    case 'twin_refused':
      return `twin of ${who}: a change by the ${happening.by} was refused (${happening.status}: ${happening.detail})`;
    case 'method_called': {
      const { method, outcome, status, elapsedMs } = happening;
      const said = status === undefined ? '' : ` with status ${status}`;
      return `method ${method} of ${who} called: ${METHOD_OUTCOMES[outcome]}${said} after ${elapsedMs} ms`;
    }
    case 'cloud_to_device_sent':
      return `message ${happening.messageId} for ${who} queued, ${happening.bytes} bytes`;
    case 'cloud_to_device_rejected':
      return `a message for ${who} was rejected: ${MESSAGE_REJECTIONS[happening.reason]} (${happening.detail})`;
    case 'cloud_to_device_completed':
      return `message ${happening.messageId} was taken by ${who}`;
    case 'cloud_to_device_expired':
      return `message ${happening.messageId} for ${who} expired, delivered ${happening.deliveries} times`;
    case 'cloud_to_device_dead_lettered':
      return `message ${happening.messageId} for ${who} given up: delivered ${happening.deliveries} times, never acknowledged`;
    case 'cloud_to_device_purged':
      return `${happening.count} messages waiting for ${who} were purged`;
  }
}
