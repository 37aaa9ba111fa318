#include "notifier/channels/channel.h"

#include <string.h>

static const struct channel channels[] = {
    {"webhook", webhook_send},
    {"chat", chat_send},
    {"mail", mail_send},
};

const struct channel *channel_find(const char *name)
{
    for (size_t i = 0; i < array_count(channels); i++) {
        if (strcmp(channels[i].name, name) == 0)
            return &channels[i];
    }
    return NULL;
}
