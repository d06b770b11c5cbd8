/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page: combines the daemon's state with the URL, and draws at most once per frame. */
/* global cockpit */
import { Daemon } from "./bus.js";
import { byId, command, element, foreign, icon, set, setText } from "./dom.js";
import { isKey, select } from "./domains.js";
import { Guide } from "./guide.js";
import { focusRow, keepPlace, showRows } from "./table.js";
import { VERDICTS, badge, plural, remedy, sentence, time } from "./words.js";

const STEP = 200; /* rows shown at a time */
const WRONG_STEP = 5;

const open = new Set(); /* object paths of the open rows */
let limit = STEP;
let view; /* the state in the URL */

/* Drawing. */

let pending = 0;

/* A hidden page gets no frames, but still updates Cockpit's menu. */
function schedule() {
  if (pending)
    return;
  pending = cockpit.hidden ? window.setTimeout(draw) : window.requestAnimationFrame(draw);
}

function draw() {
  pending = 0;
  const shown = select(daemon.domains, view);
  tellMenu(daemon.link === "ready" ? shown.wrong : []);
  if (!cockpit.hidden)
    keepPlace(() => drawAll(shown));
}

function drawAll(shown) {
  drawHost();
  drawBanner();
  const wasRead = daemon.host.Connected || daemon.host.LastUpdate > 0; /* else it is unknown whether all is well */
  const hasDomains = (daemon.link === "ready" && wasRead) || daemon.domains.size > 0;
  set(byId("loading"), "hidden", daemon.link !== "connecting" || hasDomains);
  set(byId("tools"), "hidden", !daemon.domains.size);
  set(byId("domains"), "hidden", view.name === "guide" || !hasDomains);
  set(byId("guide"), "hidden", view.name !== "guide" || daemon.link !== "ready");
  set(byId("to-domains"), "aria-current", view.name === "guide" ? null : "page");
  set(byId("to-guide"), "aria-current", view.name === "guide" ? "page" : null);
  document.body.classList.toggle("outdated", daemon.link !== "ready" || !daemon.host.Connected);
  if (view.name === "guide") {
    guide.show();
  } else {
    drawWrong(shown);
    drawTools(shown);
    showRows(shown.rows.slice(0, limit), open, daemon.host, toggle);
  }
}

function drawHost() {
  const { HostName, HostArchitecture, HostProcessor, HostKernel, HostRelease, Rules } = daemon.host;
  const facts = [HostName, HostArchitecture, HostProcessor, HostKernel && `kernel ${HostKernel}`,
         HostRelease && `RHEL ${HostRelease}`, Rules && "Virtualization Guide, tables 12.1 to 12.3"].filter(Boolean);
  const key = facts.join("\n");
  if (byId("host").dataset.of !== key) {
    byId("host").dataset.of = key;
    byId("host").replaceChildren(...facts.map(fact => foreign(fact)));
    set(byId("host"), "title", Rules ? `Judged by: ${Rules}` : null);
  }
  set(byId("refresh"), "disabled", daemon.link !== "ready" || !daemon.host.Connected || isRefreshing);
}

/* At most one message: the cause nearest to the page comes first. */
function trouble() {
  const asOf = microseconds => microseconds ? ` What is shown is as of ${time(microseconds)}.` : "";
  const lost = daemon.domains.size ? asOf(daemon.lostAt) : "";
  const problem = sentence(daemon.problem) + lost;
  switch (daemon.link) {
  case "absent":
    return {
      title: "The daemon is not running", text: `Nobody judges the domains of this host now.${lost}`,
      todo: "Start it on this host:", command: "systemctl start xenpv-compatd",
      button: daemon.canStart && ["Start the daemon", start],
    };
  case "denied":
    return {
      title: "Access is denied", text: `The system bus does not let this user ask the daemon. ${problem}`,
      todo: "Have the bus read its policy:", command: "systemctl reload dbus", button: ["Try again", again],
    };
  case "failed":
    return {
      title: "The daemon cannot be asked", text: problem,
      todo: "See what is wrong:", command: "systemctl status dbus xenpv-compatd", button: ["Try again", again],
    };
  case "connecting":
    return null;
  }
  if (daemon.host.Connected)
    return null;
  const since = asOf(daemon.host.LastUpdate) || " Nothing has been read from it yet.";
  return {
    title: "libvirt is away",
    text: `libvirt (${daemon.host.Uri}) does not answer.${since} The daemon tries again by itself.`,
    todo: "See why:", command: "journalctl -u xenpv-compatd",
  };
}

