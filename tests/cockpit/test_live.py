# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page while domains, the daemon, libvirt or the user's rights change."""
import os
import signal

import pagetest
from pagetest import By, harness, setUpModule, tearDownModule  # noqa: F401
from pagetest import Keys
from harness import domain_xml, uuid_of

COMPATIBLE, INCOMPATIBLE = "2.6.18-398.el5PAE", "2.4.21-47.0.1.ELhugemem"
POLICY = os.path.join(harness.SOURCE, "dbus", "org.xenpv.Compat1.conf")


def guests(count, kernel=COMPATIBLE):
    return [domain_xml(f"guest-{number:04}", number, kernel) for number in range(1, count + 1)]


class Live(pagetest.TestCase):
    def begin(self, *domains):
        self.virt = self.libvirtd(*domains)
        self.start(self.virt.uri)
        self.open_page(rows=min(len(domains), 200))

    def test_life_of_a_domain(self):
        """The page and the menu follow a domain that appears, turns incompatible, is acknowledged, stops and goes."""
        self.begin(*guests(2))
        self.virt.define(domain_xml("new", 3, COMPATIBLE)).create()
        self.until_names("guest-0001", "guest-0002", "new")
        self.assertEqual(self.find("#wrong-title").text, "No running guest is incompatible")
        self.virt.report("new", INCOMPATIBLE)
        self.until_names("new", "guest-0001", "guest-0002")
        self.until('document.querySelector("#wrong-title").textContent === "1 running guest is incompatible"')
        self.virt.report("new", INCOMPATIBLE, "<acknowledged/>")
        self.until('document.querySelector("#wrong-title").textContent.includes("1 other is acknowledged.")')
        self.row_text("new", "acknowledged")
        self.virt.domain("new").destroy()
        self.row_text("new", "shut-off")
        self.virt.domain("new").undefine()
        self.until_names("guest-0001", "guest-0002")
        self.virt.define(domain_xml("silent", 4)).create()  # the summary must not say that all is well
        self.until('document.querySelector("#wrong-title").textContent.includes("1 running guest is unknown.")')
        self.assertEqual(self.js('document.querySelector("#wrong-title use").getAttribute("href")'), "#icon-unknown")

    def test_focus_stays(self):
        """The row with the focus keeps it and its place on the screen when rows move above it."""
        self.begin(*guests(12))
        button = self.row("guest-0008").find_element(By.CSS_SELECTOR, ".name")
        self.js("arguments[0].focus()", button)
        self.js("window.moved = [], document.addEventListener('focusout', event => window.moved.push(event.target.tagName))")
        before = self.js("arguments[0].getBoundingClientRect().top", button)
        self.virt.report("guest-0011", INCOMPATIBLE)
        self.until('document.querySelector("#rows .name bdi").textContent === "guest-0011"')
        self.assertEqual(self.focused().text, "guest-0008")
        self.assertAlmostEqual(self.js("arguments[0].getBoundingClientRect().top", button), before, delta=2)
        self.virt.report("guest-0008", INCOMPATIBLE)  # now the row itself moves
        self.until_names("guest-0008", "guest-0011", *(f"guest-{n:04}" for n in (1, 2, 3, 4, 5, 6, 7, 9, 10, 12)))
        self.assertEqual(self.focused().text, "guest-0008")
        self.assertEqual(self.js("window.moved"), [])
        self.virt.domain("guest-0008").destroy()  # the metadata ends with the run, so the row is now the last
        self.until_names("guest-0011", *(f"guest-{n:04}" for n in (1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 8)))
        self.assertEqual(self.focused().text, "guest-0008")
        self.virt.domain("guest-0008").undefine()
        self.until('document.activeElement.textContent === "guest-0012"')

    def test_open_row_stays(self):
        """An open row stays open and keeps its selected text while another domain changes."""
        self.begin(*guests(3))
        self.row("guest-0002").find_element(By.CSS_SELECTOR, ".name").click()
        code = self.until('document.querySelector(".detail .command code")')
        self.js("window.getSelection().selectAllChildren(arguments[0])", code)
        self.virt.report("guest-0003", INCOMPATIBLE)
        self.until('document.querySelector("#rows .name bdi").textContent === "guest-0003"')
        self.assertEqual(self.js("window.getSelection().toString()"), code.text.replace("\n", " "))

    def test_hostile_text(self):
        """Hostile or long names and reports are shown as text."""
        name = "<img src=x onerror=alert(1)>&amp;\u202e\"'"
        kernel = "2.4.21-50.EL <script>alert(1)</script> \u202egnihtemos " + "x" * 300
        self.begin(domain_xml("&lt;img src=x onerror=alert(1)&gt;&amp;amp;\u202e&quot;'", 1,
                              kernel.replace("<", "&lt;").replace(">", "&gt;")))
        self.assertEqual(self.names(), [name])
        domain = self.client.domain(uuid_of(1))
        self.assertEqual(self.js('document.querySelector("#rows .kernel").textContent'), domain["Kernel"])
        self.find("#rows .name").click()
        self.until('document.querySelector(".detail")')
        self.assertEqual(self.find_all("#rows img, #rows script, #wrong img"), [])
        for width in 1400, 400:
            self.browser.size(width)
            self.assertLessEqual(self.js("document.documentElement.scrollWidth"), width)
        commands = self.js('[...document.querySelectorAll(".command code")].map(code => code.textContent).join("\\n")')
        self.assertNotIn("<script", commands)
        self.assertNotIn("onerror", commands)
        for text in self.find_all("#rows .name > *, #rows .kernel"):
            self.assertEqual(text.value_of_css_property("unicode-bidi"), "isolate")

    def test_command_is_one(self):
        """A quote in the metadata's kernel cannot end the command that keeps it."""
        self.begin(domain_xml("quoted", 1, "2.4.21-47.0.1.ELhugemem '; reboot; '"))
        self.find("#rows .name").click()
        self.until('document.querySelector(".detail")')
        command = self.js('[...document.querySelectorAll(".command code")].pop().textContent')
        self.assertIn("<kernel>2.4.21-47.0.1.ELhugemem '\\''; reboot; '\\''</kernel><acknowledged/>", command)

    def test_show_more(self):
        """The page shows 200 rows, and a button shows more."""
        self.begin(*guests(230))
        self.assertEqual((len(self.names()), self.find("#count").text), (200, "230 of 230 domains"))
        self.assertEqual(self.find("#more").text, "Show 30 more")
        self.find("#more").click()
        self.until('document.querySelectorAll("#rows .domain").length === 230')
        self.assertFalse(self.find("#more").is_displayed())

    def test_burst_is_one_redraw_a_frame(self):
        """However many signals come between two frames, the rows are drawn once a frame."""
        self.begin(*guests(40))
        self.js("""window.frames_ = 0, window.draws = 0, window.drawn = false,
            (function frame() { window.frames_++; window.drawn = false; requestAnimationFrame(frame); })(),
            new MutationObserver(() => { window.draws++; }).observe(document.querySelector("#count"), { childList: true,
                characterData: true, subtree: true })""")
        for number in range(1, 41):
            self.virt.domain(f"guest-{number:04}").destroy()
            self.virt.domain(f"guest-{number:04}").undefine()
        self.until('document.querySelector("#empty-text").textContent === "There are no domains on this host."')
        self.assertLessEqual(self.js("window.draws"), self.js("window.frames_"))


