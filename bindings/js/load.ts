// The one file that touches the WebAssembly loader. Node and browser.

import { type ASUtil, instantiate, instantiateSync, type ResultObject } from '@assemblyscript/loader';
import { Core } from './core.ts';
import { WardletError } from './errors.ts';
import { ABI_VERSION, type CoreExports } from './exports.ts';

/** A core as bytes, a compiled module (one for many devices), or what fetch returns. */
export type CoreSource = BufferSource | WebAssembly.Module | Response | PromiseLike<Response>;

/**
 * Instantiates a core: its own memory, not started yet.
 *
 * @example
 * const core = await loadCore(await readFile(fileURLToPath(import.meta.resolve('wardlet/core.wasm'))));
 * core.configure({ seed: crypto.getRandomValues(new Uint8Array(32)), localAddresses: ['192.168.1.50'] });
 * core.start(Date.now());
 *
 * @throws WardletError WL_BAD_CORE when the module is not a Wardlet core of this ABI; WL_NO_MEMORY when there are too many
 */
export async function loadCore(source: CoreSource): Promise<Core> {
  let exports: CoreExports;
  try {
    exports = (await instantiateAny(source)).exports as unknown as CoreExports;
  } catch (cause) {
    // V8 keeps 10 GB of address space for each memory: some 12,700 cores are the end of it.
    if (cause instanceof RangeError) {
      throw new WardletError('WL_NO_MEMORY', `no memory for another core: ${cause.message}`, {
        cause,
        hint: 'let go of cores no longer used; for more than 12,000 at once run: node --disable-wasm-trap-handler',
      });
    }
    throw new WardletError(
      'WL_BAD_CORE',
      'the core could not be instantiated: not a WebAssembly module, or one that needs imports',
      {
        cause,
        hint: "pass the bytes of wardlet/core.wasm (or of a profile, wardlet/core.gateway.wasm) unchanged; a page's CSP needs script-src 'wasm-unsafe-eval'",
      },
    );
  }
  const abi = Number(exports.ABI_VERSION?.value ?? 0);
  if (abi !== ABI_VERSION) {
    throw new WardletError(
      'WL_BAD_CORE',
      `the module has ABI version ${abi}, these bindings read ${ABI_VERSION}`,
      {
        hint: 'use core and bindings of the same wardlet release',
      },
    );
  }
  return new Core(exports);
}

type Instantiated = ResultObject & { exports: ASUtil & Record<keyof CoreExports, unknown> };

function instantiateAny(source: CoreSource): Instantiated | Promise<Instantiated> {
  if (source instanceof WebAssembly.Module)
    return instantiateSync<Record<keyof CoreExports, unknown>>(source, {});
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    // Told apart here, for the loader asks for Response, and Node then loads its HTTP client: 15 ms.
    return WebAssembly.compile(source).then((module) =>
      instantiateSync<Record<keyof CoreExports, unknown>>(module, {}),
    );
  }
  return instantiate<Record<keyof CoreExports, unknown>>(Promise.resolve(source), {});
}
