/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of domains: rows are kept and updated in place, so that focus, selection and what is read stay. */
import { detail } from "./detail.js";
import { byId, element, foreign, kernel, set } from "./dom.js";
import { isWrong } from "./domains.js";
import { badge, judgement, verdictKind } from "./words.js";

const body = byId("rows");
const shown = new Map(); /* object path to { domain, host, row, button, opened } */

function mark(text, title) {
  return element("span", { class: "mark", title }, text);
}

function cell(label, ...children) {
  return element("td", { role: "cell", "data-label": label }, ...children);
}

function fill(entry) {
  const { domain, row, button } = entry;
  set(row, "class", `domain ${verdictKind(domain.Verdict)}${isWrong(domain) ? " wrong" : ""}`);
  button.replaceChildren(foreign(domain.Name));
  row.firstChild.replaceChildren(
    button,
    ...domain.Acknowledged ? [mark("acknowledged", "An admin knows of it: no alert is raised")] : [],
    ...domain.Stale ? [mark("stale", "It could not be read lately: this is what was known before")] : []);
  row.replaceChildren(
    row.firstChild,
    cell("State", domain.State),
    cell("Verdict", badge(domain.Verdict)),
    cell("Kernel", domain.Kernel ? kernel(domain.Kernel) : element("span", { class: "none" }, "none reported")),
    cell("Why, and what to do", ...judgement(domain)));
}

function make(path, toggle) {
  const id = `detail-${path.split("/").pop()}`;
  const button = element("button", { type: "button", class: "name", "aria-expanded": "false", "aria-controls": id });
  const row = element("tr", { role: "row" }, element("th", { role: "rowheader", scope: "row" }));
  row.addEventListener("click", event => {
    const selects = !window.getSelection().isCollapsed && event.target.closest("button") === null;
    if (!selects && !event.target.closest("a"))
      toggle(path);
  });
  return { id, row, button, opened: null };
}

/* A row's detail is a row of its own behind it. */
function open(entry, wanted) {
  set(entry.button, "aria-expanded", String(wanted));
  if (wanted && !entry.opened) {
    entry.opened = element("tr", { role: "row", class: "detail", id: entry.id },
               element("td", { role: "cell", colspan: "5" }));
    entry.fresh = true;
  } else if (!wanted && entry.opened) {
    entry.opened.remove();
    entry.opened = null;
  }
  if (wanted && entry.fresh)
    entry.opened.firstChild.replaceChildren(...detail(entry.domain, entry.host));
  entry.fresh = false;
}

function update(entry, domain, host, isOpen) {
  if (entry.domain !== domain || entry.uri !== host.Uri) {
    const holdsFocus = entry.row.contains(document.activeElement);
    Object.assign(entry, { domain, host, uri: host.Uri, fresh: true });
    fill(entry);
    if (holdsFocus)
      entry.button.focus({ preventScroll: true });
  }
  open(entry, isOpen);
}

/* The elements of an entry, in order. */
const rowsOf = entry => entry.opened ? [entry.row, entry.opened] : [entry.row];

const hasFocus = entry => rowsOf(entry).some(row => row.contains(document.activeElement));

/* What is being read: where the focus or the pointer is, else what is open, else, once scrolled, what is at the top. */
function findAnchor() {
  const visible = [...shown.values()].filter(entry => {
    const { top, bottom } = entry.row.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  });
  return visible.find(hasFocus) || visible.find(entry => rowsOf(entry).some(row => row.matches(":hover"))) ||
    visible.find(entry => entry.opened) || (window.scrollY > 0 ? visible[0] : undefined);
}

/* Puts the rows in order around the one that has the focus, as moving an element takes the focus from it. */
function arrange(entries) {
  const fixed = Math.max(0, entries.findIndex(hasFocus));
  if (entries.length && !entries[fixed].row.isConnected)
    body.append(...rowsOf(entries[fixed]));
  let next = entries[fixed]?.row;
  for (const entry of entries.slice(0, fixed).reverse()) {
    for (const row of rowsOf(entry).reverse()) {
      if (row.nextSibling !== next || !row.isConnected)
        body.insertBefore(row, next);
      next = row;
    }
  }
  let last = entries[fixed]?.row;
  for (const row of entries.slice(fixed).flatMap(rowsOf).slice(1)) {
    if (last.nextSibling !== row)
      last.after(row);
    last = row;
  }
}

/* Shows these domains, in this order. open: set of paths; toggle(path): a row is to be opened or closed. */
export function showRows(domains, open, host, toggle) {
  const anchor = findAnchor();
  const before = anchor?.row.getBoundingClientRect().top;
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
    const entry = shown.get(domain.path) || { path: domain.path, ...make(domain.path, toggle) };
    update(entry, domain, host, open.has(domain.path));
    return entry;
  });
  arrange(entries);
  shown.clear(); /* in the order of the table again */
  entries.forEach(entry => shown.set(entry.path, entry));

  if (lost && !wanted.has(lost.path)) /* the next row's, or the text filter's where none is left */
    (entries[Math.min(place, entries.length - 1)]?.button || byId("text")).focus({ preventScroll: true });
  if (anchor?.row.isConnected)
    window.scrollBy(0, anchor.row.getBoundingClientRect().top - before);
}

export function focusRow(path) {
  const entry = shown.get(path);
  entry?.button.focus({ preventScroll: true });
  entry?.row.scrollIntoView({ block: "center" });
}

