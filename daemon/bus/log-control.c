/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/log-control.h"

#include "common/text.h"
#include "daemon/log.h"

static int
reply_word(sd_bus_message *reply, const char *word)
{
    return sd_bus_message_append(reply, "s", word);
}

static int
set_word(sd_bus_message *value, gboolean (*set)(const char *word), const char *what, sd_bus_error *error)
{
    const char *word;
    int result = sd_bus_message_read(value, "s", &word);
    if (result < 0)
        return result;
    if (set(word))
        return 0;
    g_autofree char *cut = xpv_text_clean(word, -1, 64); /* the bus refuses messages that are too large */
    return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "There is no log %s “%s”", what, cut);
}

static int
get_level(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
          void *userdata, sd_bus_error *error)
{
    return reply_word(reply, xpv_log_get_level());
}

static int
set_level(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *value,
          void *userdata, sd_bus_error *error)
{
    return set_word(value, xpv_log_set_level, "level", error);
}

static int
get_target(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
           void *userdata, sd_bus_error *error)
{
    return reply_word(reply, xpv_log_get_target());
}

static int
set_target(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *value,
           void *userdata, sd_bus_error *error)
{
    return set_word(value, xpv_log_set_target, "target", error);
}

static int
get_identifier(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
               void *userdata, sd_bus_error *error)
{
    return reply_word(reply, XPV_LOG_IDENTIFIER);
}

/* Without SD_BUS_VTABLE_UNPRIVILEGED, sd-bus lets only privileged users set them, whatever the bus's policy says. */
static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_level, set_level, 0, 0),
    SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_target, set_target, 0, 0),
    SD_BUS_PROPERTY("SyslogIdentifier", "s", get_identifier, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_VTABLE_END,
};

int
xpv_log_control_add(sd_bus *bus)
{
    return sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1", vtable,
                                    NULL);
}
