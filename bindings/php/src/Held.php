<?php

declare(strict_types=1);

namespace Oscartoki;

/**
 * Key material as text, kept where no dump of its object finds it: `var_dump`, `var_export`, a cast or a serializer sees nothing.
 *
 * @internal
 */
abstract class Held
{
    /** @var ?\WeakMap<Held, string> */
    private static ?\WeakMap $texts = null;

    final protected function keep(#[\SensitiveParameter] string $text): void
    {
        self::$texts ??= new \WeakMap();
        self::$texts[$this] = $text;
    }

    final protected static function of(#[\SensitiveParameter] string $text): static
    {
        $made = (new \ReflectionClass(static::class))->newInstanceWithoutConstructor();
        $made->keep($text);
        return $made;
    }

    /** The key material itself, for a file of mode 0600. */
    final public function toText(): string
    {
        return self::$texts[$this];
    }

    /** Key material is handed over by a file, never by a serializer. */
    final public function __serialize(): array
    {
        throw new \LogicException(static::class . ' is key material and is not serialized: hand its text over by a file of mode 0600');
    }

    final public function __unserialize(array $data): void
    {
        throw new \LogicException(static::class . ' is key material and is not unserialized');
    }

    private function __clone() {}
}
