/* vectors FILE...: judges every case of every file in the format of the vectors' README through the public C API.
 * Prints `FAIL <file>: <name>: got ..., want ...` per failing case, then the tally. Exit 1: a case failed; 2: a file can't be read. */
#include "vectors.h"

#include <stdio.h>

void broken(judged *of, const char *why) {
    of->why = why;
    longjmp(of->end, 1);
}

void *lend(judged *of, size_t size) {
    void *room = calloc(1, size ? size : 1);
    if (room == NULL || of->owned_len == sizeof of->owned / sizeof *of->owned) abort();
    of->owned[of->owned_len++] = room;
    return room;
}

static void give_back(judged *of) {
    while (of->owned_len > 0) free(of->owned[--of->owned_len]);
}

/* Members */

static json_t *member(judged *of, const char *name) {
    json_t *found = json_object_get(of->in, name);
    return json_is_null(found) ? NULL : found;
}

int given(judged *of, const char *name) { return member(of, name) != NULL; }

int64_t number(judged *of, const char *name, int64_t absent) {
    json_t *found = member(of, name);
    if (found == NULL) return absent;
    if (!json_is_integer(found)) broken(of, name);
    return (int64_t)json_integer_value(found);
}

int truth(judged *of, const char *name, int absent) {
    json_t *found = member(of, name);
    if (found == NULL) return absent;
    if (!json_is_boolean(found)) broken(of, name);
    return json_is_true(found);
}

oscar_slice slice(judged *of, const char *name) {
    oscar_slice text = {NULL, 0};
    json_t *found = member(of, name);
    if (found == NULL) return text;
    if (!json_is_string(found)) broken(of, name);
    text.data = json_string_value(found);
    text.len = json_string_length(found);
    return text;
}

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

oscar_slice unhexed(judged *of, const char *name) {
    oscar_slice text = slice(of, name), bytes = {NULL, 0};
    const char *digits = (const char *)text.data;
    uint8_t *room;
    size_t at;
    if (digits == NULL) return bytes;
    if (text.len % 2) broken(of, name);
    room = (uint8_t *)lend(of, text.len / 2);
    for (at = 0; at < text.len / 2; at++) {
        int high = digit(digits[2 * at]), low = digit(digits[2 * at + 1]);
        if (high < 0 || low < 0) broken(of, name);
        room[at] = (uint8_t)(high * 16 + low);
    }
    bytes.data = room;
    bytes.len = text.len / 2;
    return bytes;
}

const uint8_t *fixed(judged *of, const char *name, size_t len) {
    oscar_slice bytes = unhexed(of, name);
    if (bytes.len != len) broken(of, name);
    return (const uint8_t *)bytes.data;
}

void allow(judged *of, const char *members) {
    const char *name;
    json_t *value;
    json_object_foreach(of->in, name, value) {
        const char *at = members;
        size_t len = strlen(name);
        (void)value;
        while ((at = strstr(at, name)) != NULL && !((at == members || at[-1] == ' ') && (at[len] == ' ' || at[len] == 0))) at += len;
        if (at == NULL) broken(of, name);
    }
}

/* Results */

json_t *refused(oscar_status status) {
    const char *name = oscar_error_name(status);
    return json_pack("{s:s}", "error", name ? name : "unnamed");
}

json_t *hexed(const void *data, size_t len) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = (const uint8_t *)data;
    char *text = (char *)malloc(2 * len + 1);
    json_t *made;
    size_t at;
    if (text == NULL) abort();
    for (at = 0; at < len; at++) {
        text[2 * at] = digits[bytes[at] >> 4];
        text[2 * at + 1] = digits[bytes[at] & 15];
    }
    made = json_stringn(text, 2 * len);
    free(text);
    return made;
}

/* Judging */

static int same(json_t *got, json_t *want) {
    if (got == NULL || json_is_null(got)) return want == NULL || json_is_null(want);
    return json_equal(got, want);
}

static int is_error_name(json_t *name) {
    int32_t status = json_is_string(name) ? oscar_status_from_name(json_string_value(name)) : -1;
    return status >= 1 && status <= 21;
}

