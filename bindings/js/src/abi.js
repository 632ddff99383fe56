// The calls of the C door (include/oscartoki.h) that are not hot, each by its signature. Nothing here is public.
//
//   h handle   i whole number of 64 bits   n smaller number   t text   b bytes   8 eight bytes   32 thirty-two bytes   client, service settings
//   >h handle   >i number   >t:N text in a buffer of N   >b:N bytes   >NAME struct
//
// t, b, 8 and 32 may be null. A call gives its one result, or an array of them. It throws what its status says; one marked `!` gives the status first,
// `#` a plain number.

import { GIVEN, after, ascii, detail, door, grow, hex, idOf, open, whole } from './door.js';
import { errorOf } from './errors.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const SIGNATURES = {
  oscar_secret_generate: '>t:48',
  oscar_secret_from_bytes: 'b >t:48',
  oscar_secret_parse: 't >t:48',
  oscar_secret_kid: 't i >b:8',
  oscar_secret_audience_key: 't t i >t:59',
  oscar_audience_key_parse: 't 8 >t:59',
  oscar_audience_key_read: 't >b:8 >b:32',
  oscar_session_parse: 't >t:91 >claims',
  oscar_answer_toki_parse: 't >answer_claims',

  oscar_keyring_new: 't >h',
  oscar_keyring_free: 'h',
  oscar_keyring_add: 'h t',
  oscar_keyring_add_v1: 'h 8 b i n',
  oscar_keyring_load: 'h t',
  oscar_keyring_load_revocations: 'h t',
  oscar_keyring_revoke_key: 'h 8 >t:64',
  oscar_keyring_revoke_session: 'h 8 8 >t:64',
  oscar_keyring_revoke_issued_before: 'h 8 i >t:64',
  oscar_keyring_holds: '# h 8',
  oscar_keyring_has_v1: '# h',
  oscar_keyring_kids: 'h >h',
  oscar_keyring_revocations: 'h >h',
  oscar_ring_files_open: 'h b t t >h',
  oscar_ring_files_refresh: 'h',
  oscar_ring_files_append: 'h t',
  oscar_ring_files_free: 'h',

  oscar_replay_log_memory: 'n >h',
  oscar_replay_log_exact: 'n >h',
  oscar_replay_log_mapped: 't n >h',
  oscar_replay_log_default_path: 'h >t:4096',
  oscar_replay_log_none: '>h',
  oscar_replay_log_free: 'h',
  oscar_message_memory_new: 'h n i >h',
  oscar_message_memory_free: 'h',

  oscar_client_new: 't t client >h',
  oscar_client_from_audience_key: 't client >h',
  oscar_client_from_session: 't client >h',
  oscar_client_for_audience: 'h t >h',
  oscar_client_free: 'h',
  oscar_client_kid: 'h >b:8',
  oscar_client_offset: '! h >i',
  oscar_client_hand_out: 'h i i >t:91',
  oscar_client_export_state: 'h >h',
  oscar_client_import_state: 'h t',
  oscar_client_request_ext: 'h b >b:65535 >i',
  oscar_client_drops_from_probe: '# h t',
  oscar_client_accept_too_large: '! h h n >outcome',
  oscar_client_accept_none: '! h h >outcome',
  oscar_sign_context_free: 'h',
  oscar_client_mint_message: 'h b b i i >t:64 >h',
  oscar_message_accept_reply: 'h b b >i',
  oscar_message_reply: 'h b b i >t:59',
  oscar_message_free: 'h',
  oscar_client_sign_url: 'h b i >t:66000',
  oscar_client_mint_ticket: 'h b t i >t:400',

  oscar_call_new: 'h b b n >h',
  oscar_call_next: 'h i i >step',
  oscar_call_received: 'h b b i i',
  oscar_call_received_digest: 'h b 32 i i',
  oscar_call_too_large: 'h n',
  oscar_call_failed: 'h',
  oscar_call_free: 'h',

  oscar_service_new: 'service h h i >h',
  oscar_service_free: 'h',
  oscar_service_ready_at: 'h >i',
  oscar_service_floor: 'h >i',
  oscar_service_counters: 'h >counters',
  oscar_service_wants_body: '# h b',
  oscar_service_finish: '! h b 32 >verdict',
  oscar_service_too_large: '! h >verdict',
  oscar_service_handshake: 'h >t:97 >t:192',
  oscar_verdict_free: 'h',
  oscar_service_verify_message: 'h b b h i i >message',
  oscar_service_verify_url: 'h b i >url',
  oscar_service_verify_url_head: 'h b i >url',
  oscar_service_verify_ticket: 'h t t n i >ticket',

  oscar_authority_normalise: 't >t:256',
  oscar_explain: 'b b b >h',
  oscar_text_len: 'h >i',
  oscar_text_free: 'h',

  oscar_v1_mint: 'b i >t:97',
  oscar_v1_verify: 'b t n i >i',
  oscar_v1_tokikey_mint: 'b t i >t:96',
  oscar_v1_tokikey_verify: 'b t t n i',
  oscar_v1_client_new: 'b n >h',
  oscar_v1_client_free: 'h',
  oscar_v1_client_begin: 'h i >t:97 >h',
  oscar_v1_exchange_accept_first: 'h b t i >t:96',
  oscar_v1_exchange_accept_second: 'h t i',
  oscar_v1_exchange_free: 'h',

  oscar_hazmat_mint_request: 't t b b i 8 n >t:59',
  oscar_hazmat_client_sign: 'h b b n i i 8 >signed >h',
  oscar_hazmat_mint_grant: 't t 8 i i >t:48',
  oscar_hazmat_mint_answer: 't t t n i b b >t:59',
  oscar_hazmat_accept: '! t t t b b >outcome',
  oscar_hazmat_mint_message: 't b b i 8 i >t:64',
  oscar_hazmat_mint_url: 't b i >t:66000',
  oscar_hazmat_mint_ticket: 't b t i 8 >t:400',
};

