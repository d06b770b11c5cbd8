/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of the interface and their meaning in plain language. Unknown words are shown as they are. */
import { element, foreign, icon } from "./dom.js";

/* Worst first. */
export const VERDICTS = ["incompatible", "unknown", "compatible", "not-applicable"];

const PHRASES = {
  "control-domain": "is the control domain",
  "not-xen": "does not run on Xen",
  "paravirtualized-guest": "is para-virtualized and needs no such drivers",
  "guest-not-covered": "is no RHEL 3, 4 or 5",
  "kernel-pending": "has just started and may still report its kernel",
  "kernel-not-reported": "reports no kernel",
  "kernel-unrecognized": "report is not a kernel",
  "kernel-ambiguous": "report fits several kernels",
  "host-unknown": "host architecture is not known",
  "guest-release-unsupported": "guest release is too old",
  "kernel-variant-unsupported": "kernel variant is not supported",
  "host-architecture-mismatch": "needs another host architecture",
  "processor-mismatch": "kernel is compiled for another processor",
  "host-release-unsupported": "host release is too old",
  "host-release-unverified": "host kernel is not RHEL 5's, or not known",
  "host-processor-unknown": "host processor is not known and was not checked",
  "guide-disagrees": "the Guide's own prose supports 32-bit guests on 64-bit hosts",
  "boot-disk-paravirtualized": "GRUB cannot read a boot disk on the xen bus",
  "release-conflict": "libvirt's metadata names another RHEL than the kernel",
  "driver-package-missing": "the guest has no kmod-xenpv package, which its drivers come from",
  "drivers-active-unsupported": "para-virtualized drivers are active nevertheless",
  "drivers-not-active": "para-virtualized drivers are not active",
};

export const phrase = word => Object.hasOwn(PHRASES, word) ? PHRASES[word] : word;

/* An unknown verdict counts as "unknown". */
export const verdictKind = verdict => VERDICTS.includes(verdict) ? verdict : "unknown";

export function badge(verdict) {
  const kind = verdictKind(verdict);
  return element("span", { class: `badge ${kind}` }, icon(kind), verdict);
}

export const warning = word => element("li", {}, icon("warning"), element("span", {}, sentence(phrase(word))));

export const remedy = text => text
  ? element("p", { class: "remedy" }, element("b", {}, "What to do: "), foreign(text)) : null;

/* For a domain or a result of CheckKernel: why, what to do, and warnings. */
export function judgement(judged) {
  const warnings = (judged.Warnings || []).map(warning);
  return [
    element("p", {}, foreign(judged.Explanation || "")),
    remedy(judged.Remedy),
    warnings.length ? element("ul", { class: "warnings" }, ...warnings) : null,
  ].filter(Boolean);
}

export const sentence = text => text && text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");

export const plural = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

export const time = microseconds => new Date(microseconds / 1000).toLocaleString();