class Outages(pagetest.TestCase):
    def banner(self, title):
        self.until(f'document.querySelector("#banner h2")?.textContent === "{title}"')
        return self.find("#banner").text

    def until_no_banner(self):
        self.until('document.querySelector("#banner").hidden')

    def test_daemon_comes_and_goes(self):
        """The page waits for the daemon, keeps its rows when it is killed, and updates them when it is back."""
        virt = self.libvirtd(*guests(2))
        self.visit()
        self.assertIn("systemctl start xenpv-compatd", self.banner("The daemon is not running"))
        self.assertEqual(self.find_all("#banner > div > button"), [])  # the bus cannot start it here
        self.assertFalse(self.find("#domains").is_displayed())
        self.start(virt.uri)
        self.until_names("guest-0001", "guest-0002")
        self.until_no_banner()
        self.stop_daemon(signal.SIGKILL)
        self.assertIn("What is shown is as of", self.banner("The daemon is not running"))
        self.assertEqual(self.names(), ["guest-0001", "guest-0002"])
        self.assertFalse(self.find("#refresh").is_enabled())
        virt.domain("guest-0001").destroy()
        virt.domain("guest-0001").undefine()
        self.client.wait_for(lambda: not self.client.owner, "the name's end")
        self.start(virt.uri)
        self.until_names("guest-0002")
        self.until_no_banner()
        self.assertTrue(self.find("#refresh").is_enabled())

    def test_libvirt_comes_and_goes(self):
        virt = self.libvirtd(*guests(2))
        self.start(virt.uri)
        self.open_page(rows=2)
        self.assertTrue(self.find("#banner").get_attribute("hidden"))
        virt.end()
        text = self.banner("libvirt is away")
        self.until('document.querySelector("#banner").textContent.includes("as of")')
        self.assertIn("journalctl -u xenpv-compatd", text)
        self.assertEqual(self.names(), ["guest-0001", "guest-0002"])
        virt.start()
        self.until_no_banner()

    def test_no_libvirt_from_the_start(self):
        self.start("test+unix:///default?socket=/nonexistent")
        self.visit()
        self.assertIn("Nothing has been read from it yet", self.banner("libvirt is away"))
        self.assertFalse(self.find("#domains").is_displayed())  # otherwise it would say that all is well

    def test_no_domains(self):
        self.start("test://" + self.write("node.xml", "<node><domain type='test'><name>only</name>"
                                          "<memory>1</memory><os><type>hvm</type></os></domain></node>"))
        self.open_page()
        self.assertEqual(self.find("#count").text, "2 of 2 domains" if len(self.names()) == 2 else "1 of 1 domain")


