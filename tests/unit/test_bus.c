/* The bus against librdkafka's mock cluster: one cluster for all tests of this program. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "service/bus.h"
#include "test.h"

enum { DEADLINE_MS = 120000 };

static rd_kafka_mock_cluster_t *cluster;

static struct bus *open_bus(void)
{
    static rd_kafka_t *owner;
    static struct bus_settings settings = {.prefix = "t.", .session_ms = 6000};
    struct error err = {0};
    char text[200];
    if (!cluster) {
        owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
        cluster = rd_kafka_mock_cluster_new(owner, 1);
        settings.brokers = rd_kafka_mock_cluster_bootstraps(cluster);
        rd_kafka_mock_topic_create(cluster, "t.layer.fetched.v1", 3, 1);
        rd_kafka_mock_topic_create(cluster, "t.layer.fetched.bulk.v1", 3, 1);
    }
    struct bus *bus = bus_open(&settings, "test", &err);
    assert_non_null(bus);
    return bus;
}

static void publish(struct bus *bus, const char *id, bool bulk)
{
    struct error err = {0};
    struct bus_record record = {
        .topic = "layer.fetched",
        .bulk = bulk,
        .key = "k",
        .value = slice_of("{\"digest\":\"d\"}"),
        .envelope = {.id = id, .source = "test", .type = "resole.layer.fetched.v1"},
    };
    assert_true(bus_publish(bus, &record, 1, DEADLINE_MS, &err));
    assert_int_equal(record.state, BUS_DELIVERED);
}

/* The next message, or NULL after the deadline. */
static struct bus_message *next(struct bus_consumer *consumer)
{
    struct error err = {0};
    struct bus_message *message = NULL;
    int64_t until = clock_monotonic_ms() + DEADLINE_MS;
    while (!message && clock_monotonic_ms() < until)
        assert_true(bus_poll(consumer, 100, false, &message, &err));
    return message;
}

static struct bus_consumer *hear(struct bus *bus, const char *group, bool bulk)
{
    static const struct topic *const heard[] = {&topic_layer_fetched, &topic_alert_patch};
    struct error err = {0};
    struct bus_consumer *consumer = bus_subscribe(bus, group, heard, bulk ? 2 : 1, bulk, &err);
    assert_non_null(consumer);
    return consumer;
}

TEST(names_of_topics)
{
    struct arena *arena = arena_new();
    assert_string_equal(bus_topic_name(arena, "resole.", "image.pushed", false),
                        "resole.image.pushed.v1");
    assert_string_equal(bus_topic_name(arena, "x-", "image.pushed", true),
                        "x-image.pushed.bulk.v1");
    arena_free(arena);
}

TEST(what_is_published_is_heard_with_its_envelope_and_comes_again_until_its_offset_is_stored)
{
    struct bus *bus = open_bus();
    struct arena *arena = arena_new();
    struct envelope envelope = {0};
    struct error err = {0};
    publish(bus, "one", false);
    struct bus_consumer *consumer = hear(bus, "g1", false);
    struct bus_message *message = next(consumer);
    assert_non_null(message);
    assert_true(bus_has_joined(consumer));
    assert_ptr_equal(message->topic, &topic_layer_fetched);
    assert_false(message->bulk);
    assert_true(slice_is(message->key, "k"));
    assert_true(slice_is(message->value, "{\"digest\":\"d\"}"));
    assert_true(envelope_decode(arena, message->headers, message->header_count, &envelope, &err));
    assert_string_equal(envelope.id, "one");
    bus_message_done(consumer, message, false);
    bus_unsubscribe(consumer); /* nothing stored */
    consumer = hear(bus, "g1", false);
    message = next(consumer);
    assert_non_null(message);
    int64_t offset = message->offset;
    bus_message_done(consumer, message, true);
    bus_unsubscribe(consumer); /* commits what was stored */
    publish(bus, "two", false);
    consumer = hear(bus, "g1", false);
    message = next(consumer);
    assert_non_null(message);
    assert_int_equal(message->offset, offset + 1);
    bus_message_done(consumer, message, true);
    bus_unsubscribe(consumer);
    arena_free(arena);
    bus_close(bus);
}

TEST(lanes_are_apart)
{
    struct bus *bus = open_bus();
    publish(bus, "bulk", true);
    struct bus_consumer *consumer = hear(bus, "g2", true);
    struct bus_message *message = next(consumer);
    assert_non_null(message);
    assert_true(message->bulk);
    assert_string_equal(message->full_topic, "t.layer.fetched.bulk.v1");
    bus_message_done(consumer, message, true);
    bus_unsubscribe(consumer);
    bus_close(bus);
}

TEST(while_held_nothing_comes_and_afterwards_nothing_is_lost)
{
    struct bus *bus = open_bus();
    struct error err = {0};
    struct bus_message *message = NULL;
    struct bus_consumer *consumer = hear(bus, "g3", false);
    publish(bus, "a", false);
    message = next(consumer);
    assert_non_null(message);
    bus_message_done(consumer, message, true);
    publish(bus, "held", false);
    struct bus_message *slipped = NULL; /* one already on its way may still come out */
    for (int i = 0; i < 10; i++) {
        assert_true(bus_poll(consumer, 50, true, &message, &err));
        assert_true(!message || !slipped);
        slipped = message ? message : slipped;
    }
    struct arena *arena = arena_new();
    struct envelope envelope = {0};
    while (!envelope.id || strcmp(envelope.id, "held") != 0) {
        message = slipped ? slipped : next(consumer);
        slipped = NULL;
        assert_non_null(message);
        assert_true(
            envelope_decode(arena, message->headers, message->header_count, &envelope, &err));
        bus_message_done(consumer, message, true);
    }
    arena_free(arena);
    bus_unsubscribe(consumer);
    bus_close(bus);
}

TEST(a_broker_that_refuses_for_a_while_gets_the_message_in_the_end)
{
    struct bus *bus = open_bus();
    publish(bus, "before", false);
    rd_kafka_mock_push_request_errors(cluster, 0 /* Produce */, 2,
                                      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    publish(bus, "after", false);
    bus_close(bus);
}

TEST(an_unreachable_broker_is_an_outside_cause)
{
    const struct bus_settings settings = {
        .brokers = "127.0.0.1:1", .prefix = "t.", .session_ms = 6000};
    struct error err = {0};
    struct bus *bus = bus_open(&settings, "test", &err);
    struct bus_record record = {
        .topic = "layer.fetched", .key = "k", .value = slice_of("{}"), .envelope = {.id = "x"}};
    assert_non_null(bus);
    assert_false(bus_publish(bus, &record, 1, 200, &err));
    assert_int_equal(record.state, BUS_FAILED);
    assert_int_equal(err.kind, ERROR_RETRY);
    assert_true(err.outside);
    bus_close(bus);
}
