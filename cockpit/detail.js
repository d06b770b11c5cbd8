/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An opened domain: all properties, the contents of its disk, and commands that report its kernel. */
import { command, element, foreign, kernel } from "./dom.js";
import { phrase, time } from "./words.js";

/* By topic. Unknown properties of a later daemon go to the last group. */
const GROUPS = {
  Judgement: ["Verdict", "Reasons", "Warnings", "Acknowledged", "ChangedAt"],
  Kernel: ["Kernel", "KernelSource", "Release", "Variant", "Processor", "RequiredHostArchitectures", "DriverSource"],
  Domain: ["Name", "Uuid", "Id", "State", "Virtualization", "Stale"],
  Drivers: ["Drivers", "DiskDrivers", "NetworkDrivers"],
  "On its disk": ["InstalledKernels", "DriverPackages", "InspectedAt"],
};
const IN_THE_ROW = ["path", "Explanation", "Remedy"];
const KERNELS = ["Kernel", "InstalledKernels", "DriverPackages"];

/* "RequiredHostArchitectures" becomes "Required host architectures". */
const label = name => name === "Uuid" ? "UUID"
  : name[0] + name.slice(1).replace(/[A-Z]/g, letter => " " + letter.toLowerCase());

function explained(word) {
  const meaning = phrase(word);
  const more = meaning === word ? null : element("span", { class: "hint" }, ` ${meaning}`);
  return element("span", {}, foreign(word), more);
}

function one(name, item) {
  if (KERNELS.includes(name))
    return kernel(item);
  return name === "Reasons" || name === "Warnings" ? explained(item) : foreign(String(item));
}

function value(name, item) {
  if (item === "" || (Array.isArray(item) && !item.length) || (item === 0 && name.endsWith("At")))
    return element("span", { class: "none" }, "–");
  if (name.endsWith("At") && typeof item === "number")
    return element("time", {}, time(item));
  if (typeof item === "boolean")
    return item ? "yes" : "no";
  if (Array.isArray(item))
    return element("ul", {}, ...item.map(each => element("li", {}, one(name, each))));
  return one(name, item);
}

function group(title, names, domain) {
  const there = names.filter(name => domain[name] !== undefined);
  if (!there.length)
    return null;
  const list = element("dl", {}, ...there.flatMap(name => [
    element("dt", {}, label(name)), element("dd", {}, value(name, domain[name]))]));
  return element("section", {}, element("h3", {}, title), list);
}

function properties(domain) {
  const known = [...IN_THE_ROW, ...Object.values(GROUPS).flat()];
  const groups = { ...GROUPS, More: Object.keys(domain).filter(name => !known.includes(name)) };
  return Object.entries(groups).map(([title, names]) => group(title, names, domain)).filter(Boolean);
}

const quote = text => `'${text.replaceAll("'", "'\\''")}'`;

const escape = text => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/* By UUID, as a name can be any text. */
function metadata(domain, host, content) {
  const live = domain.Id >= 0 ? " --live" : "";
  return `virsh -c ${quote(host.Uri || "xen:///system")} metadata ${domain.Uuid} urn:xenpv:compat:1 --key compat ` +
    `--config${live} --set ${quote(`<guest>${content}</guest>`)}`;
}

const IN_GUEST = "rpm -qf --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n' /boot/vmlinuz-$(uname -r)";

function commands(domain, host) {
  const kept = domain.KernelSource === "metadata" ? `<kernel>${escape(domain.Kernel)}</kernel>` : "";
  const parts = [
    element("h3", {}, "Report its kernel"),
    element("p", {}, "Run this in the guest. It names the package exactly."),
    command(IN_GUEST, "in the guest, print its kernel"),
    element("p", {}, "Then run this on the host, with the answer in place of KERNEL."),
    command(metadata(domain, host, "<kernel>KERNEL</kernel>"), "on the host, report the kernel"),
  ];
  if (domain.Verdict === "incompatible" && !domain.Acknowledged) {
    parts.push(
      element("h3", {}, "Acknowledge it"),
      element("p", {}, "The verdict stays, and no alert is raised any more."),
      command(metadata(domain, host, `${kept}<acknowledged/>`), "on the host, acknowledge"));
  }
  const code = text => element("code", {}, text);
  parts.push(element("p", { class: "hint" }, "If libvirt has no metadata (before 0.9.10), write ",
    code(`${domain.Uuid}=KERNEL`), " into the group ", code("[Kernels]"), ", or ", code(`${domain.Uuid}=true`),
    " into ", code("[Acknowledged]"), " of ", code("/etc/xenpv-compat/kernels.conf"), "."));
  return element("section", { class: "commands" }, ...parts);
}

/* Returns the contents of an opened row. */
export function detail(domain, host) {
  return [element("div", { class: "properties" }, ...properties(domain)), commands(domain, host)];
}
