// Devices in a simulator of your own: each an agent of one compiled core, with the packets your simulator makes for it.
//
//   WARDLET_CONNECTION_STRINGS="HostName=..;DeviceId=..;SharedAccessKey=.. HostName=.." WARDLET_CA=ca.pem npx tsx embed-in-simulator.ts

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createAgent } from 'wardlet/agent';
import { loadCore } from 'wardlet/bindings';

const { WARDLET_CONNECTION_STRINGS = '', WARDLET_CA, PACKETS = '100' } = process.env;
const ca = WARDLET_CA && (await readFile(WARDLET_CA, 'utf8'));
const wasm = await readFile(fileURLToPath(import.meta.resolve('wardlet/core.wasm')));
const module = await WebAssembly.compile(new Uint8Array(wasm));

async function simulateDevice(connectionString: string, number: number): Promise<void> {
  const address = `10.0.0.${number + 1}`;
  const core = await loadCore(module);
  const agent = createAgent({ core, connectionString, localAddresses: [address], ...(ca ? { ca } : {}) });
  agent.on('warning', ({ message, hint }) => console.error(`${address}: ${message} (${hint})`));
  agent.start();
  for (let packet = 0; packet < Number(PACKETS); packet++) agent.observe(udpFrame(number + 1, packet % 3));
  await agent.stop();
  const { packets, bytes, messages } = agent.status();
  console.log(
    `${address}: ${packets.counted} packets, ${bytes.observed} bytes, ${messages.finished} messages`,
  );
}

/** An Ethernet frame from 10.0.0.{device} to 198.51.100.{peer}: UDP to port 5683, 24 bytes of payload. */
function udpFrame(device: number, peer: number): Uint8Array {
  const frame = new Uint8Array(14 + 20 + 8 + 24);
  frame.set([0x08, 0x00, 0x45, 0, 0, 52, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, device, 198, 51, 100, peer], 12);
  frame.set([0xc3, 0x50, 0x16, 0x33, 0, 32, 0, 0], 34);
  return frame;
}

await Promise.all(WARDLET_CONNECTION_STRINGS.split(/\s+/).filter(Boolean).map(simulateDevice));
