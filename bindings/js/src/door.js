// The way into the library, which is one of two doors with the same calls: the WASM module, or on a server the native addon. Everything
// passes through one buffer, the room: results at its start, what is given after them. Nothing here is public.

import { errorOf } from './errors.js';
import { latin1, openDoor } from '#platform';
import { VERSION } from './version.js';

const ABI_VERSION = 1;

/** Where in the room what is given begins; results stand before it. */
export const GIVEN = 2048;
const FIRST_ROOM = 64 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The open door. `calls` are its functions; `bytes` and `view` its memory, `room` the buffer's address in it. */
export const door = { calls: null, kind: null, bytes: null, view: null, room: 0, size: 0, pointer: 4, base: 0n, memory: null };

/** Opens the door at first use, and sees to it that wrapper and library fit. */
export function open() {
  const opened = openDoor();
  door.calls = opened.calls;
  door.kind = opened.kind;
  door.memory = opened.memory;
  door.pointer = opened.pointer;
  door.origin = opened.origin;
  grow(FIRST_ROOM);
  const found = textOf(door.calls.oscar_version());
  if (found !== VERSION || door.calls.oscar_abi_version() !== ABI_VERSION) {
    door.calls = null;
    throw errorOf(71, `oscartoki ${VERSION} needs its own library (ABI ${ABI_VERSION}), but found liboscartoki ${found}: reinstall the package (npm install --force oscartoki)`);
  }
}

/** Makes the room at least so large. What is in it is lost. */
export function grow(size) {
  door.size = Math.max(size, 2 * door.size);
  // An address is unsigned, which WebAssembly's numbers are not.
  door.room = door.calls.oscar_js_room(door.size) >>> 0;
  look();
}

/** Looks at the memory anew: it moves when it grows. */
function look() {
  const buffer = door.memory();
  door.bytes = new Uint8Array(buffer);
  door.view = new DataView(buffer);
  door.base = door.origin?.() ?? 0n;
}

/** The memory, for a hot call that gives at most so many bytes; opens the door. */
export function hot(most) {
  if (door.calls === null) open();
  if (GIVEN + most > door.size) grow(GIVEN + most);
  else if (door.bytes.length === 0) look();
  return door.bytes;
}

/** The memory after a call, which may have moved it. */
export function after() {
  if (door.bytes.length === 0) look();
  return door.bytes;
}

/** Which rule the last failing call broke. */
export const detail = () => textOf(door.calls.oscar_last_detail());

/** A zero-terminated text that the library owns. */
function textOf(pointer) {
  if (typeof pointer === 'string') return pointer;
  const bytes = after();
  pointer >>>= 0;
  return decoder.decode(bytes.subarray(pointer, bytes.indexOf(0, pointer)));
}

// ---- packing: lp(field), as the MAC reads it ----

const LP_MAX = 0xffff;

/** What can't be packed: a field of more than 65,535 bytes, or a status outside 16 bits. */
export class Unpackable extends Error {}

/** Writes lp of a text of the wire, whose characters are bytes, or of bytes. Returns the place after it. */
export function lp(bytes, at, field) {
  if (typeof field !== 'string') {
    if (field == null) return lpEmpty(bytes, at);
    if (field.length > LP_MAX) throw new Unpackable();
    bytes[at] = field.length >> 8;
    bytes[at + 1] = field.length;
    bytes.set(field, at + 2);
    return at + 2 + field.length;
  }
  const length = field.length;
  if (length > LP_MAX) throw new Unpackable();
  let place = at + 2;
  for (let index = 0; index < length; index++) {
    const code = field.charCodeAt(index);
    if (code > 0xff) return lpText(bytes, at, field);
    bytes[place++] = code;
  }
  bytes[at] = length >> 8;
  bytes[at + 1] = length;
  return place;
}

function lpEmpty(bytes, at) {
  bytes[at] = 0;
  bytes[at + 1] = 0;
  return at + 2;
}

