# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page on the example host: what it shows, and how it is used."""

import pagetest
from pagetest import harness
from pagetest import Keys, setUpModule, tearDownModule  # noqa: F401

WORST_FIRST = ["erp39-smp", "legacy38", "lab54-xen", "fresh-install", "mail39", "archive", "build53-boot",
               "db48-largesmp", "erp39-em64t", "web51-pae", "Domain-0", "pv-proxy", "sid"]
LEGACY = "erp39-smp"


class Shown(pagetest.Example):
    def test_host(self):
        self.open_page(rows=13)
        host = self.client.host()
        for fact in host["HostName"], "x86_64", "intel", "kernel 2.6.18-53.el5xen", "RHEL 5.1":
            self.assertIn(fact, self.find("#host").text)
        self.assertIn(host["Rules"], self.find("#host").get_attribute("title"))

    def test_refresh(self):
        self.open_page(rows=13)
        before = self.client.host()["LastUpdate"]
        button = self.find("#refresh")
        self.js("new MutationObserver(() => window.said = (window.said || '') + arguments[0].textContent)"
                ".observe(arguments[0], { childList: true })", button)
        button.click()
        self.until('window.said === "Refreshing …Refresh" && !document.querySelector("#refresh").disabled')
        self.assertGreater(self.client.host()["LastUpdate"], before)

    def test_wrong(self):
        """The summary names the incompatible guest that runs, but not one that is acknowledged or shut off."""
        self.open_page(rows=13)
        domain = self.client.domain(harness.uuid_of(5))
        self.assertEqual(self.find("#wrong-title").text, "1 running guest is incompatible\n1 other is acknowledged. 2 running guests are unknown.")
        self.assertEqual(self.find("#wrong-list").text.split("\n"),
                         ["erp39-smp", domain["Explanation"], "What to do: " + domain["Remedy"]])

    def test_rows(self):
        """Each row has the domain's properties from the bus; the worst verdict comes first."""
        self.open_page(rows=13)
        self.assertEqual(self.names(), WORST_FIRST)
        self.assertEqual(self.find("#count").text, "13 of 13 domains")
        domains = {domain["Name"]: domain for domain in self.client.domains().values()}
        for name in WORST_FIRST:
            domain, cells = domains[name], self.row(name).find_elements(pagetest.By.CSS_SELECTOR, "td")
            with self.subTest(name):
                self.assertEqual([cell.text for cell in cells[:3]],
                                 [domain["State"], domain["Verdict"], domain["Kernel"] or "none reported"])
                self.assertIn(domain["Explanation"], cells[3].text)
                self.assertIn(domain["Remedy"], cells[3].text)
                self.assertEqual("What to do:" in cells[3].text, domain["Remedy"] != "")
                icon = cells[1].find_element(pagetest.By.CSS_SELECTOR, ".badge use").get_attribute("href")
                self.assertEqual(icon, "#icon-" + domain["Verdict"])
                self.assertEqual("acknowledged" in self.row(name).find_element(pagetest.By.CSS_SELECTOR, "th").text,
                                 domain["Acknowledged"])

    def test_warnings(self):
        self.open_page(rows=13)
        self.row_text(LEGACY, "The Guide's own prose supports 32-bit guests on 64-bit hosts.")

    def test_kernel_breaks_at_hyphens(self):
        self.open_page(rows=13)
        kernel = self.row("web51-pae").find_element(pagetest.By.CSS_SELECTOR, ".kernel")
        self.assertEqual(kernel.get_attribute("innerHTML"), "kernel-<wbr>PAE-<wbr>2.6.18-<wbr>53.1.4.el5.i686")
        self.assertIn("Mono", kernel.value_of_css_property("font-family"))

    def test_detail(self):
        """An open row shows each property that the daemon publishes, under a name like the property's."""
        self.open_page(rows=13)
        self.row(LEGACY).find_element(pagetest.By.CSS_SELECTOR, ".name").click()
        self.until('document.querySelector("#rows .detail")')
        domain = self.client.domain(harness.uuid_of(5))
        labels = [label.text for label in self.find_all("#rows .detail dt")]
        for name in set(domain) - {"Explanation", "Remedy"}:
            self.assertIn(name.lower(), [label.replace(" ", "").lower() for label in labels])
        text = self.find("#rows .detail").text
        for value in (domain["Uuid"], "host-architecture-mismatch", "needs another host architecture", "kmod-xenpv"):
            self.assertIn(value, text)

    def test_commands(self):
        """The commands name the domain by UUID; the one to acknowledge keeps the kernel in the metadata."""
        self.open_page(rows=13)
        self.row(LEGACY).find_element(pagetest.By.CSS_SELECTOR, ".name").click()
        self.until('document.querySelector("#rows .detail")')
        commands = [code.get_attribute("textContent") for code in self.find_all(".detail .command code")]
        virsh = (f"virsh -c 'test://{harness.EXAMPLE_HOST}' metadata {harness.uuid_of(5)} urn:xenpv:compat:1 --key compat "
                 "--config --live --set '<guest>{}</guest>'")
        self.assertEqual(commands[1:], [virsh.format("<kernel>KERNEL</kernel>"),
                                        virsh.format("<kernel>kernel-smp-2.4.21-50.EL.i686</kernel><acknowledged/>")])
        self.assertIn("/boot/vmlinuz-$(uname -r)", commands[0])

    def test_copy(self):
        self.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite"]})
        self.open_page(rows=13)
        self.row(LEGACY).find_element(pagetest.By.CSS_SELECTOR, ".name").click()
        self.until('document.querySelector("#rows .detail .copy")').click()
        self.until('document.querySelector("#rows .detail .copy").textContent === "Copied"')
        copied = self.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
        self.assertEqual(copied, self.find(".detail .command code").get_attribute("textContent"))


