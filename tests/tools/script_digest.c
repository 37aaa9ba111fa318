/* Prints what script_review says of maintainer scripts: the reviewer's tool.
 * usage: script_digest PACKAGE KIND FILE … */
#include <stdio.h>
#include <string.h>

#include "base/stream.h"
#include "patch/script.h"

int main(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};

    for (int i = 1; i + 2 < argc; i += 3) {
        enum script_kind kind;
        struct script_review review;
        struct buf text scoped(buf_release) = {0};
        FILE *file = fopen(argv[i + 2], "rb");
        if (!file || !script_kind_find(argv[i + 1], &kind))
            return 2;
        struct stream *stream scoped(stream_scope_close) = stream_of_fd(fileno(file), false);
        if (!stream_read_all(stream, 1 << 24, &text, &err))
            return 3;
        fclose(file);
        script_review(arena, argv[i], kind, buf_slice(&text), &review);
        printf("%s\t%s\t%s\t%s\t%s\n", argv[i], argv[i + 1], review.known ? "known" : "unknown",
               review.digest, review.why ? review.why : "");
    }
    return 0;
}
