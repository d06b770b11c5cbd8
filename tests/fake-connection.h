/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fake of daemon/libvirt/connection.h, linked in place of daemon/libvirt/connection.c: a host whose answers the test
 * decides.
 *
 * No real driver can be made to send events out of order, twice, late, or for domains that are gone, or to answer one
 * call and hang in another at a given moment. system/ tests what real drivers do.
 *
 * A call takes its answer from the host when it begins. If the call is to hang, it holds the answer back until it is
 * released. Domains have numbers. All functions work in any thread; the main loop wakes at each change. */
#pragma once

#include "daemon/libvirt/connection.h"

typedef enum { FAKE_OPEN, FAKE_LIST, FAKE_READ, FAKE_CALLS } FakeCall;

/* All domains, or a call that is about none. */
#define FAKE_ALL 0

/* fake_begin: starts a host without domains that answers all calls. */
void fake_begin(void);

/* fake_end: all connections must have been freed. */
void fake_end(void);

/* fake_uuid, fake_number: the UUID and the number of a domain. Returns: static; 0 if no domain has the UUID */
const char *fake_uuid(guint number);
guint fake_number(const char *uuid);

/* fake_set_domain: adds or changes a domain, without an event. @state: static */
void fake_set_domain(guint number, gint id, const char *state);
void fake_remove_domain(guint number);

/* fake_send_event: sends an event for a domain, whether it exists or not. */
void fake_send_event(guint number);

/* fake_send_pause: sends an event that only the domain's state has changed. */
void fake_send_pause(guint number);

/* fake_send_begin: sends an event that a run of the domain begins. */
void fake_send_begin(guint number, const XpvRunBegin *begin);

/* fake_send_closed: tells all listeners that the connection is closed. */
void fake_send_closed(void);

/* fake_set_events: which events connections have, from the next one on. */
void fake_set_events(XpvEvents events);

/* fake_set_partial: whether lists are incomplete from now on. */
void fake_set_partial(gboolean is_partial);

/* fake_tell_no_states: lists have no states from now on, only the state that was last read in the run. */
void fake_tell_no_states(void);

/* fake_hang: calls hang from now on. fake_release: they no longer do, and those that hang go on. */
void fake_hang(FakeCall call, guint number);
void fake_release(FakeCall call, guint number);
void fake_release_all(void);

/* fake_fail: whether calls fail from now on. */
void fake_fail(FakeCall call, guint number, gboolean fails);

/* fake_lose: whether reading the domain fails from now on, because the connection is closed. */
void fake_lose(guint number, gboolean is_lost);

/* fake_count: how many calls have begun. fake_count_hanging: how many hang now. */
guint fake_count(FakeCall call, guint number);
guint fake_count_hanging(FakeCall call, guint number);

/* fake_opened_at: when the n-th call to open began, counted from 0, in monotonic µs. */
gint64 fake_opened_at(guint n);
