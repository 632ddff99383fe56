/* The runner's view of a case: what goes in, and what comes out of the public C API. */
#ifndef VECTORS_H
#define VECTORS_H

#include <jansson.h>
#include <setjmp.h>

#include "oscartoki.h"

/* One case under judgement. A member of the wrong type, an unknown op or member ends it by `broken`. */
typedef struct judged {
    json_t *in;
    jmp_buf end;
    const char *why;   /* of a case that broke */
    void *owned[1024]; /* freed at the end of the case */
    size_t owned_len;
} judged;

/* Ends the case as failing. */
_Noreturn void broken(judged *of, const char *why);
/* Memory that lives as long as the case. */
void *lend(judged *of, size_t size);

/* The members of `in`. Absent and null are both "not given". */
int given(judged *of, const char *member);
int64_t number(judged *of, const char *member, int64_t absent);
int truth(judged *of, const char *member, int absent);
oscar_slice slice(judged *of, const char *member);  /* text; data is null when it is not given */
oscar_slice unhexed(judged *of, const char *member); /* bytes of a …_hex member */
const uint8_t *fixed(judged *of, const char *member, size_t len);

/* Results: the members of `ok`, or an error, beside which other members may stand. */
json_t *refused(oscar_status status);
json_t *hexed(const void *data, size_t len);

/* An operation: its result, or null for an op that nobody knows. */
json_t *operate(judged *of, const char *op);
/* A construction that worked has steps. */
typedef struct sequence sequence;
sequence *construct(judged *of, const char *op, json_t **refusal);
json_t *step(sequence *on, judged *of, size_t index, const char *action);
void finish(sequence *on);

/* Shared by both: a key, a request, an answer, a verifier's step. */
oscar_status key_text(judged *of, char out[OSCAR_AUDIENCE_KEY_MAX_LEN]);
oscar_slice audience_of(judged *of, char room[OSCAR_AUTHORITY_MAX_LEN]);
oscar_request request_of(judged *of);
oscar_answer answer_of(judged *of);
json_t *verify_step(judged *of, oscar_handle service);
json_t *ticket_step(judged *of, oscar_handle service);
json_t *message_step(judged *of, oscar_handle service);
json_t *url_step(judged *of, oscar_handle service);
/* Fails the case over a member that is not in this list of words. */
void allow(judged *of, const char *members);

#define KEY "secret_hex audience_key audience generation "
#define REQUEST "method authority target ext_hex body_hex body_sha256_hex "
#define ANSWER "status grant ext_hex body_hex body_sha256_hex "
#define MESSAGE "destination type ext_hex body_hex body_sha256_hex "

#endif
