/** The ABI these bindings speak (docs/abi.md). */
export const ABI_VERSION = 1;

/** What a core exports, as assembly/index.ts documents it. Times are milliseconds since 1970. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  readonly ABI_VERSION: WebAssembly.Global<'i32'>;
  readonly AGENT: WebAssembly.Global<'i32'>;
  readonly AGENT_SIZE: WebAssembly.Global<'i32'>;
  /** Not in the lean profiles. */
  readonly DETECT?: WebAssembly.Global<'i32'>;
  readonly DETECT_SIZE?: WebAssembly.Global<'i32'>;
  readonly INDICATOR_MAX?: WebAssembly.Global<'i32'>;
  readonly LEARNED?: WebAssembly.Global<'i32'>;
  readonly LEARNED_SIZE?: WebAssembly.Global<'i32'>;
  readonly EVERYTHING_ELSE: WebAssembly.Global<'i32'>;
  readonly FLOW_MAX: WebAssembly.Global<'i32'>;
  readonly FLOWS_V4: WebAssembly.Global<'i32'>;
  readonly FLOWS_V6: WebAssembly.Global<'i32'>;
  readonly INDEX_V4: WebAssembly.Global<'i32'>;
  readonly INDEX_V6: WebAssembly.Global<'i32'>;
  readonly INPUT: WebAssembly.Global<'i32'>;
  readonly INPUT_SIZE: WebAssembly.Global<'i32'>;
  readonly LOCAL_MAX: WebAssembly.Global<'i32'>;
  readonly LOCALS_V4: WebAssembly.Global<'i32'>;
  readonly LOCALS_V6: WebAssembly.Global<'i32'>;
  readonly MESSAGE_MAX: WebAssembly.Global<'i32'>;
  readonly OUTBOX: WebAssembly.Global<'i32'>;
  readonly OUTBOX_SIZE: WebAssembly.Global<'i32'>;
  readonly OWN_CONNECTIONS: WebAssembly.Global<'i32'>;
  readonly OWN_MAX: WebAssembly.Global<'i32'>;
  readonly PLAN: WebAssembly.Global<'i32'>;
  readonly PROFILE: WebAssembly.Global<'i32'>;
  readonly SCORES: WebAssembly.Global<'i32'>;
  readonly STATUS: WebAssembly.Global<'i32'>;
  readonly TEXT_MAX: WebAssembly.Global<'i32'>;
  readonly TEXTS: WebAssembly.Global<'i32'>;
  readonly VERSION: WebAssembly.Global<'i32'>;
  readonly VTABLES: WebAssembly.Global<'i32'>;
  readonly __data_end: WebAssembly.Global<'i32'>;
  readonly __heap_base: WebAssembly.Global<'i32'>;
  configure(length: number): number;
  start(time: bigint): number;
  tick(time: bigint): bigint;
  observe(offset: number, length: number): number;
  collect(collectors: number, time: bigint): number;
  connect(): number;
  disconnect(time: bigint): number;
  next(): number;
  acknowledge(sequence: number): number;
  /** Profile gateway alone (assembly/gateway.ts). */
  readonly pcapToFrames?: (length: number, link: number, nanoseconds: number) => bigint;
  /** Not in the lean profiles. */
  report?(length: number, time: bigint): number;
  loadIndicators?(length: number, piece: number): number;
  learn?(command: number): number;
  restoreLearned?(length: number): number;
}