class Filters(pagetest.Example):
    def test_chips(self):
        """Each verdict has a count and is a filter; the filters are in the URL and survive a reload."""
        self.open_page(rows=13)
        self.assertEqual([chip.text.split() for chip in self.find_all(".chip")],
                         [["incompatible", "3"], ["unknown", "3"], ["compatible", "4"], ["not-applicable", "3"]])
        self.find('.chip[data-verdict="unknown"]').click()
        self.until_names("fresh-install", "mail39", "archive")
        self.find('.chip[data-verdict="incompatible"]').click()
        self.until_names(*WORST_FIRST[:6])
        self.assertEqual(self.find("#count").text, "6 of 13 domains")
        self.assertIn("verdict=incompatible", self.driver.current_url)
        self.driver.refresh()
        self.until_names(*WORST_FIRST[:6])
        self.assertEqual([chip.get_attribute("aria-pressed") for chip in self.find_all(".chip")],
                         ["true", "true", "false", "false"])

    def test_text(self):
        """The text filter finds names, kernels and reasons, as words or phrases, in upper or lower case."""
        self.open_page(rows=13)
        field = self.find("#text")
        for text, names in (("ERP", ["erp39-smp", "erp39-em64t"]), ("el5pae", ["build53-boot"]),
                            ("guest-release-unsupported", ["legacy38"]), ("Guest release is too old", ["legacy38"])):
            field.send_keys(text)
            self.until_names(*names)
            self.assertEqual(self.js("document.activeElement.id"), "text")
            field.send_keys(Keys.CONTROL + "a", Keys.DELETE)  # clear() would take the focus away and send no input
            self.until_names(*WORST_FIRST)
        field.send_keys("a&b=#ü")
        self.until('!document.querySelector("#empty").hidden')
        self.driver.refresh()
        self.until('document.querySelector("#text").value === "a&b=#ü"')

    def test_nothing_matches(self):
        self.visit("#/?text=nosuch&verdict=compatible")
        self.until('document.querySelector("#empty-text").textContent === "No domain matches."')
        self.assertFalse(self.find("#table").is_displayed())
        self.find("#clear").click()
        self.until_names(*WORST_FIRST)
        self.assertEqual((self.find("#text").get_attribute("value"), self.js("window.location.hash")), ("", "#/"))

    def test_sort(self):
        self.open_page(rows=13)
        for key, way, first in (("name", "ascending", "Domain-0"), ("name", "descending", "web51-pae"),
                                ("state", "ascending", "Domain-0"), ("kernel", "descending", "build53-boot"),
                                ("verdict", "ascending", "erp39-smp"), ("verdict", "descending", "pv-proxy")):
            head = self.find(f'th[data-key="{key}"]')
            while head.get_attribute("aria-sort") != way:
                before = head.get_attribute("aria-sort")
                head.find_element(pagetest.By.CSS_SELECTOR, "button").click()
                self.until(f"""document.querySelector('th[data-key="{key}"]').getAttribute("aria-sort") !== """
                           + ("null" if before is None else f'"{before}"'))
            with self.subTest(f"{key} {way}"):
                self.assertEqual(self.js('document.querySelectorAll("th[aria-sort]").length'), 1)
        self.driver.refresh()
        self.until('document.querySelector(\'th[data-key="verdict"]\').getAttribute("aria-sort") === "descending"')

    def test_wrong_leads_to_the_row(self):
        """The summary's button opens the guest's row, even if the filters hide it."""
        self.open_page("#/?verdict=compatible", rows=4)
        self.find("#wrong-list button").click()
        self.until('document.querySelector("#rows .detail")')
        self.assertEqual(self.focused().text, LEGACY)

    def test_hostile_location(self):
        """Unknown filters in the URL, as of a hostile link, are ignored."""
        self.open_page("#/?verdict=constructor&sort=__proto__&order=x&text=", rows=13)
        self.assertEqual(self.names(), WORST_FIRST)