static int agrees(json_t *expect, json_t *got) {
    json_t *ok = json_object_get(expect, "ok"), *error = json_object_get(expect, "error"), *any = json_object_get(expect, "error_any_of");
    json_t *came = json_object_get(got, "error"), *value;
    const char *name;
    size_t index;
    if (json_is_object(ok)) {
        if (json_object_size(expect) != 1 || came != NULL) return 0;
        json_object_foreach(ok, name, value) {
            if (!same(json_object_get(got, name), value)) return 0;
        }
        return 1;
    }
    if (came == NULL || !is_error_name(came)) return 0;
    if (error != NULL && (any != NULL || !is_error_name(error) || !json_equal(error, came))) return 0;
    if (any != NULL) {
        int found = 0;
        json_array_foreach(any, index, value) {
            if (!is_error_name(value)) return 0;
            found |= json_equal(value, came);
        }
        if (!found) return 0;
    }
    if (error == NULL && any == NULL) return 0;
    json_object_foreach(expect, name, value) {
        if (strcmp(name, "error") != 0 && strcmp(name, "error_any_of") != 0 && !same(json_object_get(got, name), value)) return 0;
    }
    return 1;
}

static int settle(json_t *got, json_t *expect, json_t **shown) {
    int agreed = got != NULL && agrees(expect, got);
    if (!agreed) *shown = json_incref(got);
    json_decref(got);
    return agreed;
}

static int run_steps(sequence *on, judged *of, json_t *steps, json_t **shown, json_t **want) {
    size_t index;
    json_t *one;
    json_array_foreach(steps, index, one) {
        json_t *action = json_object_get(one, "do"), *got;
        of->in = json_object_get(one, "in");
        *want = json_object_get(one, "expect");
        if (!json_is_string(action) || !json_is_object(of->in) || !json_is_object(*want)) broken(of, "a step has do, in and expect");
        got = step(on, of, index, json_string_value(action));
        if (!settle(got, *want, shown)) return 0;
    }
    return 1;
}

/* 1 when the case passes; else what came and what was wanted. */
static int judge(json_t *one, json_t **shown, json_t **want, const char **why) {
    static judged of;
    sequence *volatile on = NULL;
    json_t *op = json_object_get(one, "op"), *refusal = NULL;
    volatile int passed = 0;
    memset(&of, 0, sizeof of);
    of.in = json_object_get(one, "in");
    *want = json_object_get(one, "expect");
    if (!json_is_string(op) || !json_is_object(of.in) || !json_is_object(*want)) {
        *why = "a case has op, in and expect";
        return 0;
    }
    if (setjmp(of.end) == 0) {
        const char *name = json_string_value(op);
        if (strcmp(name, "service") == 0 || strcmp(name, "client") == 0) {
            json_t *steps = json_object_get(of.in, "steps");
            on = construct(&of, name, &refusal);
            if (on == NULL) {
                passed = settle(refusal, *want, shown);
            } else {
                json_t *made = json_object();
                passed = settle(made, *want, shown) && run_steps(on, &of, steps, shown, want);
            }
        } else {
            json_t *got = operate(&of, name);
            if (got == NULL) broken(&of, "an unknown op");
            passed = settle(got, *want, shown);
        }
    } else {
        *why = of.why;
        passed = 0;
    }
    if (on != NULL) finish(on);
    give_back(&of);
    return passed;
}

static void show(json_t *value) {
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    fputs(text ? text : "null", stdout);
    free(text);
}

int main(int argc, char **argv) {
    size_t passed = 0, failed = 0, index;
    int file;
    if (argc < 2) {
        fprintf(stderr, "usage: vectors FILE...\n");
        return 2;
    }
    for (file = 1; file < argc; file++) {
        json_error_t fault;
        json_t *root = json_load_file(argv[file], JSON_ALLOW_NUL, &fault);
        json_t *cases = json_object_get(root, "cases"), *one;
        if (!json_is_array(cases)) {
            fprintf(stderr, "%s: %s\n", argv[file], root ? "has no cases" : fault.text);
            return 2;
        }
        json_array_foreach(cases, index, one) {
            json_t *shown = NULL, *want = NULL;
            const char *why = NULL, *name = json_string_value(json_object_get(one, "name"));
            if (judge(one, &shown, &want, &why)) {
                passed++;
                continue;
            }
            failed++;
            printf("FAIL %s: %s: got ", argv[file], name ? name : "?");
            if (why != NULL) printf("a case that can't be run (%s)", why);
            else show(shown);
            printf(", want ");
            show(want);
            printf("\n");
            json_decref(shown);
        }
        json_decref(root);
    }
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed ? 1 : 0;
}
