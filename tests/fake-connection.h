/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fake of daemon/libvirt/connection.h, linked in place of daemon/libvirt/connection.c: a host whose every answer is
 * in the test's hands.
 *
 * It is a fake because no driver can be made to deliver events out of order, doubled, late, or of domains that are
 * gone, nor to answer one call and hang in another at a given moment. What real drivers do is tested by system/.
 *
 * A call takes what it answers from the host at its beginning; where it is to hang, it holds the answer back until it
 * is released. Domains are known by number. Any thread; the main loop wakes whenever something moves. */
#pragma once

#include "daemon/libvirt/connection.h"

typedef enum { FAKE_OPEN, FAKE_LIST, FAKE_READ, FAKE_CALLS } FakeCall;

/* For all domains, or a call about none. */
#define FAKE_ALL 0

/* fake_begin: starts a host without domains that answers all calls. */
void fake_begin(void);

/* fake_end: all connections must have been freed. */
void fake_end(void);

/* fake_uuid, fake_number: of a domain. Returns: static; 0 for a UUID that is none of them */
const char *fake_uuid(guint number);
guint fake_number(const char *uuid);

/* fake_set_domain: adds or changes a domain, without an event. @state: static */
void fake_set_domain(guint number, gint id, const char *state);
void fake_remove_domain(guint number);

/* fake_send_event: sends an event of a domain, whether it exists or not. */
void fake_send_event(guint number);

/* fake_send_begin: likewise, that a run of it begins. */
void fake_send_begin(guint number, const XpvRunBegin *begin);

/* fake_send_closed: tells all listeners that the connection is closed. */
void fake_send_closed(void);

/* fake_set_events: the events of its connections, from the next one on. */
void fake_set_events(XpvEvents events);

/* fake_set_partial: from now on its lists are not whole, or they are again. */
void fake_set_partial(gboolean is_partial);

/* fake_tell_no_states: its lists do not tell states, but the last one that was read in a run. */
void fake_tell_no_states(void);

/* fake_hang: from now on, calls hang. fake_release: no longer; those that hang go on. */
void fake_hang(FakeCall call, guint number);
void fake_release(FakeCall call, guint number);
void fake_release_all(void);

/* fake_fail: from now on, calls fail, or no longer. */
void fake_fail(FakeCall call, guint number, gboolean fails);

/* fake_lose: from now on, reading a domain fails because the connection is closed; or no longer. */
void fake_lose(guint number, gboolean is_lost);

/* fake_count: the calls that have begun. fake_count_hanging: those that hang now. */
guint fake_count(FakeCall call, guint number);
guint fake_count_hanging(FakeCall call, guint number);

/* fake_opened_at: the time when the n-th call to open began, from 0; monotonic µs. */
gint64 fake_opened_at(guint n);
