# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page in Cockpit's shell, with its menu, and after a real login."""
import os
import socket
import subprocess

import pagetest
from pagetest import harness, setUpModule, tearDownModule  # noqa: F401
from harness import domain_xml
import test_systemd

INCOMPATIBLE = "2.4.21-47.0.1.ELhugemem"
ENTRY = '[...document.querySelectorAll("#host-apps a, nav a, a")].find(a => a.textContent.startsWith("Xen compatibility"))'
WARNING = '.querySelector(".nav-item-status svg")'


def ours(log):
    """Returns: the page's own messages in a browser's log; the shell's other pages miss services here."""
    return [entry for entry in log if "/xenpv-compat/" in entry["message"]]


class Menu(pagetest.TestCase):
    def leave(self):
        self.assertEqual(ours(self.driver.get_log("browser")), [])
        self.driver.get("about:blank")
        self.driver.get_log("browser")

    def test_warning(self):
        """The menu shows a warning while a guest is incompatible, whichever page is open."""
        virt = self.libvirtd(domain_xml("guest", 1, INCOMPATIBLE))
        self.start(virt.uri)
        self.serve()
        self.driver.get(self.cockpit.url + "/cockpit/@localhost/shell/index.html")
        self.until(f"{ENTRY}{WARNING}")
        self.assertEqual(self.js('JSON.parse(sessionStorage.getItem("cockpit:page_status")).localhost["xenpv-compat"]'),
                         {"type": "warning", "title": "1 running guest is incompatible"})
        virt.report("guest", INCOMPATIBLE, "<acknowledged/>")
        self.until(f"!{ENTRY}{WARNING}")
        virt.report("guest", INCOMPATIBLE)
        self.until(f"{ENTRY}{WARNING}")
        self.stop_daemon()
        self.until(f"!{ENTRY}{WARNING}")


class Login(test_systemd.Service):
    """Tests on a machine with the installed project, PAM, a system bus, and the unit that the bus starts."""

    def setUp(self):
        super().setUp()
        self.put("/etc/xenpv-compat/xenpv-compatd.conf",
                 f"[xenpv-compatd]\nuri={test_systemd.URI}\nhost-kernel=2.6.18-53.el5xen\nhost-processor=intel\n")
        self.put_drop_in("[Unit]\nAssertPathExists=\n")
        self.boot()
        self.run_there("systemctl", "start", "systemd-user-sessions.service")  # before it, only root may log in
        # Debian 13's Cockpit starts sessions by a socket of systemd.
        if "cockpit-session.socket" in self.run_there("systemctl", "list-unit-files", "--no-legend"):
            self.run_there("systemctl", "start", "cockpit-session.socket")
        self.run_there("useradd", "--create-home", "--shell=/bin/sh", "visitor")
        self.run_there("sh", "-c", "echo visitor:open-sesame | chpasswd")

    def listen(self):
        """Starts cockpit-ws on the machine, with a socket of this process. Returns: its URL."""
        server = socket.create_server(("127.0.0.1", 0))
        shell = f'exec 3<&{server.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec {pagetest.WS} --no-tls'
        popen = subprocess.Popen(self.machine.argv("env", "-i", "PATH=" + os.environ["PATH"], "bash", "-c", shell),
                                 pass_fds=[server.fileno()], stdin=subprocess.DEVNULL, stdout=self.machine.log,
                                 stderr=self.machine.log)
        self.addCleanup(popen.wait)
        self.addCleanup(popen.terminate)
        with server:
            return f"http://127.0.0.1:{server.getsockname()[1]}"

    def test_login(self):
        """An ordinary user logs in, sees the page, and can have the bus start the daemon."""
        browser = pagetest.TestCase()
        browser.take_browser()
        self.addCleanup(browser.driver.get, "about:blank")
        browser.driver.get(self.listen() + "/xenpv-compat")
        field = 'document.querySelector("#login-user-input")'
        browser.until(f"{field}.offsetParent && {field}").send_keys("visitor")
        browser.find("#login-password-input").send_keys("open-sesame", pagetest.Keys.ENTER)
        # The frame has another document before the page. A key is pressed, as a button may move under the pointer.
        frame = 'document.querySelector("iframe[name$=\'/xenpv-compat\']")'
        frame = browser.until(f'{frame}.contentDocument.querySelector("#banner") && {frame}')
        browser.driver.switch_to.frame(frame)
        browser.until('document.querySelector("#banner .primary")').send_keys(pagetest.Keys.ENTER)
        browser.until('document.querySelectorAll("#rows .domain").length === 13')
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertEqual(browser.find("#count").text, "13 of 13 domains")
        self.assertEqual(ours(browser.driver.get_log("browser")), [])


if __name__ == "__main__":
    harness.main()
