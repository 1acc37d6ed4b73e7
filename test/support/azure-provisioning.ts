// The real provisioning client as a process of its own: it knows no other way to an authority than NODE_EXTRA_CA_CERTS. Reads a list of
// applications from standard input, prints what becomes of each.

import { text } from 'node:stream/consumers';
import azureProvisioning from 'azure-iot-provisioning-device';
import azureProvisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import azureSymmetricKey from 'azure-iot-security-symmetric-key';
import azureX509 from 'azure-iot-security-x509';

export interface Application {
  readonly host: string;
  readonly idScope: string;
  readonly registrationId: string;
  readonly key?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly webSocket?: boolean;
}

export type Answer =
  | { readonly assignedHub: string; readonly deviceId: string }
  /** The client's words: it has no names for errors. */
  | { readonly error: string };

const { ProvisioningDeviceClient } = azureProvisioning;
const { Mqtt, MqttWs } = azureProvisioningMqtt;

type Security = Parameters<typeof ProvisioningDeviceClient.create>[3];

async function register(application: Application): Promise<Answer> {
  const { host, idScope, registrationId, key, certificate, privateKey, webSocket } = application;
  // Each package brings types of its own of what they share.
  const security: object =
    key === undefined
      ? new azureX509.X509Security(registrationId, { cert: certificate ?? '', key: privateKey ?? '' })
      : new azureSymmetricKey.SymmetricKeySecurityClient(registrationId, key);
  const transport = webSocket ? new MqttWs() : new Mqtt();
  try {
    const result = await ProvisioningDeviceClient.create(
      host,
      idScope,
      transport,
      security as Security,
    ).register();
    return { assignedHub: result?.assignedHub ?? '', deviceId: result?.deviceId ?? '' };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

if (process.argv[1] === import.meta.filename) {
  const answers: Answer[] = [];
  for (const application of JSON.parse(await text(process.stdin)) as Application[]) {
    answers.push(await register(application));
  }
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}
