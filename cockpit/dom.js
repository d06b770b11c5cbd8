/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes elements. Text is never parsed as markup. */

export const byId = id => document.getElementById(id);

/* element("p", { class: "hint" }, "text", child, …): null children are left out. */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {}))
    set(made, key, value);
  made.append(...children.filter(child => child !== null));
  return made;
}

/* Sets an attribute or a handler (onclick). False and null remove it. */
export function set(node, key, value) {
  if (typeof value === "function")
    node.addEventListener(key.slice(2), value);
  else if (value === false || value === null)
    node.removeAttribute(key);
  else if (node.getAttribute(key) !== String(value))
    node.setAttribute(key, value === true ? "" : value);
}

/* Writes only changed text, so that selections and screen readers are not disturbed. */
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

/* Text of a guest or an admin, in any direction: it cannot reorder the text beside it. */
export const foreign = (text, attributes) => element("bdi", attributes, text);

/* A kernel, in monospace; lines can break after hyphens. */
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

/* Also selects it: if the browser forbids the clipboard, one key is enough. */
async function copy(node) {
  window.getSelection().selectAllChildren(node);
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
