#include <string.h>

#include "notifier/channels/channel.h"
#include "notifier/delivery.h"
#include "notifier/render.h"
#include "test.h"

TEST(waits_double_to_an_hour)
{
    assert_int_equal(delivery_backoff_s(1, 0), 5);
    assert_int_equal(delivery_backoff_s(2, 0), 10);
    assert_int_equal(delivery_backoff_s(9, 0), 1280);
    assert_int_equal(delivery_backoff_s(500, 0), 3600);
    assert_int_equal(delivery_backoff_s(1, 1), 6);
}

/* printf 'm1.1700000000.{}' | openssl dgst -sha256 -hmac KEY -binary | base64 */
TEST(webhooks_are_signed_over_id_time_and_body)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    assert_string_equal(webhook_signature(arena, "s3cret", "m1", "1700000000", "{}"),
                        "v1,AAFATTpaBmWkR0SxkBqJcV7VG2nJnv3BFp9nwBd87PI=");
    /* whsec_: the key is what the rest decodes to */
    assert_string_equal(webhook_signature(arena, "whsec_czNjcmV0MQ==", "m1", "1700000000", "{}"),
                        "v1,TsLDn6d9CiXFz2K2Pfxi3LqeP3g/oXZYxIMxa/7HkVY=");
}

static const char alert[] =
    "{\"title\":\"demo is\\npatched\",\"team\":\"a\",\"severity\":\"high\",\"details\":{"
    "\"packages\":[{\"name\":\"openssl\",\"old\":\"1\",\"new\":\"2\"}],"
    "\"fixed\":[{\"vulnerability\":\"CVE-2026-1\",\"severity\":\"high\"},\"CVE-2026-2\"],"
    "\"bytes\":1048576,\"approve\":{\"command\":\"resole patches approve 1\"}}}";

TEST(an_alert_reads_as_text)
{
    struct buf out scoped(buf_release) = {0};
    struct error err = {0};
    assert_true(render_text(slice_of(alert), 10000, &out, &err));
    assert_string_equal(buf_text(&out), "demo is patched\nTeam: a\nSeverity: high\nSize: 1.0 MiB\n"
                                        "Packages:\n  openssl 1 → 2\nFixes (2):\n"
                                        "  CVE-2026-1, high\n  CVE-2026-2\n"
                                        "To approve: resole patches approve 1\n");
}

TEST(a_long_alert_is_cut_at_a_line)
{
    struct buf out scoped(buf_release) = {0};
    struct error err = {0};
    assert_true(render_text(slice_of(alert), 90, &out, &err));
    assert_true(out.length <= 90);
    assert_non_null(strstr(buf_text(&out), "shortened"));
    assert_non_null(strstr(buf_text(&out), "demo is patched\n"));
}

TEST(what_is_no_alert_is_refused)
{
    struct buf out scoped(buf_release) = {0};
    struct error err = {0};
    assert_false(render_text(slice_of("[]"), 100, &out, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_false(render_title(slice_of("{"), &out, &err));
}

TEST(base64_has_lines)
{
    struct buf out scoped(buf_release) = {0};
    render_base64(slice_of("abcdefg"), 4, &out);
    assert_string_equal(buf_text(&out), "YWJj\r\nZGVm\r\nZw==\r\n");
    buf_clear(&out);
    render_base64(slice_of("abcdefg"), 0, &out);
    assert_string_equal(buf_text(&out), "YWJjZGVmZw==");
}
