#include "advisory/xml_events.h"

#include <expat.h>

#include "base/buf.h"

enum { XML_DEPTH = 64, XML_TEXT_BYTES = 1024 * 1024, XML_CHUNK = 65536 };

struct walk {
    const struct xml_events *events;
    XML_Parser parser;
    struct buf text;          /* of every open element, one after the other */
    size_t starts[XML_DEPTH]; /* where the open elements' texts begin */
    size_t depth;
    struct error *err;
    bool failed;
};

static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

const char *xml_attribute(const char *const *attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (strcmp(local(attributes[0]), name) == 0)
            return attributes[1];
    return "";
}

static void stop(struct walk *walk)
{
    walk->failed = true;
    XML_StopParser(walk->parser, XML_FALSE);
}

static void refuse(struct walk *walk, const char *what)
{
    error_fill(walk->err, ERROR_INPUT, "line %lu: %s",
               (unsigned long)XML_GetCurrentLineNumber(walk->parser), what);
    stop(walk);
}

static void on_begin(void *context, const char *name, const char **attributes)
{
    struct walk *walk = context;
    if (walk->failed)
        return;
    if (walk->depth == XML_DEPTH) {
        refuse(walk, "elements too deep");
        return;
    }
    walk->starts[walk->depth++] = walk->text.length;
    if (!walk->events->begin(walk->events->context, local(name),
                             (const char *const *)(uintptr_t)attributes, walk->err))
        stop(walk);
}

static void on_end(void *context, const char *name)
{
    struct walk *walk = context;
    if (walk->failed)
        return;
    size_t from = walk->starts[--walk->depth];
    struct slice text = {buf_text(&walk->text) + from, walk->text.length - from};
    if (!walk->events->end(walk->events->context, local(name), slice_trim(text), walk->err)) {
        stop(walk);
        return;
    }
    walk->text.length = from;
}

static void on_text(void *context, const char *text, int length)
{
    struct walk *walk = context;
    if (walk->failed)
        return;
    if (walk->text.length + (size_t)length > XML_TEXT_BYTES)
        refuse(walk, "more than a megabyte of text in one element");
    else
        buf_put(&walk->text, text, (size_t)length);
}

static void on_entity(void *context, const char *name, int parameter, const char *value, int length,
                      const char *base, const char *system, const char *public,
                      const char *notation)
{
    (void)name, (void)parameter, (void)value, (void)length;
    (void)base, (void)system, (void)public, (void)notation;
    refuse(context, "declares an entity");
}

static bool feed_parser(struct walk *walk, struct feed_stream *in, struct error *err)
{
    for (bool last = false; !last;) {
        void *chunk = XML_GetBuffer(walk->parser, XML_CHUNK);
        if (!chunk)
            abort();
        long got = in->read(in->context, chunk, XML_CHUNK, err);
        if (got < 0)
            return false;
        last = got == 0;
        if (XML_ParseBuffer(walk->parser, (int)got, last) == XML_STATUS_OK)
            continue;
        if (!walk->failed)
            error_fill(err, ERROR_INPUT, "malformed XML, line %lu: %s",
                       (unsigned long)XML_GetCurrentLineNumber(walk->parser),
                       XML_ErrorString(XML_GetErrorCode(walk->parser)));
        return false;
    }
    return true;
}

bool xml_events_run(struct feed_stream *in, const struct xml_events *events, struct error *err)
{
    struct walk walk = {.events = events, .err = err};
    walk.parser = XML_ParserCreate(NULL);
    if (!walk.parser)
        abort();
    XML_SetUserData(walk.parser, &walk);
    XML_SetElementHandler(walk.parser, on_begin, on_end);
    XML_SetCharacterDataHandler(walk.parser, on_text);
    XML_SetEntityDeclHandler(walk.parser, on_entity);
    bool ok = feed_parser(&walk, in, err);
    XML_ParserFree(walk.parser);
    buf_release(&walk.text);
    return ok;
}
