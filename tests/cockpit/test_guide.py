# SPDX-License-Identifier: LGPL-2.1-or-later
"""The view "What could run here": the Guide's tables, judged for this host or another, and a verdict on any kernel."""
import pagetest
from pagetest import By, setUpModule, tearDownModule  # noqa: F401
from gi.repository import GLib


class Guide(pagetest.Example):
    def open_guide(self):
        self.visit("#/guide")
        self.until('document.querySelectorAll("#cells tr").length === 11')

    def choose(self, name, value):
        self.js(f'arguments[0].elements["{name}"].value = arguments[1],'
                'arguments[0].dispatchEvent(new Event("input", { bubbles: true }))', self.find("#facts"), value)

    def table(self):
        return [[cell.text.split("\n") for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
                for row in self.find_all("#cells tr")]

    def expected(self, facts):
        """Yields what the daemon answers for each cell."""
        cells = self.client.manager("CheckVariants", "(a{sv})", {key: GLib.Variant("s", text) for key, text in facts.items()})
        for verdict, reasons, results in cells[0]:
            if reasons == ["kernel-variant-unsupported"]:
                yield ["–"]
            elif verdict == "compatible":
                yield [verdict, results["Kernel"]]
            else:
                yield [verdict]

    def compare(self, facts):
        shown = [cell for row in self.table() for cell in row[1:]]
        for cell, want in zip(shown, self.expected(facts), strict=True):
            self.assertEqual(cell[:len(want)], want)
            self.assertEqual(len(cell) > 1, want != ["–"])  # the kernel, or the reason

    def test_this_host(self):
        self.open_guide()
        self.compare({})
        self.assertEqual([row[0] for row in self.table()],
                         [["athlon"], ["athlon-SMP"], ["ia32e"], ["i686"], ["i686-PAE"], ["i686-SMP"], ["i686-HUGEMEM"],
                          ["x86_64"], ["x86_64-SMP"], ["x86_64-LARGESMP"], ["ia64"]])
        for part in "As judged for this host.", "A dash: not supported on any host.":
            self.assertIn(part, self.find("#matrix-host").text)
        self.assertIn(self.client.host()["Rules"], self.find("#rules").text)
        self.assertEqual([option.text for option in self.find_all('[name="host-architecture"] option')],
                         ["as this host (x86_64)", "i686", "x86_64", "ia64"])
        self.assertIn("Needs i686 on the host, compiled for amd.", self.find("#cells tr td").text)

    def test_another_host(self):
        self.open_guide()
        self.choose("host-architecture", "i686")
        self.choose("host-processor", "amd")
        self.until('document.querySelector("#cells tr .badge").textContent === "compatible"')
        self.compare({"host-architecture": "i686", "host-processor": "amd"})
        self.assertIn("As judged for that host.", self.find("#matrix-host").text)
        self.choose("host-kernel", "2.6.18-8.el5xen")
        self.until('document.querySelector("#cells").textContent.includes("Host release is too old")')

    def test_ask(self):
        """A report is judged on Enter, also one of several lines, and again when the host is changed."""
        self.open_guide()
        self.find("#report").send_keys("kernel-smp-2.4.21-50.EL.i686", pagetest.Keys.ENTER)
        self.until('document.querySelector("#answer .badge")')
        verdict, _reasons, results = self.client.manager("CheckKernel", "(sa{sv})", "kernel-smp-2.4.21-50.EL.i686", {})
        text = self.find("#answer").text
        for part in verdict, results["Explanation"], "What to do: " + results["Remedy"], "prose supports 32-bit guests":
            self.assertIn(part, text)
        self.choose("host-architecture", "i686")
        self.until('document.querySelector("#answer .badge").textContent === "compatible"')

    def test_ask_nonsense(self):
        self.open_guide()
        self.find("#report").send_keys("<img src=x onerror=alert(1)> \u202e")
        self.find("#ask button").click()
        self.until('document.querySelector("#answer .badge").textContent === "unknown"')
        self.assertEqual(self.find_all("#answer img"), [])
        self.find("#report").clear()
        self.find("#ask button").click()
        self.until('!document.querySelector("#answer").hasChildNodes()')

    def test_links(self):
        """A link opens the view, and the browser's back button leaves it."""
        self.open_page(rows=13)
        self.find("#to-guide").click()
        self.until('!document.querySelector("#guide").hidden && document.querySelector("#cells tr")')
        self.assertEqual(self.find("#to-guide").get_attribute("aria-current"), "page")
        self.driver.back()
        self.until('document.querySelector("#guide").hidden && !document.querySelector("#domains").hidden')
        self.assertIsNone(self.find("#to-guide").get_attribute("aria-current"))


if __name__ == "__main__":
    pagetest.harness.main()