class Keyboard(pagetest.Example):
    def test_all(self):
        """Tab reaches each control in the order of the page; Enter or Space works it."""
        self.open_page(rows=13)
        seen = []
        for _ in range(12):
            self.press(Keys.TAB)
            focused = self.focused()
            self.assertNotEqual(focused.value_of_css_property("outline-style"), "none", focused.text)
            seen.append(focused.get_attribute("id") or focused.text.split("\n")[0])
        self.assertEqual(seen, ["refresh", "to-domains", "to-guide", LEGACY, "incompatible", "unknown", "compatible",
                                "not-applicable", "text", "Name", "State", "Verdict"])
        self.press(Keys.TAB, Keys.TAB)
        self.assertEqual(self.focused().text, LEGACY)
        self.press(Keys.ENTER)
        self.until('document.querySelector("#rows .detail")')
        self.assertEqual(self.focused().get_attribute("aria-expanded"), "true")
        self.press(Keys.SPACE)
        self.until('!document.querySelector("#rows .detail")')

    def test_pointer(self):
        """A click anywhere in the row opens it, but one that selects text does not."""
        self.open_page(rows=13)
        self.row("sid").find_elements(pagetest.By.CSS_SELECTOR, "td")[3].click()
        self.until('document.querySelector("#rows .detail")')
        kernel = self.row("mail39").find_element(pagetest.By.CSS_SELECTOR, ".kernel")
        self.click_with_selection(kernel)
        self.assertEqual(len(self.find_all("#rows .detail")), 1)

    def click_with_selection(self, element):
        self.js("window.getSelection().selectAllChildren(arguments[0])", element)
        self.js("arguments[0].click()", element)
        self.js("window.getSelection().removeAllRanges()")


class Themes(pagetest.Example):
    def colour(self):
        return self.js('[document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]')

    def test_dark(self):
        """The dark theme follows the system, Cockpit's saved style, and a change of it while the page is open."""
        self.open_page(rows=13)
        light = self.colour()
        self.browser.prefer("dark")
        dark = self.until('document.documentElement.dataset.theme === "dark"') and self.colour()
        self.assertNotEqual(light[1], dark[1])
        self.js('window.dispatchEvent(new CustomEvent("cockpit-style", { detail: { style: "light" } }))')
        self.assertEqual(self.colour(), light)
        self.js('localStorage.setItem("shell:style", "light")')
        self.driver.refresh()
        self.until('document.querySelectorAll("#rows .domain").length === 13')
        self.assertEqual(self.colour(), light)
        self.js('localStorage.removeItem("shell:style")')

    def test_narrow(self):
        """On narrow screens, rows become cards: all text fits, and tables keep their roles for screen readers."""
        self.open_page(rows=13)
        self.row(LEGACY).find_element(pagetest.By.CSS_SELECTOR, ".name").click()
        self.until('document.querySelector("#rows .detail")')
        for view in "#/", "#/guide":
            self.js(f'window.location.hash = "{view}"')
            self.until('document.querySelector("#cells tr")' if view == "#/guide" else "true")
            for width in 400, 800, 1400:
                self.browser.size(width)
                self.assertLessEqual(self.js("document.documentElement.scrollWidth"), width, (view, width))
        self.assertEqual(self.js('getComputedStyle(document.querySelector("#rows .domain")).display'), "table-row")


if __name__ == "__main__":
    harness.main()
