#include "cli/markup.h"

void markup_put(struct buf *out, const char *text)
{
    bool utf8 = slice_is_utf8(slice_of(text));
    for (; text && *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '&')
            buf_put_text(out, "&amp;");
        else if (c == '<')
            buf_put_text(out, "&lt;");
        else if (c == '>')
            buf_put_text(out, "&gt;");
        else if (c == '"')
            buf_put_text(out, "&quot;");
        else if (c == '\n' || c == '\t')
            buf_printf(out, "&#%d;", c);
        else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
            buf_put_byte(out, '?');
        else
            buf_put_byte(out, (char)c);
    }
}

void markup_attribute(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, " %s=\"", name);
    markup_put(out, text);
    buf_put_byte(out, '"');
}
