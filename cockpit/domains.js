/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which domains are shown, in which order, and their counts. No drawing. */
import { VERDICTS, phrase, verdictKind } from "./words.js";

const isRunning = domain => domain.Id >= 0;

/* Alerts are signals and are not repeated, so the properties tell what is wrong. */
export const isWrong = domain => isRunning(domain) && domain.Verdict === "incompatible" && !domain.Acknowledged;

/* Worst first: wrong, other incompatible, unknown, compatible with a warning. */
function rank(domain) {
  const kind = VERDICTS.indexOf(verdictKind(domain.Verdict)) * 4;
  if (isWrong(domain))
    return -1;
  return kind + (domain.Warnings?.length ? 0 : 1) + (isRunning(domain) ? 0 : 2);
}

const KEYS = {
  name: domain => domain.Name,
  state: domain => domain.State,
  verdict: rank,
  kernel: domain => domain.Kernel,
};
export const isKey = key => Object.hasOwn(KEYS, key);

const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0;

function sort(domains, { key, descending }) {
  const keyOf = KEYS[key];
  const way = descending ? -1 : 1;
  const keyed = domains.map(domain => ({ domain, key: keyOf(domain), name: domain.Name }));
  keyed.sort((a, b) => way * compare(a.key, b.key) || compare(a.name, b.name));
  return keyed.map(({ domain }) => domain);
}

/* The text that the filter searches, made once per state of a domain. */
const haystacks = new WeakMap();

function haystack(domain) {
  let text = haystacks.get(domain);
  if (text === undefined) {
    const words = [...domain.Reasons || [], ...domain.Warnings || []];
    text = [domain.Name, domain.Kernel, domain.Explanation, ...words, ...words.map(phrase)].join("\n").toLowerCase();
    haystacks.set(domain, text);
  }
  return text;
}

/* Returns { rows, counts by verdict, wrong, acknowledged, unknown } of a Map of domains; the last two count running
 * ones.
 * filter: { verdicts: Set, text, key, descending } */
export function select(domains, filter) {
  const counts = Object.fromEntries(VERDICTS.map(verdict => [verdict, 0]));
  const wanted = filter.text.trim().toLowerCase();
  const rows = [];
  const wrong = [];
  let acknowledged = 0;
  let unknown = 0;
  for (const domain of domains.values()) {
    const kind = verdictKind(domain.Verdict);
    counts[kind]++;
    if (isWrong(domain))
      wrong.push(domain);
    else if (isRunning(domain)) {
      acknowledged += kind === "incompatible";
      unknown += kind === "unknown";
    }
    if ((!filter.verdicts.size || filter.verdicts.has(kind)) && (!wanted || haystack(domain).includes(wanted)))
      rows.push(domain);
  }
  return { rows: sort(rows, filter), counts, wrong: sort(wrong, { key: "name" }), acknowledged, unknown };
}
