/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fake of libvirt's API, linked before the real one: a server of some age, as a client sees it.
 *
 * Servers of that age are not available everywhere, and cannot be made to lose xend at a given moment. The fake answers
 * as real servers of 0.3.3, 0.6.3 and 0.8.2 did with their own Xen drivers: which calls they lack, what fails while
 * xend is away, and with which codes. Domains have numbers. All functions work in any thread. */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>

typedef enum { FAKE_0_3_3, FAKE_0_6_3, FAKE_0_8_2, FAKE_9_0 } FakeAge;

/* The kinds of calls that it counts. */
typedef enum { FAKE_LISTS, FAKE_LOOKUPS, FAKE_XMLS, FAKE_STATES, FAKE_LACKING, FAKE_COUNTED } FakeCount;

/* fake_begin: starts a server without domains. fake_end: all objects must have been freed. */
void fake_begin(FakeAge age);
void fake_end(void);

const char *fake_uuid(guint number);
guint fake_number(const char *uuid);

/* fake_set_domain: adds or changes a domain, without an event. @id: -1: it does not run; @state: virDomainState */
void fake_set_domain(guint number, int id, int state);

/* fake_send_event: sends an event of a start or stop. */
void fake_send_event(guint number);

/* fake_set_xend: whether xend is running. */
void fake_set_xend(gboolean is_there);

/* fake_fail_lists: lists of running domains fail from now on. @message: static, of libvirt's error */
void fake_fail_lists(const char *message);

/* fake_close: closes the connection, and tells its listener. */
void fake_close(void);

/* fake_lie: from now on, lists claim too many domains, and one domain has another's XML. */
void fake_lie(void);

/* fake_count: the calls of a kind since fake_begin() or the last fake_forget(). fake_count_all: those of all kinds. */
guint fake_count(FakeCount what);
guint fake_count_all(void);
void fake_forget(void);
