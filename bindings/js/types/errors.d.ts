/** What is known of the request that an error ended. */
export interface Known {
  name?: string;
  mayHaveRun?: boolean | null;
  signed?: boolean;
  status?: number | null;
  cause?: unknown;
}

/** What this protocol refuses. `name` is stable; on a client `mayHaveRun`, `signed` and `status` say what is known of the request. */
export class OscarError extends Error {
  constructor(sentence?: string, known?: Known);
  name: string;
  /** A client's: false only where it is certain that the request had no effect; null outside of a call. */
  mayHaveRun: boolean | null;
  /** A client's: whether the answer was authentic. */
  signed: boolean;
  /** The HTTP status: of the answer that a client got, or the one that a service refuses with. */
  status: number | null;
}
export class Malformed extends OscarError {}
export class Missing extends OscarError {}
export class Unsignable extends OscarError {}
export class UnknownAuthority extends OscarError {}
export class UnknownKey extends OscarError {}
export class BadMac extends OscarError {}
export class Stale extends OscarError {}
export class Replayed extends OscarError {}
export class GrantExpired extends OscarError {}
export class Revoked extends OscarError {}
export class BodyMismatch extends OscarError {}
export class Policy extends OscarError {}
export class Busy extends OscarError {}
export class Expired extends OscarError {}
export class NotYet extends OscarError {}
export class RawTargetHidden extends OscarError {}
export class BadGrant extends OscarError {}
export class WrongKind extends OscarError {}
export class WeakSecret extends OscarError {}
export class KidTaken extends OscarError {}
export class Reflected extends OscarError {}
export class DoorError extends OscarError {}
/** The names of the protocol's errors. */
export const NAMES: readonly string[];