function drawBanner() {
  const banner = byId("banner");
  const what = trouble();
  const key = what ? JSON.stringify([what.title, what.text, Boolean(what.button)]) : "";
  if ((banner.dataset.of || "") === key)
    return;
  banner.dataset.of = key;
  banner.replaceChildren(...what ? [
    icon("warning"),
    element("div", {}, element("h2", {}, what.title), element("p", {}, what.text), element("p", {}, what.todo),
      command(what.command, what.todo.replace(/[:,].*/, "")), what.button ? element("button",
        { class: "primary", onclick: what.button[1] }, what.button[0]) : null),
  ] : []);
  set(banner, "hidden", !what);
}

const again = () => daemon.connect();

async function start(event) {
  event.target.disabled = true;
  try {
    await daemon.start();
  } catch (error) {
    event.target.after(element("p", { class: "error" }, sentence(error.message)));
    event.target.disabled = false;
  }
}

const are = (n, noun) => `${plural(n, noun)} ${n === 1 ? "is" : "are"}`;

let wrongShown = ""; /* what the list was made from */

function drawWrong({ wrong, acknowledged, unknown }) {
  const others = (acknowledged ? ` ${are(acknowledged, "other")} acknowledged.` : "") +
    (unknown ? ` ${are(unknown, "running guest")} unknown.` : "");
  const title = `${wrong.length ? are(wrong.length, "running guest") : "No running guest is"} incompatible`;
  const key = JSON.stringify([title, others, wrong.slice(0, WRONG_STEP)]);
  if (key === wrongShown)
    return;
  wrongShown = key;
  const focused = document.activeElement?.dataset?.path;
  byId("wrong").className = wrong.length ? "incompatible" : unknown ? "unknown" : "compatible";
  byId("wrong-title").replaceChildren(icon(byId("wrong").className), title,
                    ...others ? [element("span", { class: "hint" }, others)] : []);
  byId("wrong-list").replaceChildren(...wrong.slice(0, WRONG_STEP).map(domain => element(
    "li", {},
    element("button", { class: "link", "data-path": domain.path, onclick: () => reveal(domain.path) },
        foreign(domain.Name)),
    element("p", {}, foreign(domain.Explanation || "")),
    remedy(domain.Remedy))));
  setText(byId("wrong-more"), `Show all ${wrong.length.toLocaleString("en")}`);
  set(byId("wrong-more"), "hidden", wrong.length <= WRONG_STEP);
  if (focused)
    byId("wrong-list").querySelector(`[data-path="${focused}"]`)?.focus({ preventScroll: true });
}

function drawTools({ rows, counts }) {
  for (const chip of byId("chips").children) {
    set(chip, "aria-pressed", String(view.verdicts.has(chip.dataset.verdict)));
    setText(chip.lastChild, counts[chip.dataset.verdict].toLocaleString("en"));
  }
  if (document.activeElement !== byId("text"))
    byId("text").value = view.text;
  for (const head of document.querySelectorAll("#table th[data-key]"))
    set(head, "aria-sort", head.dataset.key !== view.key ? null : view.descending ? "descending" : "ascending");

  const total = daemon.domains.size;
  const none = rows.length === 0;
  setText(byId("count"), total ? `${rows.length.toLocaleString("en")} of ${plural(total, "domain")}` : "");
  set(byId("table"), "hidden", none);
  set(byId("empty"), "hidden", !none);
  setText(byId("empty-text"), total ? "No domain matches." : "There are no domains on this host.");
  set(byId("clear"), "hidden", !total);
  set(byId("more"), "hidden", rows.length <= limit);
  setText(byId("more"), `Show ${Math.min(STEP, rows.length - limit)} more`);
}

