/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/nbd.h"

#include <dlfcn.h>
#include <libnbd.h>
#include <string.h>

#include "inspect/error.h"

#define LIBRARY "libnbd.so.0"

/* In milliseconds. */
#define ANSWER_TIMEOUT 5000
#define NO_ANSWER "qemu-nbd does not answer"

/* What is needed of it. */
#define FUNCTIONS(use)                                                                                                 \
    use(aio_command_completed) use(aio_connect_socket) use(aio_is_connecting) use(aio_is_ready) use(aio_pread)         \
        use(close) use(create) use(get_error) use(get_size) use(poll)

static struct {
#define POINTER(name) typeof(nbd_##name) *name;
    FUNCTIONS(POINTER)
} nbd;

static const struct {
    const char *name;
    void *place; /* of a function pointer in nbd */
} functions[] = {
#define ROW(name) { "nbd_" #name, &nbd.name },
    FUNCTIONS(ROW)
};

struct _XpvNbd {
    struct nbd_handle *handle;
    char *failure;    /* (nullable) of the first reading that failed */
    gboolean is_lost; /* an answer is missing, so no further one is waited for */
};

gboolean
xpv_nbd_load(GError **error)
{
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return xpv_inspect_fail(error, "libnbd cannot be loaded: %s", dlerror()); /* NOLINT(concurrency-mt-unsafe) */
    for (guint i = 0; i < G_N_ELEMENTS(functions); i++) {
        void *symbol = dlsym(library, functions[i].name);
        if (!symbol)
            return xpv_inspect_fail(error, "libnbd has no %s()", functions[i].name);
        memcpy(functions[i].place, &symbol, sizeof symbol);
    }
    return TRUE;
}

static gboolean
fail_by_library(GError **error)
{
    return xpv_inspect_fail(error, "qemu-nbd: %s", nbd.get_error() ?: "it failed");
}

/* Waits for something from the server. */
static gboolean
await(const XpvNbd *self, GError **error)
{
    int happened = nbd.poll(self->handle, ANSWER_TIMEOUT);
    if (happened == 0)
        return xpv_inspect_fail(error, NO_ANSWER);
    return happened > 0 || fail_by_library(error);
}

static gboolean
shake_hands(const XpvNbd *self, int socket, GError **error)
{
    if (!self->handle || nbd.aio_connect_socket(self->handle, socket) < 0)
        return fail_by_library(error);
    while (nbd.aio_is_connecting(self->handle) > 0) {
        if (!await(self, error))
            return FALSE;
    }
    return nbd.aio_is_ready(self->handle) > 0 || fail_by_library(error);
}

XpvNbd *
xpv_nbd_connect(int socket, GError **error)
{
    g_autoptr(XpvNbd) self = g_new0(XpvNbd, 1);
    self->handle = nbd.create();
    return shake_hands(self, socket, error) ? g_steal_pointer(&self) : NULL;
}

void
xpv_nbd_free(XpvNbd *self)
{
    if (!self)
        return;
    if (self->handle)
        nbd.close(self->handle);
    g_free(self->failure);
    g_free(self);
}

/* Once this process no longer waits for an answer, libnbd could still write it to the buffer, which is gone then. */
static gboolean
try_reading(XpvNbd *self, guint64 offset, void *buffer, gsize length, GError **error)
{
    int done = 0;
    if (self->is_lost)
        return xpv_inspect_fail(error, "%s", self->failure);
    gint64 cookie = nbd.aio_pread(self->handle, buffer, length, offset, NBD_NULL_COMPLETION, 0);
    if (cookie < 0)
        return fail_by_library(error);
    while ((done = nbd.aio_command_completed(self->handle, (guint64)cookie)) == 0) {
        self->is_lost = !await(self, error);
        if (self->is_lost)
            return FALSE;
    }
    return done > 0 || fail_by_library(error);
}

static gboolean
read_disk(gpointer data, guint64 offset, void *buffer, gsize length, GError **error)
{
    XpvNbd *self = data;
    g_autoptr(GError) failure = NULL;
    if (try_reading(self, offset, buffer, length, &failure))
        return TRUE;
    if (!self->failure)
        self->failure = g_strdup(failure->message);
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

XpvMedium *
xpv_nbd_medium(XpvNbd *self, GError **error)
{
    gint64 size = nbd.get_size(self->handle);
    if (size >= 0)
        return xpv_medium_new((guint64)size, read_disk, self, NULL);
    fail_by_library(error);
    return NULL;
}

const char *
xpv_nbd_failure(const XpvNbd *self)
{
    return self->failure;
}