class Denied(pagetest.TestCase):
    """Tests on a bus whose policy denies all calls."""

    @property
    def policies(self):
        path = self.write("deny.conf", f"""<busconfig><policy context="default"><allow own="*"/>
            <allow send_destination="*"/><deny send_destination="{harness.NAME}"/></policy></busconfig>""")
        return (path,)

    def test_denied(self):
        self.launch("--uri", "test:///default")
        self.client.wait_for(lambda: self.client.owner, "the bus name")
        self.visit()
        self.until('document.querySelector("#banner h2")?.textContent === "Access is denied"')
        self.assertIn("systemctl reload dbus", self.find("#banner").text)
        self.browser.size(400)
        self.assertLessEqual(self.js("document.documentElement.scrollWidth"), 400)
        self.find("#banner .primary").click()
        self.until('document.querySelector("#banner h2")?.textContent === "Access is denied"')


class Unprivileged(pagetest.TestCase):
    """Tests as an ordinary user, with the installed policy."""

    policies = (POLICY,)
    user = harness.NOBODY

    def test_sees_all(self):
        self.start_example()
        os.chmod(self.bus.socket, 0o777)
        self.open_page(rows=13)
        self.assertEqual(self.find("#count").text, "13 of 13 domains")
        self.find("#refresh").click()
        self.until('document.querySelector("#refresh").textContent === "Refresh"')
        self.js('window.location.hash = "#/guide"')
        self.until('document.querySelectorAll("#cells tr").length === 11')


class Activated(pagetest.TestCase):
    """Tests on a bus that can start the daemon."""

    @property
    def policies(self):
        services = os.path.join(self.folder, "services")
        os.makedirs(services, exist_ok=True)
        self.write(f"services/{harness.NAME}.service",
                   f"[D-BUS Service]\nName={harness.NAME}\nUser=root\nExec={os.environ['XPV_DAEMON']} "
                   f"--config {self.write('empty.conf', '')} --uri test://{harness.EXAMPLE_HOST}\n")
        return (self.write("activation.conf", f"""<busconfig><servicedir>{services}</servicedir>
            <policy context="default"><allow own="*"/><allow send_destination="*"/></policy></busconfig>"""),)

    def test_start(self):
        """A button starts the daemon; the page itself does not, as an admin may have stopped it."""
        self.visit()
        button = self.until('document.querySelector("#banner .primary")')
        self.assertEqual(button.text, "Start the daemon")
        self.assertIsNone(self.client.owner)
        button.send_keys(Keys.ENTER)
        self.until('document.querySelectorAll("#rows .domain").length === 13')
        self.until('document.querySelector("#banner").hidden')


if __name__ == "__main__":
    harness.main()
