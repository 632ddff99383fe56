// What Node gives: the native addon where there is one for this machine, else the WASM module; node:crypto for large content.

import { createHash, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { DoorError } from './errors.js';
import { openWasm } from './wasm.js';

let why = null;
let opened = null;

/** `OSCARTOKI_DOOR` is `wasm` or `addon`; without it, the addon where it can be loaded. */
export function openDoor() {
  const wanted = process.env.OSCARTOKI_DOOR;
  const addon = wanted === 'wasm' ? ((why = 'OSCARTOKI_DOOR=wasm says so'), null) : openAddon();
  if (addon === null && wanted === 'addon') throw new DoorError(`OSCARTOKI_DOOR=addon, but ${why}`, { name: 'internal' });
  opened = addon ?? openWasm((bytes) => webcrypto.getRandomValues(bytes), (text) => Buffer.from(text, 'base64'));
  return opened;
}

function openAddon() {
  const name = `oscartoki-${process.platform}-${process.arch}.node`;
  try {
    const addon = createRequire(import.meta.url)(`../prebuilt/${name}`);
    let memory = addon.memory();
    const calls = { ...addon, oscar_js_room: (size) => (addon.reserve(size), (memory = addon.memory()), 64) };
    return { kind: 'addon', calls, memory: () => memory, pointer: 8, origin: () => addon.origin() };
  } catch (error) {
    why = `there is no addon ${name} that loads here (${error.code ?? error.message.split('\n')[0]})`;
    return null;
  }
}

// The library's own SHA-256 is quicker for what is short, and in the addon for everything.
const LONG = 256;

/** SHA-256 of content that is worth it; null where the library's own is quicker. */
export const digestNow = (bytes) => (opened?.kind === 'addon' || bytes.length < LONG ? null : createHash('sha256').update(bytes).digest());

/** The same, for who can wait. */
export const digestSoon = async (bytes) => digestNow(bytes);

/** Sees to it that this is the addon, which alone reaches files and other processes. */
export function native(what) {
  if (opened?.kind === 'addon') return;
  throw new DoorError(
    `${what} needs the native addon of oscartoki, and ${why}. On linux-x64 with glibc it is in the package; elsewhere build it (README, "The addon"), ` +
      'or say memory: new MemoryReplayLog() for a service of one process, and keys as texts',
    { name: 'store' },
  );
}

/** How an object prints in console.log. */
export const inspect = Symbol.for('nodejs.util.inspect.custom');

/** A file's text. */
export const readText = (path) => readFileSync(path, 'utf8');

/** A body as the stream that Fastify's parsers read. */
export const streamOf = (body) => Object.assign(Readable.from([body], { objectMode: false }), { receivedEncodedLength: body.length });

const { latin1Slice } = Buffer.prototype;

/** Bytes as the characters that they are. */
export const latin1 = (bytes, at, end) => latin1Slice.call(bytes, at, end);