// ---- structs: their size, and how one is read ----

const number = (at) => Number(door.view.getBigInt64(at, true));
const int = (at) => door.view.getInt32(at, true);

/** Copies of structs that classes read later. */
const copy = (size) => ({ size, read: (at) => door.bytes.slice(at, at + size) });

const STRUCTS = {
  outcome: copy(40),
  step: copy(256),
  verdict: copy(312),
  signed: copy(108),
  claims: {
    size: 40,
    read: (at) => ({ kid: hex(door.bytes, at, 8), sid: hex(door.bytes, at + 8, 8), iatS: number(at + 16), expS: number(at + 24), ttlS: number(at + 32) }),
  },
  answer_claims: { size: 16, read: (at) => ({ tsMs: number(at), body: door.bytes[at + 10] === 1 }) },
  counters: { size: 200, read: (at) => Array.from({ length: 25 }, (_, index) => number(at + 8 * index)) },
  message: {
    size: 48,
    read: (at) => ({
      tsMs: number(at), ttlS: number(at + 8), kid: hex(door.bytes, at + 16, 8), nonce: hex(door.bytes, at + 24, 8),
      context: door.view.getBigInt64(at + 32, true), freshness: ['fresh', 'duplicate', 'unchecked'][int(at + 40)],
    }),
  },
  url: { size: 24, read: (at) => ({ expMs: number(at), kid: hex(door.bytes, at + 8, 8), targetLength: int(at + 16) }) },
  ticket: {
    size: 280,
    read: (at) => ({
      tsMs: number(at), kid: hex(door.bytes, at + 8, 8), originBound: door.bytes[at + 16] === 1,
      connection: door.bytes.slice(at + 18, at + 18 + door.bytes[at + 17]),
    }),
  },
};

// ---- what is given: how much room it takes at most, and how it is laid down. `put` returns the place after it. ----

const aligned = (at) => (at + 7) & ~7;

const slice = (toBytes) => ({
  room: (field) => (field == null ? 0 : field.length * (typeof field === 'string' ? 3 : 1)) + 8,
  put(args, at, field) {
    if (field == null) {
      args.push(0, 0);
      return at;
    }
    const length = toBytes(field, at);
    args.push(at, length);
    return at + Math.max(length, 1);
  },
});

const fixed = (length) => ({
  room: () => length,
  put(args, at, field) {
    if (field == null) {
      args.push(0);
      return at;
    }
    door.bytes.set(idOf(field, 'what is given', length), at);
    args.push(at);
    return at + length;
  },
});

const settings = (lay) => ({ room: (given) => 512 + 3 * JSON.stringify(given.texts).length + 16 * JSON.stringify(given.texts).length, put: lay });

const GIVING = {
  h: { room: () => 0, put: (args, at, handle) => (args.push(handle), at) },
  i: { room: () => 0, put: (args, at, given) => (args.push(BigInt(whole(given))), at) },
  n: { room: () => 0, put: (args, at, given) => (args.push(Number(given)), at) },
  t: slice((text, at) => encoder.encodeInto(text, door.bytes.subarray(at)).written),
  b: slice((bytes, at) => (door.bytes.set(bytes, at), bytes.length)),
  8: fixed(8),
  32: fixed(32),
  client: settings((args, at, given) => {
    const sheet = new Sheet(at);
    const [ext, answerExt] = [sheet.texts(given.texts.ext), sheet.texts(given.texts.answerExt)];
    const kid = given.kid == null ? 0 : sheet.bytes(given.kid);
    sheet.begin(args);
    sheet.list(ext).list(answerExt).i64(given.maxAnswer).i64(given.generation).pointer(kid);
    return sheet.flags(given.rollEvery, given.trustClock, given.unsignedAnswers, given.sendContentDigest);
  }),
  service: settings((args, at, given) => {
    const sheet = new Sheet(at);
    const [names, ext, answerExt] = [sheet.texts(given.texts.authorities), sheet.texts(given.texts.ext), sheet.texts(given.texts.answerExt)];
    const name = given.texts.fixedAuthority == null ? 0 : sheet.text(given.texts.fixedAuthority);
    sheet.begin(args);
    sheet.list(names).pointer(name).list(ext).list(answerExt).i64(given.windowMs).i64(given.maxTtlS).i64(given.grantTtlS).i64(given.maxBody).i64(given.maxAnswer);
    return sheet.flags(given.firstStart, given.emptyQueryHidden);
  }),
};

