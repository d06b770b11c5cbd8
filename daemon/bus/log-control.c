/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/log-control.h"

#include "common/text.h"
#include "daemon/log.h"

/* A word of the log, which sd-bus finds by its offset in words. */
typedef struct {
    const char *what;
    const char *(*get)(void);
    gboolean (*set)(const char *word);
} Word;

typedef struct {
    Word level, target;
    const char *identifier;
} Words;

static const Words words = {
    { "level", xpv_log_get_level, xpv_log_set_level },
    { "target", xpv_log_get_target, xpv_log_set_target },
    XPV_LOG_IDENTIFIER,
};

static int
get_word(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
         void *userdata, sd_bus_error *error)
{
    const Word *word = userdata;
    return sd_bus_message_append(reply, "s", word->get());
}

static int
set_word(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *value,
         void *userdata, sd_bus_error *error)
{
    const Word *word = userdata;
    const char *text;
    int result = sd_bus_message_read(value, "s", &text);
    if (result < 0)
        return result;
    if (word->set(text))
        return 0;
    g_autofree char *cut = xpv_text_clean(text, -1, 64); /* the bus refuses messages that are too large */
    return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "There is no log %s “%s”", word->what, cut);
}

/* Without SD_BUS_VTABLE_UNPRIVILEGED, sd-bus lets only privileged users set them, whatever the bus's policy says. */
static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_word, set_word, offsetof(Words, level), 0),
    SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_word, set_word, offsetof(Words, target), 0),
    SD_BUS_PROPERTY("SyslogIdentifier", "s", NULL, offsetof(Words, identifier), SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_VTABLE_END,
};

int
xpv_log_control_add(sd_bus *bus)
{
    return sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1", vtable,
                                    (void *)&words);
}
