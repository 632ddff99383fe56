// What browsers, workers and bundles give. The twin of platform.node.js.

import { DoorError } from './errors.js';
import { openWasm } from './wasm.js';

export const openDoor = () => openWasm((bytes) => crypto.getRandomValues(bytes), decode);

function decode(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/** Whether SHA-256 here is quicker than the library's for so many bytes, without waiting; never. */
export const digestNow = () => null;

/** SHA-256 of large content, by the platform; null where the library's own must do (WebCrypto needs a secure context). */
export async function digestSoon(bytes) {
  const subtle = globalThis.crypto?.subtle;
  return subtle === undefined ? null : new Uint8Array(await subtle.digest('SHA-256', bytes));
}

/** Shared memory and files exist where there are processes. */
export function native(what) {
  throw new DoorError(`${what} needs a server: there are no files and processes here. A service in a worker takes memory: new MemoryReplayLog() and keys as texts`, { name: 'store' });
}

/** How an object prints in this platform's tools. */
export const inspect = Symbol.for('nodejs.util.inspect.custom');

/** A file's text; there are none here. */
export const readText = (path) => native(`reading ${path}`);

/** A stream of Node; there are none here. */
export const streamOf = () => native('a middleware');

/** Bytes as the characters that they are. */
export const latin1 = (bytes, at, end) => String.fromCharCode.apply(null, bytes.subarray(at, end));
