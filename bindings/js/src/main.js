// Everything but the library itself: which module that is, the entry says (index.js, toki.js).

import { VERSION } from './version.js';
import * as errors from './errors.js';
import * as hazmat from './hazmat.js';
import * as v1 from './v1.js';
import { door, open } from './door.js';

export { Call, Client, Outcome, SignedRequest, Step, secretFrom } from './client.js';
export { OscarError } from './errors.js';
export { AudienceKey, Keyring, Secret, Session, normaliseAuthority } from './keys.js';
export { MappedReplayLog, MemoryReplayLog, NoReplayLog, ReplayLog } from './memory.js';
export { MessageMemory, SignedMessage, VerifiedMessage, VerifiedTicket, VerifiedUrl } from './carried.js';
export { Handshake, PendingBody, Refusal, Service, Verdict, VerifiedRequest, explain } from './service.js';
export { express, fastify, node } from './layer.js';
export { errors, hazmat, v1 };

/** The version of this package and of the library in it. */
export const version = VERSION;

/** Which door the library is behind: 'addon' on a server that has one, else 'wasm'. */
export function doorKind() {
  if (door.calls === null) open();
  return door.kind;
}
