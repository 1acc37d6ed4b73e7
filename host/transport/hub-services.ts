// What a hub may ask of a device beside taking its messages: desired properties, direct methods, messages from the cloud.

export interface MethodResult {
  /** As of HTTP: 200 it is done. */
  readonly status: number;
  /** As JSON, up to 128 KB. */
  readonly payload: unknown;
}

export interface CloudMessage {
  readonly bytes: Uint8Array;
  /** The sender's own and the system's ($.mid, $.to, ...), decoded; null: named without a value. */
  readonly properties: Readonly<Record<string, string | null>>;
}

export interface HubServices {
  /** The whole of the desired properties, whenever their version is a new one. Returns what to report; undefined: nothing. */
  desired?(document: unknown): Readonly<Record<string, unknown>> | undefined;
  method?(name: string, payload: unknown): MethodResult;
  message?(message: CloudMessage): void;
}

/** A listener's services, for a transport made of transports to pass on. */
export function servicesOf(listener: HubServices): HubServices {
  return {
    desired: (document) => listener.desired?.(document),
    method: (name, payload) => listener.method?.(name, payload) ?? noSuchMethod(name),
    message: (message) => listener.message?.(message),
  };
}

export function noSuchMethod(name: string): MethodResult {
  return {
    status: 404,
    payload: { error: { code: 'WL_NO_SUCH_METHOD', message: `there is no method ${name}` } },
  };
}
