/* Delivery of alert rows to webhooks, chat and mail. An alert is claimed by a commit (a lease),
 * sent, and its fate committed: a copy is possible only when we die in between, with the same id
 * and bytes. Retries with backoff and Retry-After live in the rows; a host that keeps failing is
 * left alone for a while (breaker). */
#pragma once

#include "notifier/handler.h"

struct delivery;

struct delivery *delivery_new(const struct notifier_settings *settings, struct error *err);
void delivery_free(struct delivery *delivery);
/* Sends what is due, a few at a time. */
bool delivery_run(struct delivery *delivery, struct job *job, struct error *err) must_check;
/* Seconds until the next try after `attempts` tries: 5 s doubling to an hour, plus `jitter` of 0 to
 * 1 times a quarter. */
int64_t delivery_backoff_s(int64_t attempts, double jitter);
