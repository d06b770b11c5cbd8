/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes elements. Text is always text: nothing here reads markup. */

export const byId = id => document.getElementById(id);

/* element("p", { class: "hint" }, "text", child, …): null children are left out. */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {}))
    set(made, key, value);
  made.append(...children.filter(child => child !== null));
  return made;
}

/* An attribute, a handler (onclick), or with false and null nothing. */
export function set(node, key, value) {
  if (typeof value === "function")
    node.addEventListener(key.slice(2), value);
  else if (value === false || value === null)
    node.removeAttribute(key);
  else if (node.getAttribute(key) !== String(value))
    node.setAttribute(key, value === true ? "" : value);
}

/* Writes only what differs, so that a selection and screen readers are left alone. */
export function setText(node, text) {
  if (node.textContent !== text)
    node.textContent = text;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/* What a guest or an admin wrote, whichever way it is written: it cannot turn around what stands beside it. */
export const foreign = (text, attributes) => element("bdi", attributes, text);

/* A kernel, in monospace, which breaks after hyphens. */
export function kernel(text) {
  const made = element("bdi", { class: "kernel" });
  for (const part of text.split(/(?<=-)/))
    made.append(part, document.createElement("wbr"));
  made.lastChild?.remove();
  return made;
}

/* A command with a button that copies it. */
export function command(text, label) {
  const words = text.split(/(?<= )/).map(word => element("span", {}, word)); /* so that no line ends inside "--key" */
  const code = element("code", { tabindex: "0", role: "group", "aria-label": label }, ...words);
  const button = element("button", { class: "copy", "aria-label": `Copy: ${label}` }, "Copy");
  button.addEventListener("click", async () => {
    setText(button, await copy(code) ? "Copied" : "Press Ctrl+C");
  });
  button.addEventListener("blur", () => setText(button, "Copy"));
  return element("div", { class: "command" }, code, button);
}

/* Selects it too, so that where the browser lets nobody at the clipboard, one key remains. */
async function copy(node) {
  window.getSelection().selectAllChildren(node);
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
