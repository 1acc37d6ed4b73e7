// The real Azure client, as the tests of peers use it: no fault hidden behind retries, every client closed at the end.

import azureCommon from 'azure-iot-common';
import azureDevice, { type Client, type ModuleClient } from 'azure-iot-device';
import azureMqtt from 'azure-iot-device-mqtt';

// CommonJS: what they export is found only at run time.
const { NoRetry } = azureCommon;
export const { Message } = azureCommon;
export const { Mqtt, MqttWs } = azureMqtt;

const open = new Set<Client | ModuleClient>();

export async function closeClients(): Promise<void> {
  const clients = [...open];
  open.clear();
  await Promise.all(clients.map((client) => client.close().catch(() => {})));
}

export interface Trust {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export async function prepared<C extends Client | ModuleClient>(client: C, trust: Trust): Promise<C> {
  open.add(client);
  client.setRetryPolicy(new NoRetry());
  await client.setOptions(trust);
  return client;
}

/** Not connected yet. */
export function deviceClient(connectionString: string, trust: Trust, transport = Mqtt): Promise<Client> {
  return prepared(azureDevice.Client.fromConnectionString(connectionString, transport), trust);
}

/** 'done', or the client's name of the error, as its users catch it. */
export async function outcome(action: () => Promise<unknown> | unknown): Promise<string> {
  try {
    await action();
    return 'done';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

export async function until(is: () => boolean, what = 'it'): Promise<void> {
  for (let waits = 0; waits < 500; waits++) {
    if (is()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what} has not come about`);
}
