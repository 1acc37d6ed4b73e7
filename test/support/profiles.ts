// The cores under test, fresh for every caller: raw exports, nothing of bindings/ in between.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CoreExports } from '../../bindings/js/exports.ts';

export const PROFILES = ['lean', 'lean-strict', 'standard', 'gateway'] as const;
export type Profile = (typeof PROFILES)[number];

const modules = new Map<Profile, WebAssembly.Module>();

export function wasmBytes(profile: Profile): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    readFileSync(fileURLToPath(new URL(`../../build/core.${profile}.wasm`, import.meta.url))),
  );
}

export function newExports(profile: Profile): CoreExports {
  const module = modules.get(profile) ?? new WebAssembly.Module(wasmBytes(profile));
  modules.set(profile, module);
  return new WebAssembly.Instance(module, {}).exports as unknown as CoreExports;
}
