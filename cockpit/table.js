/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of domains: rows are kept and updated in place, so that focus, selection and scrolling stay. */
import { detail } from "./detail.js";
import { byId, element, foreign, kernel, set } from "./dom.js";
import { isWrong } from "./domains.js";
import { badge, judgement, verdictKind } from "./words.js";

const body = byId("rows");
const shown = new Map(); /* object path to { path, id, row, button, opened, domain, host } */

const mark = (text, title) => element("span", { class: "mark", title }, text);

const cell = (label, ...children) => element("td", { role: "cell", "data-label": label }, ...children);

/* Fills all but the button, which may have the focus. */
function fill({ domain, row, button }) {
  set(row, "class", `domain ${verdictKind(domain.Verdict)}${isWrong(domain) ? " wrong" : ""}`);
  button.replaceChildren(foreign(domain.Name));
  while (button.nextSibling)
    button.nextSibling.remove();
  if (domain.Acknowledged)
    button.after(mark("acknowledged", "An admin has acknowledged it"));
  if (domain.Stale)
    button.after(mark("stale", "It could not be read the last time"));
  while (row.children.length > 1)
    row.lastChild.remove();
  row.append(
    cell("State", domain.State),
    cell("Verdict", badge(domain.Verdict)),
    cell("Kernel", domain.Kernel ? kernel(domain.Kernel) : element("span", { class: "none" }, "none reported")),
    cell("Why, and what to do", ...judgement(domain)));
}

function make(path, toggle) {
  const id = `detail-${path.split("/").pop()}`;
  const button = element("button", { class: "name", "aria-controls": id });
  const row = element("tr", { role: "row" }, element("th", { role: "rowheader", scope: "row" }, button));
  row.addEventListener("click", event => {
    if (window.getSelection().isCollapsed || button.contains(event.target))
      toggle(path);
  });
  return { path, id, row, button, opened: null };
}

function fillDetail({ opened, domain, host }) {
  const controls = () => [...opened.querySelectorAll("button, code[tabindex]")];
  const focused = controls().indexOf(document.activeElement);
  opened.firstChild.replaceChildren(...detail(domain, host));
  controls()[focused]?.focus({ preventScroll: true });
}

/* A row's detail is a separate row after it. */
function update(entry, domain, host, isOpen) {
  const isNew = entry.domain !== domain || entry.host?.Uri !== host.Uri;
  Object.assign(entry, { domain, host });
  if (isNew)
    fill(entry);
  set(entry.button, "aria-expanded", String(isOpen));
  if (!isOpen) {
    entry.opened?.remove();
    entry.opened = null;
  } else if (!entry.opened || isNew) {
    entry.opened ||= element("tr", { role: "row", class: "detail", id: entry.id },
      element("td", { role: "cell", colspan: "5" }));
    fillDetail(entry);
  }
}

/* The rows of an entry, in order. */
const rowsOf = entry => entry.opened ? [entry.row, entry.opened] : [entry.row];

const hasFocus = entry => rowsOf(entry).some(row => row.contains(document.activeElement));

/* The row that the user reads: with the focus or pointer, else an open one, else, once scrolled, the first visible. */
function findAnchor() {
  const visible = [...shown.values()].filter(entry => {
    const { top, bottom } = entry.row.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  });
  return visible.find(hasFocus) || visible.find(entry => rowsOf(entry).some(row => row.matches(":hover"))) ||
    visible.find(entry => entry.opened) || (window.scrollY > 0 ? visible[0] : undefined);
}

/* The row that the user reads keeps its place on the screen. */
export function keepPlace(draw) {
  const anchor = findAnchor();
  const before = anchor?.row.getBoundingClientRect().top;
  draw();
  if (anchor?.row.isConnected)
    window.scrollBy(0, anchor.row.getBoundingClientRect().top - before);
}

/* Orders the rows around the one with the focus, as moving an element takes the focus from it. */
function arrange(entries) {
  const fixed = Math.max(0, entries.findIndex(hasFocus));
  if (entries.length && !entries[fixed].row.isConnected)
    body.append(...rowsOf(entries[fixed]));
  let next = entries[fixed]?.row;
  for (const row of entries.slice(0, fixed).flatMap(rowsOf).reverse()) {
    if (row.nextSibling !== next || !row.isConnected)
      body.insertBefore(row, next);
    next = row;
  }
  let last = entries[fixed]?.row;
  for (const row of entries.slice(fixed).flatMap(rowsOf).slice(1)) {
    if (last.nextSibling !== row)
      last.after(row);
    last = row;
  }
}

/* Shows these domains in this order. open: set of paths; toggle(path): opens or closes a row. */
export function showRows(domains, open, host, toggle) {
  const lost = [...shown.values()].find(hasFocus);
  const wanted = new Set(domains.map(domain => domain.path));
  const place = lost && [...shown.values()].filter(entry => wanted.has(entry.path) || entry === lost).indexOf(lost);

  for (const [path, entry] of shown) {
    if (!wanted.has(path)) {
      rowsOf(entry).forEach(row => row.remove());
      shown.delete(path);
    }
  }
  const entries = domains.map(domain => {
    const entry = shown.get(domain.path) || make(domain.path, toggle);
    update(entry, domain, host, open.has(domain.path));
    return entry;
  });
  arrange(entries);
  shown.clear(); /* back to the table's order */
  entries.forEach(entry => shown.set(entry.path, entry));

  if (lost && !wanted.has(lost.path)) /* focus the next row, or the text filter if there is none */
    (entries[Math.min(place, entries.length - 1)]?.button || byId("text")).focus({ preventScroll: true });
}

export function focusRow(path) {
  const entry = shown.get(path);
  entry?.button.focus({ preventScroll: true });
  entry?.row.scrollIntoView({ block: "center" });
}
