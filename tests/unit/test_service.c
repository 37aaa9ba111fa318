#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/db.h"
#include "service/http_server.h"
#include "service/metrics.h"
#include "service/worker_internal.h"
#include "test.h"

TEST(a_breaker_opens_after_five_failures_and_closes_with_a_success)
{
    struct breaker breaker = {0};
    for (int i = 0; i < 4; i++)
        breaker_failed(&breaker, "a.example", 1000);
    assert_int_equal(breaker_wait_ms(&breaker, "a.example", 1000), 0);
    breaker_failed(&breaker, "a.example", 1000);
    assert_int_equal(breaker_wait_ms(&breaker, "a.example", 1000), 5000);
    assert_int_equal(breaker_wait_ms(&breaker, "b.example", 1000), 0);
    assert_int_equal(breaker_wait_ms(&breaker, "a.example", 6000), 0); /* one try is let through */
    breaker_failed(&breaker, "a.example", 6000);
    assert_int_equal(breaker_wait_ms(&breaker, "a.example", 6000), 10000);
    for (int i = 0; i < 30; i++)
        breaker_failed(&breaker, "a.example", 6000);
    assert_int_equal(breaker_wait_ms(&breaker, "a.example", 6000), 300000); /* capped */
    breaker_succeeded(&breaker, "a.example");
    assert_int_equal(breaker_wait_ms(&breaker, "a.example", 6000), 0);
}

TEST(a_breaker_forgets_the_least_bad_host_when_it_is_full)
{
    struct breaker breaker = {0};
    char host[32];
    for (int i = 0; i < 5; i++)
        breaker_failed(&breaker, "worst.example", 0);
    for (int i = 0; i < 2 * BREAKER_HOSTS_MOST; i++) {
        snprintf(host, sizeof(host), "h%d.example", i);
        breaker_failed(&breaker, host, 0);
    }
    assert_true(breaker_wait_ms(&breaker, "worst.example", 0) > 0);
    breaker_failed(&breaker, "", 0); /* no host is no host */
    assert_int_equal(breaker_wait_ms(&breaker, "", 0), 0);
}

TEST(metrics_are_printed_in_groups)
{
    struct buf out scoped(buf_release) = {0};
    metric_add(metric_counter("test_total", "A test.", "lane=\"a\""), 2);
    metric_set(metric_gauge("test_between", "Another.", NULL), -7);
    metric_add(metric_counter("test_total", "A test.", "lane=\"b\""), 1);
    metric_add(metric_counter("test_total", "A test.", "lane=\"a\""), 1);
    metric_observe_ms(metric_histogram("test_seconds", "Time.", NULL), 30);
    metric_observe_ms(metric_histogram("test_seconds", "Time.", NULL), 4000000);
    assert_int_equal(metric_value(metric_counter("test_total", "", "lane=\"a\"")), 3);
    metrics_print(&out);
    assert_non_null(strstr(buf_text(&out), "# HELP test_total A test.\n# TYPE test_total counter\n"
                                           "test_total{lane=\"a\"} 3\ntest_total{lane=\"b\"} 1\n"));
    assert_non_null(strstr(buf_text(&out), "# TYPE test_between gauge\ntest_between -7\n"));
    assert_non_null(strstr(buf_text(&out), "test_seconds_bucket{le=\"0.025\"} 0\n"
                                           "test_seconds_bucket{le=\"0.1\"} 1\n"));
    assert_non_null(strstr(buf_text(&out), "test_seconds_bucket{le=\"3600\"} 1\n"
                                           "test_seconds_bucket{le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(buf_text(&out), "test_seconds_count{} 2\n"));
}

static void answer(struct http_incoming *request, struct http_answer *out, void *context)
{
    (void)context;
    if (strcmp(request->path, "/echo") == 0) {
        const char *name = http_query(request, "name");
        http_answer_text(out, 200,
                         arena_printf(request->arena, "%s %s %.*s", request->method,
                                      name ? name : "-", (int)request->body.length,
                                      request->body.data ? request->body.data : ""));
        http_answer_header(out, "X-Seen", http_incoming_header(request, "x-sent"));
    } else {
        http_answer_problem(request, out, 404, "Not Found", "no \"such\" path");
    }
}

/* One request over a plain socket; the whole answer. */
static void ask(int port, const char *request, char *out, size_t size)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t length = 0;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    for (ssize_t n; length + 1 < size && (n = read(fd, out + length, size - 1 - length)) > 0;)
        length += (size_t)n;
    out[length] = '\0';
    close(fd);
}

TEST(the_server_answers_caps_and_tells_problems)
{
    char text[4096];
    struct error err = {0};
    const struct http_server_options options = {.answer = answer, .body_most = 16, .threads = 2};
    struct http_server *server = http_server_open(&options, &err);
    assert_non_null(server);
    int port = http_server_port(server);
    assert_true(port > 0);
    ask(port,
        "POST /echo?name=a%20b HTTP/1.1\r\nHost: h\r\nX-Sent: yes\r\nContent-Length: "
        "5\r\nConnection: close\r\n\r\nhello",
        text, sizeof(text));
    assert_non_null(strstr(text, "HTTP/1.1 200"));
    assert_non_null(strstr(text, "POST a b hello"));
    assert_non_null(strstr(text, "X-Seen: yes"));
    ask(port,
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\nConnection: "
        "close\r\n\r\n12345678901234567",
        text, sizeof(text));
    assert_non_null(strstr(text, "HTTP/1.1 413"));
    ask(port, "GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", text, sizeof(text));
    assert_non_null(strstr(text, "HTTP/1.1 404"));
    assert_non_null(strstr(text, "application/problem+json"));
    assert_non_null(strstr(text, "\"detail\":\"no \\\"such\\\" path\""));
    const struct http_server_options taken = {.answer = answer, .port = port};
    assert_null(http_server_open(&taken, &err));
    assert_int_equal(err.kind, ERROR_FATAL);
    assert_non_null(strstr(err.text, "taken"));
    http_server_close(server);
}

TEST(a_database_that_is_not_there_is_an_outside_cause)
{
    struct error err = {0};
    assert_null(db_open("host=/nonexistent user=nobody dbname=none", "test", &err));
    assert_int_equal(err.kind, ERROR_RETRY);
    assert_true(err.outside);
    assert_non_null(strstr(err.text, "database: connect"));
}
