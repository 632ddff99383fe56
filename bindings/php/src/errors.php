<?php

/** The errors of the protocol: one class for each name, the same names in every language. docs/errors.md tells cause and fix. */

declare(strict_types=1);

namespace Oscartoki\Errors;

use Oscartoki\OscarError;

/** Not in the one allowed form. */
final class Malformed extends OscarError
{
    public const NAME = 'malformed';
}

/** No toki where one is needed. */
final class Missing extends OscarError
{
    public const NAME = 'missing';
}

/** A field that cannot be signed. */
final class Unsignable extends OscarError
{
    public const NAME = 'unsignable';
}

/** A name that is not this service's. */
final class UnknownAuthority extends OscarError
{
    public const NAME = 'unknown_authority';
}

/** The key id is not held here. */
final class UnknownKey extends OscarError
{
    public const NAME = 'unknown_key';
}

/** Not authentic. */
final class BadMac extends OscarError
{
    public const NAME = 'bad_mac';
}

/** Outside the window, or at or below the floor. */
final class Stale extends OscarError
{
    public const NAME = 'stale';
}

/** Seen before. */
final class Replayed extends OscarError
{
    public const NAME = 'replayed';
}

/** The session is over. */
final class GrantExpired extends OscarError
{
    public const NAME = 'grant_expired';
}

/** The key, the session or its issue time is revoked. */
final class Revoked extends OscarError
{
    public const NAME = 'revoked';
}

/** The content is not what was signed. */
final class BodyMismatch extends OscarError
{
    public const NAME = 'body_mismatch';
}

/** Authentic, but not allowed here. */
final class Policy extends OscarError
{
    public const NAME = 'policy';
}

/** Could not be remembered: try later. */
final class Busy extends OscarError
{
    public const NAME = 'busy';
}

/** A message or URL past its end. */
final class Expired extends OscarError
{
    public const NAME = 'expired';
}

/** A message from more than 300 seconds ahead. */
final class NotYet extends OscarError
{
    public const NAME = 'not_yet';
}

/** The framework does not show the raw request target, or PHP has taken the raw body; the sentence names the fix. */
final class RawTargetHidden extends OscarError
{
    public const NAME = 'raw_target_hidden';
}

/** The answer stands, its grant is not ours. */
final class BadGrant extends OscarError
{
    public const NAME = 'bad_grant';
}

/** A key text in another's place. */
final class WrongKind extends OscarError
{
    public const NAME = 'wrong_kind';
}

/** Key material is too weak. */
final class WeakSecret extends OscarError
{
    public const NAME = 'weak_secret';
}

/** Another key stands under this kid. */
final class KidTaken extends OscarError
{
    public const NAME = 'kid_taken';
}

/** OscarToki v1: a core that this service minted came back as a request. */
final class Reflected extends OscarError
{
    public const NAME = 'reflected';
}

/** Wrong use of the library itself, a file that can't be used, or a fault inside: `errorName` says which. */
final class DoorError extends OscarError
{
    public const NAME = 'internal';
}
