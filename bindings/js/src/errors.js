// The errors of the protocol: one class for each name, the same names in every language. docs/errors.md tells cause and fix.

/** What this protocol refuses. `name` is stable; on a client `mayHaveRun`, `signed` and `status` say what is known of the request. */
export class OscarError extends Error {
  constructor(sentence = '', { name, mayHaveRun = null, signed = false, status = null, cause } = {}) {
    super(sentence, cause === undefined ? undefined : { cause });
    /** The stable name. */
    this.name = name ?? this.constructor.oscarName ?? 'error';
    /** A client's: false only where it is certain that the request had no effect; null outside of a call. */
    this.mayHaveRun = mayHaveRun;
    /** A client's: whether the answer was authentic. */
    this.signed = signed;
    /** The HTTP status: of the answer that a client got, or the one that a service refuses with. */
    this.status = status;
  }
}

const named = (oscarName) => class extends OscarError {
  static oscarName = oscarName;
};

/** Not in the one allowed form. */
export const Malformed = named('malformed');
/** No toki where one is needed. */
export const Missing = named('missing');
/** A field that cannot be signed. */
export const Unsignable = named('unsignable');
/** A name that is not this service's. */
export const UnknownAuthority = named('unknown_authority');
/** The key id is not held here. */
export const UnknownKey = named('unknown_key');
/** Not authentic. */
export const BadMac = named('bad_mac');
/** Outside the window, or at or below the floor. */
export const Stale = named('stale');
/** Seen before. */
export const Replayed = named('replayed');
/** The session is over. */
export const GrantExpired = named('grant_expired');
/** The key, the session or its issue time is revoked. */
export const Revoked = named('revoked');
/** The content is not what was signed. */
export const BodyMismatch = named('body_mismatch');
/** Authentic, but not allowed here. */
export const Policy = named('policy');
/** Could not be remembered: try later. */
export const Busy = named('busy');
/** A message or URL past its end. */
export const Expired = named('expired');
/** A message from more than 300 seconds ahead. */
export const NotYet = named('not_yet');
/** The framework does not show the raw request target; the sentence names the fix. */
export const RawTargetHidden = named('raw_target_hidden');
/** The answer stands, its grant is not ours. */
export const BadGrant = named('bad_grant');
/** A key text in another's place. */
export const WrongKind = named('wrong_kind');
/** Key material is too weak. */
export const WeakSecret = named('weak_secret');
/** Another key stands under this kid. */
export const KidTaken = named('kid_taken');
/** OscarToki v1: a core that this service minted came back as a request. */
export const Reflected = named('reflected');
/** Wrong use of the library itself, or a fault inside or under it: `name` says which. */
export class DoorError extends OscarError {
  static oscarName = 'internal';
}

// By the number that the C door has for each.
const KINDS = [
  Malformed, Missing, Unsignable, UnknownAuthority, UnknownKey, BadMac, Stale, Replayed, GrantExpired, Revoked, BodyMismatch, Policy, Busy,
  Expired, NotYet, RawTargetHidden, BadGrant, WrongKind, WeakSecret, KidTaken, Reflected,
];
const DOOR = {
  64: 'pending', 65: 'bad_handle', 66: 'null_pointer', 67: 'short_buffer', 68: 'bad_packed', 69: 'too_many_handles', 70: 'store', 71: 'internal',
  72: 'handshake',
};

/** The names of the protocol's errors. */
export const NAMES = Object.freeze(KINDS.map((kind) => kind.oscarName));

/** The stable name of a status of the C door. */
export const nameOf = (status) => KINDS[status - 1]?.oscarName ?? DOOR[status] ?? 'internal';

/** The error of a status of the C door. */
export function errorOf(status, sentence, known) {
  const Kind = KINDS[status - 1];
  return Kind ? new Kind(sentence, known) : new DoorError(sentence, { ...known, name: nameOf(status) });
}

/** The error of a name, such as one that came over the wire; an unknown one is an OscarError. */
export function errorNamed(name, sentence, known) {
  const at = NAMES.indexOf(name);
  return at < 0 ? new OscarError(sentence, { ...known, name }) : new KINDS[at](sentence, known);
}
for (const Kind of KINDS) Object.defineProperty(Kind, 'name', { value: Kind.oscarName.replace(/(^|_)(.)/g, (_, _dash, letter) => letter.toUpperCase()) });
