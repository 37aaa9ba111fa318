/* The notifier: decides who must know, once, and delivers. Who: the teams whose applications run an
 * image, or whose images stand on it. What: a fact (application, kind, family, episode); an alert
 * is a fact for a destination, its row and id committed before the first send. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "service/worker.h"

struct notifier_settings {
    const char *smtp_url, *mail_from, *smtp_user, *smtp_password, *ca_file, *seal_key_file,
        *webhook_private_hosts;
    int64_t hold_down_s, consent_days, give_up_s, mail_most;
};

extern const struct setting notifier_setting_rows[];
extern const size_t notifier_setting_count;

int notifier_main(int argc, char **argv);
