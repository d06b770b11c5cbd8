/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "What could run here": tables 12.1 to 12.3, judged for a host, and the check of any kernel. */
import { byId, element, kernel, setText } from "./dom.js";
import { badge, judgement, phrase, sentence, verdictKind, warning } from "./words.js";

const CHOICES = { "host-architecture": ["i686", "x86_64", "ia64"], "host-processor": ["intel", "amd"] };
const PROPERTY = {
  "host-architecture": "HostArchitecture",
  "host-processor": "HostProcessor",
  "host-kernel": "HostKernel",
};
const NO_ROW = "kernel-variant-unsupported";

/* For cells, which have little room. */
const SHORT = {
  "host-architecture-mismatch": result => `needs ${result.RequiredHostArchitectures.join(" or ")} on the host`,
  "processor-mismatch": result => `compiled for ${result.Processor}`,
};
const why = result => sentence(result.Reasons.map(word => SHORT[word]?.(result) || phrase(word)).join(", "));

export class Guide {
  constructor(daemon) {
    this.daemon = daemon;
    this.form = byId("facts");
    this.asked = ""; /* the host that the table is for */
    for (const [name, words] of Object.entries(CHOICES)) {
      this.form.elements[name].append(
        element("option", { value: "" }), ...words.map(word => element("option", { value: word }, word)));
    }
    this.form.addEventListener("input", () => this.show());
    this.form.addEventListener("submit", event => event.preventDefault());
    byId("ask").addEventListener("submit", event => {
      event.preventDefault();
      this.answer();
    });
    byId("report").addEventListener("keydown", event => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        byId("ask").requestSubmit();
      }
    });
  }

  /* Only the chosen facts; the daemon adds this host's. */
  facts() {
    const facts = {};
    for (const name in PROPERTY) {
      const chosen = this.form.elements[name].value.trim();
      if (chosen)
        facts[name] = chosen;
    }
    return facts;
  }

  /* Asks again only if the host or the choice differs. */
  async show() {
    const { host, link } = this.daemon;
    for (const name in CHOICES)
      setText(this.form.elements[name].options[0], `as this host (${host[PROPERTY[name]] || "not known"})`);
    this.form.elements["host-kernel"].placeholder = host.HostKernel || "not known";
    setText(byId("rules"), host.Rules ? `By the ${host.Rules}.` : "");
    if (link !== "ready") {
      this.asked = "";
      return;
    }
    const facts = this.facts();
    const asked = JSON.stringify([facts, Object.values(PROPERTY).map(name => host[name])]);
    if (asked === this.asked)
      return;
    this.asked = asked;
    try {
      const cells = await this.daemon.checkVariants(facts);
      if (asked === this.asked)
        showCells(cells, Object.keys(facts).length ? "that host" : "this host");
    } catch (error) {
      if (asked === this.asked)
        setText(byId("matrix-host"), sentence(error.message || String(error)));
    }
    if (byId("answer").hasChildNodes())
      this.answer();
  }

  async answer() {
    const report = byId("report").value;
    if (!report.trim()) {
      byId("answer").replaceChildren();
      return;
    }
    try {
      const result = await this.daemon.checkKernel(report, this.facts());
      byId("answer").replaceChildren(
        element("p", { class: "verdict" }, badge(result.Verdict), kernel(result.Kernel)), ...judgement(result));
    } catch (error) {
      byId("answer").replaceChildren(element("p", { class: "error" }, sentence(error.message || String(error))));
    }
  }
}

/* A cell: the kernel to install if compatible, else the reasons. */
function cell(result, release) {
  const made = element("td", { role: "cell", "data-label": release });
  if (result.Reasons.includes(NO_ROW))
    made.append(element("span", { class: "none", "aria-label": "not supported" }, "–"));
  else if (result.Verdict === "compatible")
    made.append(badge(result.Verdict), element("p", {}, kernel(result.Kernel)));
  else
    made.append(badge(result.Verdict), element("p", { class: "hint" }, why(result)));
  made.classList.add(verdictKind(result.Verdict));
  return made;
}

function showCells(cells, host) {
  const rows = new Map();
  for (const result of cells) {
    if (!rows.has(result.Variant))
      rows.set(result.Variant, []);
    rows.get(result.Variant).push(result);
  }
  byId("cells").replaceChildren(...[...rows].map(([variant, results]) => element(
    "tr", { role: "row" }, element("th", { role: "rowheader", scope: "row" }, variant),
    ...results.map(result => cell(result, `RHEL ${result.Release.split(".")[0]}`)))));
  const warnings = new Set(cells.flatMap(result => result.Warnings));
  byId("matrix-warnings").replaceChildren(...[...warnings].map(warning));
  setText(byId("matrix-host"), `As judged for ${host}. Install the kernel that is named, or a newer one. ` +
    "A dash: not supported on any host.");
}
