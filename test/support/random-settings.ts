// Settings from a seed: valid ones in every spelling, and documents as no twin should hold them.

import { KEY_NAMES, type KeyName } from '../../host/configuration/keys.ts';
import { LEGACY_OBJECT } from '../../host/configuration/legacy-twin.ts';
import type { Limits } from '../../host/configuration/limits.ts';
import type { SeededRandom } from './seeded-random.ts';

const LETTERS = ['a', 'Z', '7', ' ', '-', '"', '\\', 'ä', 'ß', '語', '😀', "'", '<'];

/** A value that the key takes, in one of its spellings. */
export function validValue(random: SeededRandom, key: KeyName, limits: Limits): unknown {
  if (key === 'CollectorsCore_PriorityIntervals') return intervals(random);
  if (key.endsWith('_MessageFrequency')) return random.pick(['Low', 'Medium', 'High', 'high', ' LOW ']);
  if (key.startsWith('SystemInformation_') && key !== 'SystemInformation_Disabled') {
    // Short enough that five of them fit together.
    return text(random, Math.floor(limits.textBytes / 5) - 1);
  }
  switch (key) {
    case 'NetworkActivity_CacheSize':
      return number(random, 1, limits.flows);
    case 'NetworkActivity_Protocols':
      return random.pick([
        'TCP',
        'udp,tcp',
        'TCP, UDP, ICMP',
        ['icmp'],
        ['TCP', 'UDP', 'ICMP'],
        ['UDP', 'ICMP'],
      ]);
    case 'LocalAddresses':
      return addresses(random, limits);
    case 'Connections':
      return random.pick([
        [],
        'HostName=h;DeviceId=d;SharedAccessKey=YQ==',
        [{ host: 'h', id: 'd', key: 'YQ==' }],
      ]);
    case 'Spool_Path':
      return random.pick(['/var/lib/wardlet', 'spool', 'C:\\wardlet']);
    case 'Detection_IndicatorFile':
      return random.pick(['/etc/wardlet/indicators.txt', 'indicators.txt']);
    case 'Spool_MaxBytes':
      return number(random, 65_536, 1e9);
    case 'Spool_MaxAge':
      return random.pick([1, '2h', 'P1D', 525_600, '30']);
    case 'IothubModule_MessageTimeout':
      return random.pick([1, '2h', 'P1D', 43_200, '30']);
    case 'Agent_MessageFormat':
      return random.pick(limits.formats);
    case 'Agent_MaxBatchDelay':
      // Format 2.3 takes no other.
      return random.pick([0, '0', 'PT0S']);
    case 'Agent_FirstCollectionInterval':
      return random.pick([0, 30, '1m', 'PT1H', 2_592_000, '30d', number(random, 0, 1000)]);
    case 'Agent_PendingTime':
      return random.pick([1, 300, '5m', 'PT5M', 2_592_000, number(random, 1, 1000)]);
    case 'Agent_RetryTime':
      return random.pick([1, 3, '10s', 'PT1M', 3_600]);
    case 'Detection_Window':
      return random.pick([10, '5m', 'PT1M', number(random, 10, 300)]);
    case 'Detection_LongWindow':
      return random.pick([3_600, '1d', 'PT2H', number(random, 300, 86_400)]);
    case 'Detection_HorizontalScanHosts':
    case 'Detection_VerticalScanPorts':
    case 'Detection_AddressSweepHosts':
    case 'Detection_BruteForceConnections':
    case 'Detection_BeaconCalls':
    case 'Detection_SynFloodConnections':
    case 'Detection_UdpFloodDatagrams':
    case 'Detection_IcmpFloodPings':
    case 'Detection_ReflectionHosts':
    case 'Detection_DnsTunnelBytes':
    case 'Detection_IcmpTunnelEchoes':
      return number(random, 2, 1_000);
    case 'Detection_LearnTime':
      return random.pick([0, '1d', 'PT2H', number(random, 0, 31_536_000)]);
    case 'Detection_NetworkBits':
      return number(random, 8, 32);
    default:
      return random.pick([true, false, 'true', 'False']);
  }
}

/** Some keys with values that fit. */
export function validSettings(random: SeededRandom, limits: Limits, keys: readonly KeyName[] = KEY_NAMES) {
  const chosen = keys.filter(() => random.once(3));
  return Object.fromEntries(chosen.map((key) => [key, validValue(random, key, limits)]));
}

