// The WASM door. Which module it is says the entry that was imported: all protocols, or toki alone. Nothing here is public.

import { errorOf } from './errors.js';

// A module that uses one instruction of 128 bits.
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);

let chosen = null;

/** Says which module is opened at first use; one of all protocols wins. `modules`: { all, simd?, plain }, the last two base64. */
export function offer(modules) {
  if (chosen === null || (modules.all && !chosen.all)) chosen = modules;
}

/** Compiles and starts the module. `random(bytes)` fills with random bytes, `decode(text)` reads base64. */
export function openWasm(random, decode) {
  if (typeof WebAssembly !== 'object') throw errorOf(71, 'this platform has no WebAssembly');
  let memory = null;
  const host = {
    random(place, length) {
      try {
        random(new Uint8Array(memory.buffer, place, length));
        return 1;
      } catch {
        return 0;
      }
    },
  };
  const bytes = decode(chosen.simd !== undefined && WebAssembly.validate(SIMD) ? chosen.simd : chosen.plain);
  const calls = new WebAssembly.Instance(compiled(bytes), { host }).exports;
  memory = calls.memory;
  return { kind: 'wasm', calls, memory: () => memory.buffer, pointer: 4 };
}

function compiled(bytes) {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    if (cause instanceof WebAssembly.CompileError && /unsafe-eval|Content Security Policy/i.test(cause.message)) {
      throw errorOf(71, "the page's Content-Security-Policy blocks WebAssembly: add 'wasm-unsafe-eval' to script-src", { cause });
    }
    throw cause;
  }
}
