#!/usr/bin/env bash
# Prints the public names of the built package, one a line, by reflection: Noun.member, functions, options, error.Name. For scripts/names.
source "$(dirname "$0")/../../scripts/lib.sh"
"$ROOT/bindings/php/build.sh" >/dev/null
exec php -- "$STATE/php/app/vendor/autoload.php" <<'PHP'
<?php

declare(strict_types=1);

require $argv[1];
$package = dirname($argv[1]) . '/oscartoki/oscartoki/src';

/** Where a class is told: its folder before its name, as the list has it. */
function noun(string $class): string
{
    return strtr(substr($class, strlen('Oscartoki\\')), ['V1\\' => 'v1.', 'Tcx\\' => 'tcx.', 'Socktopus\\' => 'socktopus.', 'Hazmat' => 'hazmat', 'Errors\\' => 'error.', '\\' => '.']);
}

function isPublic(ReflectionMethod|ReflectionProperty|ReflectionClass|ReflectionFunction $made): bool
{
    return !str_contains((string) $made->getDocComment(), '@internal');
}

function options(string $noun, ReflectionFunctionAbstract ...$calls): void
{
    foreach ($calls as $call) {
        foreach ($call->getParameters() as $parameter) {
            $parameter->isOptional() && print("$noun.{$parameter->getName()}\n");
        }
    }
}

foreach (['', 'V1/', 'Tcx/', 'Socktopus/', 'Http/'] as $folder) {
    foreach (glob("$package/$folder*.php") as $file) {
        $name = 'Oscartoki\\' . strtr($folder, '/', '\\') . basename($file, '.php');
        if (!ctype_upper(basename($file)[0]) || in_array($name, ['Oscartoki\Http\Middleware', 'Oscartoki\Http\SignedClient', 'Oscartoki\Http\Text'], true)) {
            continue;
        }
        $class = interface_exists($name) ? null : new ReflectionClass($name);
        if ($class === null || !isPublic($class)) {
            continue;
        }
        echo noun($name), "\n";
        foreach ([...$class->getMethods(ReflectionMethod::IS_PUBLIC), ...$class->getProperties(ReflectionProperty::IS_PUBLIC)] as $member) {
            if (isPublic($member) && !str_starts_with($member->getName(), '__') && str_starts_with($member->class, 'Oscartoki\\')) {
                echo noun($name), ".{$member->getName()}\n";
            }
        }
    }
}
foreach (get_defined_functions()['user'] as $name) {
    $function = new ReflectionFunction($name);
    if (str_starts_with($function->getName(), 'Oscartoki\\') && isPublic($function)) {
        echo noun($function->getName()), "\n";
    }
}
options('ClientOptions', new ReflectionMethod(Oscartoki\Client::class, '__construct'));
options('CallOptions', new ReflectionMethod(Oscartoki\Client::class, 'call'), new ReflectionMethod(Oscartoki\Client::class, 'sign'));
options('ServiceOptions', new ReflectionMethod(Oscartoki\Service::class, '__construct'));
options('MemoryReplayLogOptions', new ReflectionMethod(Oscartoki\MemoryReplayLog::class, '__construct'));
// A class of key material is made from its text.
foreach ([Oscartoki\Secret::class, Oscartoki\AudienceKey::class, Oscartoki\Session::class] as $held) {
    [$text] = (new ReflectionMethod($held, '__construct'))->getParameters();
    echo noun($held), $text->getName() === 'text' ? ".fromText\n" : "\n";
}
class_exists(Oscartoki\Errors\Malformed::class);
foreach (get_declared_classes() as $class) {
    is_subclass_of($class, Oscartoki\OscarError::class) && print(noun($class) . "\n");
}
PHP