/** As it comes from a hub: mostly sound documents with something wrong in them, sometimes nothing but garbage. */
export function desiredDocument(random: SeededRandom, limits: Limits): unknown {
  if (random.once(20)) return garbage(random, 3);
  const document: Record<string, unknown> = validSettings(random, limits, TWIN_KEYS);
  if (random.once(4)) document[LEGACY_OBJECT] = legacy(random);
  if (random.once(2)) document.$version = random.once(9) ? garbage(random, 1) : random.below(1000);
  for (let wrong = random.pick([0, 0, 1, 1, 2, 5]); wrong > 0; wrong--) mutate(random, document);
  // As JSON text has it, __proto__ among the names.
  return JSON.parse(JSON.stringify(document));
}

const NO_TWIN_KEYS: readonly KeyName[] = ['Connections', 'Spool_Path', 'Detection_IndicatorFile'];
const TWIN_KEYS = KEY_NAMES.filter((key) => !NO_TWIN_KEYS.includes(key));
const ODD_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  '$metadata',
  'a.b',
  ' ',
  'Process_Mode',
  'Baseline_Disabled',
];

function mutate(random: SeededRandom, document: Record<string, unknown>): void {
  const value = garbage(random, 4);
  const name = random.pick<string>([
    random.pick(KEY_NAMES),
    random.pick(KEY_NAMES),
    random.pick(ODD_NAMES),
    `${random.pick(KEY_NAMES).slice(0, -1)}`,
    text(random, 80),
  ]);
  Object.defineProperty(document, name, { value, enumerable: true, configurable: true, writable: true });
}

const PLAIN = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.5,
  64,
  65,
  1e3,
  2 ** 31,
  2 ** 53,
  1e308,
  -1e308,
  '',
  'true',
  'TCP',
  '2.3',
];

/** Anything JSON can hold. */
function garbage(random: SeededRandom, depth: number): unknown {
  const size = () => random.pick([0, 1, 2, 3, 8]);
  if (depth > 0 && random.once(4)) return Array.from({ length: size() }, () => garbage(random, depth - 1));
  if (depth > 0 && random.once(4)) {
    const entries = Array.from({ length: size() }, () => [
      random.pick([...ODD_NAMES, 'value', 'high', 'medium', 'low', 'length']),
      garbage(random, depth - 1),
    ]);
    return Object.fromEntries(entries);
  }
  if (random.once(200)) return 'x'.repeat(100_000);
  if (random.once(300)) return nested(random.pick([100, 3_000]));
  return random.once(3) ? text(random, 40) : random.pick(PLAIN);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

function legacy(random: SeededRandom): unknown {
  const names = [
    'highPriorityMessageFrequency',
    'lowPriorityMessageFrequency',
    'eventPriorityConnectionCreate',
    'eventPriorityListeningPorts',
    'eventPriorityHeartbeat',
    'maxMessageSizeInBytes',
    'maxLocalCacheSizeInBytes',
    'snapshotFrequency',
    '__proto__',
  ];
  const entry = () =>
    random.once(6)
      ? garbage(random, 2)
      : {
          value: random.pick<unknown>([
            'PT7M',
            'PT5H',
            'P1D',
            'Off',
            'Low',
            'High',
            8_192,
            65_536,
            garbage(random, 1),
          ]),
        };
  return Object.fromEntries(names.filter(() => random.once(3)).map((name) => [name, entry()]));
}

function intervals(random: SeededRandom): unknown {
  const [high = 1, medium = 1, low = 1] = Array.from({ length: 3 }, () =>
    random.pick([1, random.between(1, 100), random.between(1, 2_592_000), 2_592_000]),
  ).sort((one, other) => one - other);
  return random.pick<unknown>([
    `${high}s,${medium}s,${low}s`,
    `PT${high}S, PT${medium}S, PT${low}S`,
    [`${high}s`, `${medium}s`, `${low}s`],
    { high, medium, low },
    '30,120,1440',
    '5m,1h,1d',
  ]);
}

function addresses(random: SeededRandom, { localAddresses }: Limits): unknown {
  const v4 = () => `${Array.from(random.bytes(4)).join('.')}${random.once(2) ? `/${random.below(33)}` : ''}`;
  const v6 = () =>
    `2001:db8::${random.below(65_536).toString(16)}${random.once(2) ? `/${random.below(129)}` : ''}`;
  const list = [
    ...Array.from({ length: random.below(localAddresses + 1) }, v4),
    ...Array.from({ length: random.below(localAddresses + 1) }, v6),
  ];
  return random.once(2) || list.length === 0 ? list : list.join(', ');
}

function number(random: SeededRandom, least: number, most: number): unknown {
  const value = random.pick([least, most, random.between(least, most)]);
  return random.once(3) ? String(value) : value;
}

function text(random: SeededRandom, bytes: number): string {
  let result = '';
  const length = random.below(bytes + 1);
  while (new TextEncoder().encode(result).length < length) result += random.pick(LETTERS);
  while (new TextEncoder().encode(result).length > bytes) result = [...result].slice(0, -1).join('');
  return result;
}
