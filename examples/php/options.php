<?php

declare(strict_types=1);

/**
 * A command line: `$spec` says of each option whether it takes a value (`'one'`), takes one each time (`'many'`) or is a word (`'flag'`).
 *
 * @param list<string> $arguments
 * @param array<string, 'one'|'many'|'flag'> $spec
 * @return array{array<string, mixed>, list<string>} the options, and what is none; exits with 2 when it can't be read
 */
function options(array $arguments, array $spec, string $usage): array
{
    $given = array_map(static fn (string $kind): mixed => ['one' => null, 'many' => [], 'flag' => false][$kind], $spec);
    $rest = [];
    while ($arguments !== []) {
        $argument = array_shift($arguments);
        [$name, $value] = explode('=', $argument, 2) + [1 => null];
        if (!isset($spec[$name])) {
            [$name, $value] = [$argument, null];
        }
        if (in_array($argument, ['-h', '--help'], true)) {
            echo $usage;
            exit(0);
        }
        if (!isset($spec[$name])) {
            if (str_starts_with($argument, '-')) {
                fwrite(STDERR, "unknown option $argument\n$usage");
                exit(2);
            }
            $rest[] = $argument;
            continue;
        }
        if ($spec[$name] === 'flag') {
            $given[$name] = true;
            continue;
        }
        $value ??= array_shift($arguments);
        if ($value === null) {
            fwrite(STDERR, "$argument needs a value\n$usage");
            exit(2);
        }
        $spec[$name] === 'many' ? $given[$name][] = $value : $given[$name] = $value;
    }
    return [$given, $rest];
}

/** The names in a list with commas. */
function names(?string $list): array
{
    return array_values(array_filter(array_map(trim(...), explode(',', (string) $list)), strlen(...)));
}
