# SPDX-License-Identifier: LGPL-2.1-or-later
"""People who see little or nothing can use the page. RULES are checks of axe-core, written by hand; if XPV_AXE names
axe.min.js of npm's axe-core, axe-core runs as well."""
import os
import unittest

import pagetest
from pagetest import harness, setUpModule, tearDownModule  # noqa: F401

AXE = os.environ.get("XPV_AXE")

# Each rule returns the elements that break it.
RULES = {
    "a control has a name": """[...document.querySelectorAll("button, input, select, textarea, a")].filter(shown).filter(
        node => !(node.textContent.trim() || node.getAttribute("aria-label") || node.labels?.length))""",
    "a control is at least 24 pixels high": """[...document.querySelectorAll("button, input, select, textarea")].filter(shown)
        .filter(node => node.getBoundingClientRect().height < 24)""",
    "an id is unique": """[...document.querySelectorAll("[id]")].filter(
        node => document.querySelectorAll("#" + CSS.escape(node.id)).length > 1)""",
    "labels and tables refer to elements": """[...document.querySelectorAll("[aria-labelledby], label[for]")].filter(
        node => !document.getElementById(node.getAttribute("aria-labelledby") || node.getAttribute("for")))""",
    "an open row's button names its detail": """[...document.querySelectorAll("[aria-expanded=true]")].filter(
        node => !document.getElementById(node.getAttribute("aria-controls")))""",
    "headings go down by one": """[...document.querySelectorAll("h1, h2, h3, legend")].filter(shown).filter(
        (node, index, all) => level(node) - (index ? level(all[index - 1]) : 0) > 1)""",
    "screen readers skip icons": """[...document.querySelectorAll("svg")].filter(
        node => node.getAttribute("aria-hidden") !== "true")""",
    "an icon has a word by it": """[...document.querySelectorAll(".badge, .warnings li, #wrong-title")].filter(shown)
        .filter(node => node.textContent.trim() === "")""",
    "the parts of a table have their roles": """[...document.querySelectorAll("table, thead, tbody, tr, th, td")]
        .filter(node => !({ TABLE: ["table"], THEAD: ["rowgroup"], TBODY: ["rowgroup"], TR: ["row"], TD: ["cell"],
            TH: ["columnheader", "rowheader"] })[node.tagName].includes(node.getAttribute("role")))""",
    "Tab follows the order of the page": """[...document.querySelectorAll("[tabindex]")].filter(
        node => node.tabIndex > 0)""",
    "text stands out: 4.5 to 1": """[...document.querySelectorAll("body *")].filter(shown).filter(
        node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()) && !node.closest(":disabled")
            && contrast(node) < 4.5)""",
    "a control's edge stands out: 3 to 1": """[...document.querySelectorAll("input, select, textarea")].filter(shown).filter(
        node => ratio(rgb(getComputedStyle(node).borderTopColor), background(node.parentElement)) < 3)""",
}
HELPERS = """
const shown = node => node.checkVisibility() && node.getClientRects().length > 0;
const level = node => node.tagName === "LEGEND" ? 2 : Number(node.tagName[1]);
const rgb = text => text.match(/[\\d.]+/g).map(Number);
function background(node) {
    for (; node; node = node.parentElement) {
        const colour = rgb(getComputedStyle(node).backgroundColor);
        if (colour.length < 4 || colour[3] === 1)
            return colour;
    }
    return [255, 255, 255];
}
const light = colour => colour.slice(0, 3).map(c => c / 255).map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
function ratio(a, b) {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + .05) / (low + .05);
}
function contrast(node) {
    let opacity = 1;
    for (let each = node; each; each = each.parentElement)
        opacity *= getComputedStyle(each).opacity;
    const behind = background(node);
    const colour = rgb(getComputedStyle(node).color).slice(0, 3).map((c, i) => c * opacity + behind[i] * (1 - opacity));
    return ratio(colour, behind);
}
const tell = node => node.outerHTML.slice(0, 200);
"""


class Access(pagetest.Example):
    def everywhere(self, look):
        """Calls look() for both views, with an open row, light and dark, wide and narrow."""
        for view, there in (("#/", "#rows .domain"), ("#/?text=nosuch", "#empty:not([hidden])"), ("#/guide", "#cells tr")):
            self.visit(view)
            self.until(f'document.querySelector("{there}")')
            if view == "#/":
                self.find("#rows .name").click()
                self.until('document.querySelector(".detail")')
            if view == "#/guide":
                self.find("#report").send_keys("2.4.21-50.ELsmp", pagetest.Keys.ENTER)
                self.until('document.querySelector("#answer .badge")')
            for scheme in "light", "dark":
                self.browser.prefer(scheme)
                self.until(f'document.documentElement.dataset.theme === "{scheme}"')
                for width in 1400, 400:
                    self.browser.size(width)
                    look(f"{view} {scheme} {width}")

    def test_rules(self):
        def look(where):
            for rule, broken in RULES.items():
                with self.subTest(rule, where=where):
                    self.assertEqual(self.driver.execute_script(f"{HELPERS} return ({broken}).map(tell);"), [])
        self.everywhere(look)

    def test_outdated(self):
        """Outdated rows, which are shown paler, are still readable."""
        self.open_page(rows=13)
        self.js('document.body.classList.add("outdated")')
        for scheme in "light", "dark":
            self.browser.prefer(scheme)
            self.until(f'document.documentElement.dataset.theme === "{scheme}"')
            rule = RULES["text stands out: 4.5 to 1"]
            self.assertEqual(self.driver.execute_script(f"{HELPERS} return ({rule}).map(tell);"), [])

    def test_roles(self):
        """The page's accessibility tree has these roles and names, which a screen reader reads."""
        self.open_page(rows=13)
        tree = self.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        told = {(node.get("role", {}).get("value"), node.get("name", {}).get("value")) for node in tree if not node["ignored"]}
        for role, name in (("heading", "Xen compatibility"), ("navigation", "Views"), ("link", "Domains"), ("main", ""),
                           ("table", "Domains"), ("columnheader", "Verdict"), ("group", "Show only these verdicts"),
                           ("button", "erp39-smp"), ("button", "incompatible 3"), ("status", ""),
                           ("searchbox", "Filter by name, kernel or reason")):
            self.assertIn((role, name), told)

    @unittest.skipUnless(AXE, "XPV_AXE names no axe-core")
    def test_axe(self):
        with open(AXE, encoding="utf-8") as file:
            axe = file.read()

        def look(where):
            self.driver.execute_script(axe)
            found = self.driver.execute_async_script("axe.run().then(result => arguments[0](result.violations))")
            self.assertEqual([(each["id"], [node["html"] for node in each["nodes"]]) for each in found], [], where)
        self.everywhere(look)


if __name__ == "__main__":
    if not AXE:
        del Access.test_axe
    harness.main()
