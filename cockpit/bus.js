/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon on the system bus: its host and domains, kept up to date by its signals, and its methods. */
/* global cockpit */

const NAME = "org.xenpv.Compat1";
const ROOT = "/org/xenpv/Compat1";
const MANAGER = `${NAME}.Manager`;
const DOMAIN = `${NAME}.Domain`;
const BUS = "org.freedesktop.DBus";
const OBJECTS = `${BUS}.ObjectManager`;
const PROPERTIES = `${BUS}.Properties`;
const BUS_PATH = "/org/freedesktop/DBus";

function unwrap(properties) {
  const values = {};
  for (const name in properties)
    values[name] = properties[name].v;
  return values;
}

const judged = ([verdict, reasons, results]) => ({ Verdict: verdict, Reasons: reasons, ...unwrap(results) });

const isDenied = error => error.problem === "access-denied" || /\.(AccessDenied|AuthFailed)$/.test(error.name || "");

export class Daemon {
  /* changed(): something has changed. */
  constructor(changed) {
    this.changed = changed;
    this.link = "connecting"; /* "ready", "absent", "denied", "failed" */
    this.problem = ""; /* text for people, with "absent", "denied" and "failed" */
    this.canStart = false;
    this.host = {}; /* the Manager's properties */
    this.domains = new Map(); /* object path to properties; each change makes a new object */
    this.lostAt = 0; /* when the daemon went away, in microseconds */
    this.leftover = new Set(); /* domains of the last daemon that this one has not read yet */
    this.connect();
  }

  /* The daemon's client closes for good when the name has no owner, so another client watches the name. */
  connect() {
    this.bus?.close();
    const bus = this.bus = cockpit.dbus(BUS, { bus: "system" });
    bus.addEventListener("close", (_event, options) => bus === this.bus && this.fail(options));
    bus.subscribe({ path: BUS_PATH, interface: BUS, member: "NameOwnerChanged", arg0: NAME },
           (_path, _interface, _member, [, , owner]) => bus === this.bus && this.follow(owner));
    bus.call(BUS_PATH, BUS, "GetNameOwner", [NAME], { type: "s" })
        .then(([owner]) => bus === this.bus && this.follow(owner),
           error => bus === this.bus && (isDenied(error) ? this.fail(error) : this.follow("")));
  }

  follow(owner) {
    if (this.owner === owner)
      return;
    this.owner = owner;
    const before = this.client;
    this.client = null;
    before?.close();
    if (owner)
      this.open();
    else
      this.lose();
  }

  lose() {
    this.become("absent");
    this.bus.call(BUS_PATH, BUS, "ListActivatableNames", [], { type: "" }).then(([names]) => {
      this.canStart = names.includes(NAME);
      this.changed();
    }, () => {});
  }

  fail(error) {
    this.owner = undefined;
    this.become(isDenied(error) ? "denied" : "failed", error.message || cockpit.message(error.problem || error));
  }

  /* When the name has no owner, follow() is called too. */
  failOf(client, error) {
    if (client === this.client && error.problem !== "not-found")
      this.fail(error);
  }

  become(link, problem = "") {
    if (this.link === "ready")
      this.lostAt = Date.now() * 1000;
    this.link = link;
    this.problem = problem;
    this.changed();
  }

  /* Signals first, then the state: it contains the signals before it, and applying them twice does no harm. */
  async open() {
    const client = this.client = cockpit.dbus(NAME, { bus: "system" });
    let early = [];
    client.addEventListener("close", (_event, options) => this.failOf(client, options));
    client.subscribe({ path_namespace: ROOT }, (...signal) => early ? early.push(signal) : this.hear(...signal));
    try {
      const [[objects], [host]] = await Promise.all([
        client.call(ROOT, OBJECTS, "GetManagedObjects", [], { type: "" }),
        client.call(ROOT, PROPERTIES, "GetAll", [MANAGER], { type: "s" }),
      ]);
      if (client !== this.client)
        return;
      this.take(objects, unwrap(host));
      early.forEach(signal => this.hear(...signal));
      early = null;
      this.become("ready");
    } catch (error) {
      this.failOf(client, error);
    }
  }

  take(objects, host) {
    this.leftover = new Set(this.domains.keys());
    for (const path in objects)
      this.add(path, objects[path]);
    for (const path of this.leftover)
      this.domains.set(path, { ...this.domains.get(path), Stale: true });
    this.host = host;
    this.settle();
  }

  add(path, interfaces) {
    if (!interfaces[DOMAIN])
      return;
    this.domains.set(path, { path, ...unwrap(interfaces[DOMAIN]) });
    this.leftover.delete(path);
  }

  /* A daemon that has just started may not have read all domains yet. Those missing after a refresh are gone. */
  async settle() {
    const client = this.client;
    if (!this.leftover.size || !this.host.Connected)
      return;
    try {
      await this.refresh();
    } catch {
      return; /* retried when libvirt answers */
    }
    if (client !== this.client)
      return;
    this.leftover.forEach(path => this.domains.delete(path));
    this.leftover.clear();
    this.changed();
  }

  hear(path, name, member, values) {
    if (name === OBJECTS && member === "InterfacesAdded") {
      this.add(...values);
    } else if (name === OBJECTS && member === "InterfacesRemoved") {
      if (values[1].includes(DOMAIN))
        this.domains.delete(values[0]);
    } else if (name === PROPERTIES && member === "PropertiesChanged") {
      this.update(path, values[0], unwrap(values[1]));
    }
    this.changed();
  }

  update(path, name, values) {
    if (name === MANAGER && path === ROOT) {
      this.host = { ...this.host, ...values };
      if (values.Connected === false)
        this.readLastUpdate();
      else if (values.Connected)
        this.settle();
    } else if (name === DOMAIN && this.domains.has(path)) {
      this.domains.set(path, { ...this.domains.get(path), ...values });
    }
  }

  /* No signal reports changes of it. */
  async readLastUpdate() {
    const client = this.client;
    try {
      const [value] = await client.call(ROOT, PROPERTIES, "Get", [MANAGER, "LastUpdate"], { type: "ss" });
      this.update(ROOT, MANAGER, { LastUpdate: value.v });
      this.changed();
    } catch (error) {
      this.failOf(client, error);
    }
  }

  call(method, type, ...values) {
    return this.client.call(ROOT, MANAGER, method, values, { type });
  }

  refresh() {
    return this.call("Refresh", "");
  }

  /* Returns the verdict on a kernel, with the names of a domain's properties. */
  async checkKernel(report, facts) {
    return judged(await this.call("CheckKernel", "sa{sv}", report, variants(facts)));
  }

  /* Returns the same for each cell of table 12.1, row by row. */
  async checkVariants(facts) {
    const [cells] = await this.call("CheckVariants", "a{sv}", variants(facts));
    return cells.map(judged);
  }

  /* Any call to the daemon makes the bus start it likewise. */
  start() {
    return this.bus.call(BUS_PATH, BUS, "StartServiceByName", [NAME, 0], { type: "su" });
  }
}

function variants(facts) {
  return Object.fromEntries(Object.entries(facts).map(([key, text]) => [key, cockpit.variant("s", text)]));
}
