<?php

declare(strict_types=1);

namespace Oscartoki;

/** The native library can't be used here; the sentence says why and what to do. */
final class LibraryError extends \RuntimeException {}
