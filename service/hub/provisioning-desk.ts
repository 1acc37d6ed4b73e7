// The topics of the Device Provisioning Service. A device asks to be registered, is told to come back, and then what hub it is
// assigned to; here it is registered at once, and coming back is a formality that its client expects.

import type { IPublishPacket, Packet } from 'mqtt-packet';
import type { Desk } from './desk.ts';
import { bounded, type HubHappening } from './hub-events.ts';
import { percentDecoded } from './property-bag.ts';
import type { Applicant, Assignment, Registrar, Registration } from './registrar.ts';
import { REFUSED } from './subscribe.ts';

export interface ProvisioningDeskOptions {
  readonly registrar: Registrar;
  readonly applicant: Applicant;
  readonly remoteAddress: string;
  /** As devices are to call it. */
  assignedHub(): string;
  record(happening: HubHappening): void;
}

const ANSWERS = '$dps/registrations/res/';
const REGISTER = '$dps/registrations/PUT/iotdps-register/?';
const STATUS = '$dps/registrations/GET/iotdps-get-operationstatus/?';
const RETRY_AFTER_SECONDS = 1;

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly isRetried?: boolean;
}

export class ProvisioningDesk implements Desk {
  readonly #options: ProvisioningDeskOptions;
  #isSubscribed = false;

  constructor(options: ProvisioningDeskOptions) {
    this.#options = options;
  }

  serve(packet: Packet, answer: (packet: Packet) => void): ReturnType<Desk['serve']> {
    switch (packet.cmd) {
      case 'subscribe': {
        const granted = packet.subscriptions.map(({ topic, qos }) => {
          if (topic !== `${ANSWERS}#`) return REFUSED;
          this.#isSubscribed = true;
          return Math.min(qos, 1);
        });
        answer({ cmd: 'suback', messageId: packet.messageId ?? 0, granted });
        return undefined;
      }
      case 'unsubscribe':
        if (packet.unsubscriptions.includes(`${ANSWERS}#`)) this.#isSubscribed = false;
        answer({ cmd: 'unsuback', messageId: packet.messageId ?? 0, granted: [] });
        return undefined;
      case 'publish':
        return this.#publish(packet, answer);
      default:
        return { reason: 'protocol_violation', detail: packet.cmd };
    }
  }

  #publish(packet: IPublishPacket, answer: (packet: Packet) => void): ReturnType<Desk['serve']> {
    const { topic, qos, messageId } = packet;
    if (qos > 1) return { reason: 'qos_2', detail: bounded(topic) };
    const isRegister = topic.startsWith(REGISTER);
    const query = queryOf(topic.slice(isRegister ? REGISTER.length : STATUS.length));
    const requestId = query?.get('$rid');
    if ((!isRegister && !topic.startsWith(STATUS)) || requestId === undefined) {
      return { reason: 'unknown_topic', detail: bounded(topic) };
    }
    if (qos === 1) answer({ cmd: 'puback', messageId: messageId ?? 0 });
    const { status, body, isRetried } = isRegister
      ? this.#register(packet.payload)
      : this.#status(query?.get('operationId') ?? '');
    if (!this.#isSubscribed) return undefined;
    answer({
      cmd: 'publish',
      topic: `${ANSWERS}${status}/?$rid=${requestId}${isRetried ? `&retry-after=${RETRY_AFTER_SECONDS}` : ''}`,
      payload: JSON.stringify(body),
      qos: 0,
      dup: false,
      retain: false,
    });
    return undefined;
  }

  #register(payload: string | Buffer): Answer {
    const { applicant, registrar, remoteAddress, record } = this.#options;
    const { registrationId } = applicant;
    const request = parseRequest(payload);
    if (!request || (request.registrationId ?? registrationId) !== registrationId) {
      return failed(400, 400004, 'the body is {"registrationId": ...} with the id of the connection');
    }
    let assignment: Assignment;
    try {
      assignment = registrar.assign(applicant);
    } catch (cause) {
      const detail = bounded(cause instanceof Error ? cause.message : String(cause));
      record({
        kind: 'provisioning_failed',
        reason: 'unavailable',
        detail,
        deviceId: registrationId,
        remoteAddress,
      });
      return failed(500, 500000, 'the hub could not register the device');
    }
    if ('fault' in assignment) {
      const { fault, deviceId } = assignment;
      record({
        kind: 'provisioning_failed',
        reason: fault,
        detail: applicant.enrolment,
        deviceId,
        remoteAddress,
      });
      return fault === 'conflict'
        ? failed(409, 409203, 'a device of this id is registered already, not by this enrolment')
        : failed(401, 401002, 'the enrolment is gone or disabled');
    }
    const { registration, isNew } = assignment;
    const { deviceId, enrolment, isGroup } = registration;
    record({ kind: 'provisioned', registrationId, enrolment, isGroup, isNew, deviceId, remoteAddress });
    return {
      status: 202,
      body: { operationId: registration.operationId, status: 'assigning' },
      isRetried: true,
    };
  }

  #status(operationId: string): Answer {
    const { applicant, registrar } = this.#options;
    try {
      const registration = registrar.get(applicant.registrationId);
      if (registration?.operationId !== operationId) return failed(404, 404201, 'no such operation');
      return { status: 200, body: this.#assigned(registration) };
    } catch {
      return failed(500, 500000, 'the hub could not look the registration up');
    }
  }

  #assigned(registration: Registration): object {
    const { id, operationId, deviceId, enrolment, isGroup, createdMs, updatedMs } = registration;
    const group = isGroup ? { enrollmentGroupId: enrolment } : {};
    const { thumbprint } = this.#options.applicant;
    return {
      operationId,
      status: 'assigned',
      registrationState: {
        ...(thumbprint === undefined ? { symmetricKey: group } : { x509: group }),
        registrationId: id,
        createdDateTimeUtc: new Date(createdMs).toISOString(),
        assignedHub: this.#options.assignedHub(),
        deviceId,
        status: 'assigned',
        substatus: 'initialAssignment',
        lastUpdatedDateTimeUtc: new Date(updatedMs).toISOString(),
        etag: Buffer.from(operationId).toString('base64'),
      },
    };
  }
}

/** Undefined: not name=value&..., or text that no topic can carry back. */
function queryOf(text: string): ReadonlyMap<string, string> | undefined {
  if (/[+#\0]/.test(text)) return undefined;
  const pairs = text.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    return [pair.slice(0, Math.max(0, equals)), pair.slice(equals + 1)] as const;
  });
  return new Map(pairs.map(([name, value]) => [percentDecoded(name) ?? name, value]));
}

/** Undefined: no JSON object. An empty body asks for what the connection says. */
function parseRequest(payload: string | Buffer): { readonly registrationId?: unknown } | undefined {
  const text = payload.toString().trim();
  if (text === '') return {};
  try {
    const request: unknown = JSON.parse(text);
    return typeof request === 'object' && request !== null && !Array.isArray(request) ? request : undefined;
  } catch {
    return undefined;
  }
}

function failed(status: number, errorCode: number, message: string): Answer {
  return { status, body: { errorCode, message, trackingId: '' } };
}
