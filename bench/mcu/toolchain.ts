// The programs that turn a core into C and run it, and what to install where one is missing.

import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** By program: the Debian package that brings it. */
const PACKAGES = {
  wasm2c: 'wabt',
  gcc: 'gcc',
  'arm-none-eabi-gcc': 'gcc-arm-none-eabi',
  'arm-none-eabi-size': 'binutils-arm-none-eabi',
  'qemu-system-arm': 'qemu-system-arm',
} as const;
export type Tool = keyof typeof PACKAGES;

export const NATIVE_TOOLS: readonly Tool[] = ['wasm2c', 'gcc'];
export const CORTEX_M4_TOOLS: readonly Tool[] = [
  'wasm2c',
  'arm-none-eabi-gcc',
  'arm-none-eabi-size',
  'qemu-system-arm',
];

/** The small C library, for whichever Arm compiler is installed. */
const NEWLIB = { file: 'nano.specs', package: 'libnewlib-arm-none-eabi' };

/** @throws Error naming every missing program and the packages to install */
export async function requireTools(tools: readonly Tool[]): Promise<void> {
  const missing: string[] = [];
  const packages = new Set<string>();
  for (const tool of tools) {
    if (await isInstalled(tool)) continue;
    missing.push(tool);
    packages.add(PACKAGES[tool]);
  }
  if (tools.includes('arm-none-eabi-gcc') && !(await hasNewlib(missing))) {
    missing.push(NEWLIB.file);
    packages.add(NEWLIB.package);
  }
  if (missing.length === 0) return;
  throw new Error(
    `missing: ${missing.join(', ')}. Install Debian's packages: apt-get install ${[...packages].join(' ')}`,
  );
}

/** Runs a program to its end and gives back what it printed. @throws Error with what it complained about */
export async function run(tool: Tool, args: readonly string[], folder: string): Promise<string> {
  const { code, output } = await runToEnd(tool, args, folder);
  if (code !== 0) throw new Error(`${tool} ${args.join(' ')} failed (${code}):\n${output}`);
  return output;
}

/** Runs a program, at most a minute long. code: what it exited with, or what stopped it. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  folder: string,
): Promise<{ code: number | string; output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, {
      cwd: folder,
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    if (!isExit(error)) throw error;
    const code = error.killed ? 'stopped after a minute' : (error.code ?? error.signal ?? 'unknown');
    return { code, output: error.stdout + error.stderr };
  }
}

async function isInstalled(tool: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (
      await access(join(folder, tool), constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return true;
  }
  return false;
}

async function hasNewlib(missing: readonly string[]): Promise<boolean> {
  if (missing.includes('arm-none-eabi-gcc')) return true;
  // The compiler answers with a path when it has the file, and with the bare name when not.
  const { output } = await runToEnd('arm-none-eabi-gcc', [`-print-file-name=${NEWLIB.file}`], '.');
  return output.trim() !== NEWLIB.file;
}

interface Exit {
  readonly code?: number | string;
  readonly signal?: string;
  readonly killed?: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

function isExit(error: unknown): error is Exit {
  return error instanceof Error && 'stdout' in error && 'stderr' in error;
}
