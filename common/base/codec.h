/* JSON at the edge: one field table per struct drives decoding, encoding and caps. Errors name the
 * field: "layer.fetched: bytes: not a number". Texts land in the arena; unset texts are NULL, unset
 * lists empty. Numbers are whole. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

struct text_list {
    const char **items;
    size_t count;
};

struct i64_list {
    int64_t *items;
    size_t count;
};

/* Any JSON value, kept as its compact text; NULL when absent. */
struct json_text {
    const char *text;
};

enum field_kind {
    FIELD_TEXT,  /* const char * */
    FIELD_I64,   /* int64_t */
    FIELD_BOOL,  /* bool */
    FIELD_TEXTS, /* struct text_list */
    FIELD_I64S,  /* struct i64_list */
    FIELD_JSON,  /* struct json_text */
};

enum { FIELD_TEXT_MOST = 2048, FIELD_LIST_MOST = 4096 };

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    bool required;
    size_t most;      /* longest text / list; 0: the defaults above */
    const char *help; /* for the schemas */
};

#define field_kind_of(type, member)                                                                \
    _Generic(((type *)0)->member,                                                                  \
             const char *: FIELD_TEXT,                                                             \
             int64_t: FIELD_I64,                                                                   \
             bool: FIELD_BOOL,                                                                     \
             struct text_list: FIELD_TEXTS,                                                        \
             struct i64_list: FIELD_I64S,                                                          \
             struct json_text: FIELD_JSON)
/* A row whose kind follows from the member's type. */
#define FIELD(type, member, must, about)                                                           \
    {                                                                                              \
        .name = #member, .kind = field_kind_of(type, member), .offset = offsetof(type, member),    \
        .required = (must), .help = (about)                                                        \
    }

enum codec_unknown { CODEC_IGNORE_UNKNOWN, CODEC_REFUSE_UNKNOWN };

/* what: names the value in errors. out must be zeroed by the caller. ERROR_INPUT when it does not
 * fit. */
bool codec_decode(const char *what, const struct field *fields, size_t count,
                  enum codec_unknown unknown, struct slice json, struct arena *arena, void *out,
                  struct error *err) must_check;
/* One object, fields in table order; NULL texts and absent JSON are left out, empty lists too
 * unless required. */
void codec_encode(const struct field *fields, size_t count, const void *in, struct buf *out);