/** Writes lp of a text as UTF-8. */
export function lpText(bytes, at, text) {
  const { written } = encoder.encodeInto(text, bytes.subarray(at + 2));
  if (written > LP_MAX) throw new Unpackable();
  bytes[at] = written >> 8;
  bytes[at + 1] = written;
  return at + 2 + written;
}

/** Two bytes, big endian. */
export function be16(bytes, at, number) {
  if (!(Number.isInteger(number) && number >= 0 && number <= 0xffff)) throw new Unpackable();
  bytes[at] = number >> 8;
  bytes[at + 1] = number;
  return at + 2;
}

/** So many bytes at most does a field take. */
export const most = (field) => (field == null || typeof field === 'number' ? 2 : typeof field === 'string' ? 2 + 3 * field.length : 2 + field.length);

/** Fields packed on their own, for a cold call. */
export function packed(fields, write = lp) {
  const out = new Uint8Array(fields.reduce((sum, field) => sum + most(field), 0));
  let at = 0;
  for (const field of fields) at = typeof field === 'number' ? be16(out, at, field) : write(out, at, field);
  return out.subarray(0, at);
}

/** Headers as pairs: of a Headers or Map, an array of pairs, Node's rawHeaders, or an object. */
export function pairs(headers) {
  if (headers == null) return [];
  if (typeof headers[Symbol.iterator] !== 'function') {
    return Object.entries(headers).flatMap(([name, field]) => (Array.isArray(field) ? field.map((one) => [name, `${one}`]) : field == null ? [] : [[name, `${field}`]]));
  }
  if (Array.isArray(headers) && typeof headers[0] === 'string') {
    const out = [];
    for (let at = 0; at + 1 < headers.length; at += 2) out.push([headers[at], headers[at + 1]]);
    return out;
  }
  return Array.isArray(headers) ? headers : [...headers];
}

/** Content as bytes; null for none. */
export function content(body) {
  if (body == null) return null;
  if (typeof body === 'string') return encoder.encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer || (typeof SharedArrayBuffer === 'function' && body instanceof SharedArrayBuffer)) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  throw new TypeError('content is a string, an ArrayBuffer or a view of one');
}

// ---- what comes back ----

/** A zero-terminated ASCII text of at most so many bytes; null for an empty one. */
export function ascii(bytes, at, capacity) {
  if (bytes[at] === 0) return null;
  let end = at;
  while (end < at + capacity && bytes[end] !== 0) end++;
  return latin1(bytes, at, end);
}

/** Whether a zero-terminated text is this one. */
export function isText(bytes, at, text) {
  const { length } = text;
  for (let index = 0; index < length; index++) if (bytes[at + index] !== text.charCodeAt(index)) return false;
  return bytes[at + length] === 0;
}

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes as lower-case hex. */
export function hex(bytes, at = 0, length = bytes.length) {
  let text = '';
  for (let index = at; index < at + length; index++) text += digits[bytes[index]];
  return text;
}

/** So many bytes from hex or from bytes: a kid, a sid, a nonce. */
export function idOf(given, what, length = 8) {
  const bytes = typeof given === 'string' && given.length === 2 * length && /^[0-9a-f]+$/i.test(given)
    ? Uint8Array.from(given.match(/../g), (pair) => parseInt(pair, 16))
    : given;
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) throw new TypeError(`${what} is ${length} bytes: a Uint8Array, or ${2 * length} digits of hex`);
  return bytes;
}

const bits = new BigInt64Array(1);
const asNumber = new Float64Array(bits.buffer);

/** A handle for the hot calls: a number of the same bits. */
export function numberOf(handle) {
  bits[0] = handle;
  return asNumber[0];
}

/** The handle that a hot call gave. */
export function handleOf(number) {
  asNumber[0] = number;
  return bits[0];
}

/** Whole milliseconds that fit; anything else is a number that no field takes. */
export function whole(number, status = 3) {
  if (!Number.isSafeInteger(number)) throw errorOf(status, 'a number that fits no field');
  return number;
}

/** The clocks, in milliseconds. */
export const wall = () => Date.now();
export const mono = () => Math.floor(performance.now()) + 1;