/* Cockpit's menu shows a warning while something is wrong. Cockpit calls this experimental, so only this uses it. */
let told = "";

function tellMenu(wrong) {
  const title = wrong.length ? `${are(wrong.length, "running guest")} incompatible` : "";
  if (title === told)
    return;
  told = title;
  cockpit.transport.control("notify", { page_status: title ? { type: "warning", title } : null });
}

/* The state in the URL. */

function readLocation() {
  const { path, options } = cockpit.location;
  const verdicts = [options.verdict || []].flat().filter(verdict => VERDICTS.includes(verdict));
  view = {
    name: path[0] === "guide" ? "guide" : "",
    verdicts: new Set(verdicts),
    text: [options.text || ""].flat()[0],
    key: isKey(options.sort) ? options.sort : "verdict",
    descending: options.order === "descending",
  };
  schedule();
}

function filter(changes) {
  const { name, verdicts, text, key, descending } = { ...view, ...changes };
  const options = {};
  if (verdicts.size)
    options.verdict = [...verdicts];
  if (text)
    options.text = text;
  if (key !== "verdict")
    options.sort = key;
  if (descending)
    options.order = "descending";
  limit = STEP;
  cockpit.location.replace(name ? [name] : [], options);
  readLocation();
}

/* Actions of the user. */

function toggle(path) {
  if (!open.delete(path))
    open.add(path);
  schedule();
}

function reveal(path) {
  const domain = daemon.domains.get(path);
  if (!domain)
    return;
  const isThere = () => select(daemon.domains, view).rows.findIndex(each => each.path === path);
  if (isThere() < 0)
    filter({ verdicts: new Set(), text: "" });
  limit = Math.max(limit, isThere() + 1);
  open.add(path);
  draw();
  focusRow(path);
}

let isRefreshing = false;

async function refresh() {
  const button = byId("refresh");
  isRefreshing = true;
  setText(button, "Refreshing …");
  schedule();
  try {
    await daemon.refresh();
  } catch {
    /* the banner tells why */
  }
  isRefreshing = false;
  setText(button, "Refresh");
  schedule();
}

function listen() {
  byId("refresh").addEventListener("click", refresh);
  byId("text").addEventListener("input", event => filter({ text: event.target.value }));
  byId("clear").addEventListener("click", () => {
    byId("text").value = "";
    filter({ verdicts: new Set(), text: "" });
    byId("text").focus();
  });
  byId("wrong-more").addEventListener("click", () => filter({ verdicts: new Set(["incompatible"]), text: "" }));
  byId("more").addEventListener("click", () => {
    limit += STEP;
    schedule();
  });
  byId("chips").append(...VERDICTS.map(verdict => {
    const chip = element("button", { class: "chip", "data-verdict": verdict, "aria-pressed": "false" },
              badge(verdict), " ", element("span", { class: "number" }, "0"));
    chip.addEventListener("click", () => {
      const verdicts = new Set(view.verdicts);
      if (!verdicts.delete(verdict))
        verdicts.add(verdict);
      filter({ verdicts });
    });
    return chip;
  }));
  for (const head of document.querySelectorAll("#table th[data-key]")) {
    head.firstElementChild.addEventListener("click", () => {
      const { key } = head.dataset;
      filter({ key, descending: key === view.key && !view.descending });
    });
  }
  cockpit.addEventListener("locationchanged", readLocation);
  cockpit.addEventListener("visibilitychange", () => {
    window.cancelAnimationFrame(pending);
    pending = 0;
    schedule();
  });
}

const daemon = new Daemon(schedule);
const guide = new Guide(daemon);
listen();
readLocation();