/** Lays down a settings struct and what it points to. */
class Sheet {
  constructor(at) {
    this.at = at;
  }

  /** A zero-terminated text. One that holds a zero is none: it is cut in C, so it is refused here. */
  text(text) {
    if (text.includes('\0')) throw errorOf(1, 'a name holds a zero byte');
    const start = this.at;
    const { written } = encoder.encodeInto(text, door.bytes.subarray(start));
    door.bytes[start + written] = 0;
    this.at = start + written + 1;
    return start;
  }

  texts(list) {
    const pointers = list.map((text) => this.text(text));
    this.at = aligned(this.at);
    const start = this.at;
    for (const pointer of pointers) this.pointer(pointer);
    return [pointers.length ? start : 0, pointers.length];
  }

  bytes(given) {
    const start = this.at;
    door.bytes.set(given, start);
    this.at += given.length;
    return start;
  }

  begin(args) {
    this.at = aligned(this.at);
    args.push(this.at);
  }

  list([pointer, length]) {
    return this.pointer(pointer).size(length);
  }

  pointer(place) {
    return this.size(place, place === 0 ? 0n : door.base);
  }

  size(given, base = 0n) {
    if (door.pointer === 8) door.view.setBigInt64(this.at, BigInt(given) + base, true);
    else door.view.setUint32(this.at, given, true);
    this.at += door.pointer;
    return this;
  }

  i64(given) {
    this.at = aligned(this.at);
    door.view.setBigInt64(this.at, BigInt(whole(given)), true);
    this.at += 8;
    return this;
  }

  flags(...flags) {
    for (const flag of flags) door.bytes[this.at++] = flag ? 1 : 0;
    return this.at;
  }
}

// ---- what comes back ----

function taking(kind) {
  const [what, size] = kind.split(':');
  const room = Number(size ?? 8);
  switch (what) {
    case '>h':
      return { room: 8, args: (at) => [at], read: (at) => door.view.getBigInt64(at, true) };
    case '>i':
      return { room: 8, args: (at) => [at], read: number };
    case '>t':
      return { room, args: (at) => [at, room], read: (at) => text(at, room) };
    case '>b':
      return { room, args: (at) => (room === 65535 ? [at, room] : [at]), read: (at) => door.bytes.slice(at, at + room) };
    default: {
      const { size: needed, read } = STRUCTS[what.slice(1)];
      return { room: needed, args: (at) => [at], read };
    }
  }
}

function text(at, capacity) {
  if (capacity <= 400) return ascii(door.bytes, at, capacity) ?? '';
  const end = door.bytes.indexOf(0, at);
  return decoder.decode(door.bytes.subarray(at, end));
}

function bind(name, signature) {
  const kinds = signature.split(' ');
  const mark = kinds[0] === '!' || kinds[0] === '#' ? kinds.shift() : '';
  const slots = kinds.map((kind) => (kind.startsWith('>') ? taking(kind) : { given: GIVING[kind] }));
  return (...given) => {
    if (door.calls === null) open();
    const raw = door.calls[name];
    if (raw === undefined) throw errorOf(71, `${name} is not in the small module of oscartoki/session and oscartoki/react: import 'oscartoki' too`);
    let [next, room] = [0, GIVEN];
    for (const slot of slots) room += slot.given ? slot.given.room(given[next++]) + 8 : slot.room + 8;
    after();
    if (room > door.size) grow(room);
    const args = [];
    const places = [];
    let at = door.room + GIVEN;
    next = 0;
    for (const slot of slots) {
      if (slot.given) {
        at = slot.given.put(args, at, given[next++]);
      } else {
        at = aligned(at);
        if (slot.room === 8) door.bytes.fill(0, at, at + 8);
        args.push(...slot.args(at));
        places.push([slot, at]);
        at += slot.room;
      }
    }
    const status = raw(...args);
    after();
    if (mark === '#') return status;
    if (mark !== '!' && status !== 0) throw errorOf(status, detail());
    const results = places.map(([slot, place]) => slot.read(place));
    if (mark === '!') return [status, ...results];
    return results.length > 1 ? results : results[0];
  };
}

/** The calls by name, without `oscar_`. */
export const abi = Object.fromEntries(Object.entries(SIGNATURES).map(([name, signature]) => [name.slice('oscar_'.length), bind(name, signature)]));

/** A text whose length nobody knew beforehand: taken over from its handle. */
export function takeText(handle) {
  if (handle === 0n) return null;
  try {
    const length = abi.text_len(handle);
    if (GIVEN + length > door.size) grow(GIVEN + length);
    const at = door.room + GIVEN;
    const status = door.calls.oscar_text_copy(handle, at, length);
    if (status !== 0) throw errorOf(status, detail());
    return decoder.decode(after().subarray(at, at + length));
  } finally {
    abi.text_free(handle);
  }
}
