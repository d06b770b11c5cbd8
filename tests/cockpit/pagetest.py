# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opens the page in Chromium. Each test starts its own cockpit-ws and bridge beside the processes of the system tests.

Tests do not sleep: until() evaluates its condition in the browser whenever the page changes.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "system"))
import harness  # noqa: E402
from harness import TIMEOUT  # noqa: E402

PAGE = os.path.join(harness.SOURCE, "cockpit")
WS = next((path for path in ("/usr/lib/cockpit/cockpit-ws", "/usr/libexec/cockpit-ws") if os.path.exists(path)), None)

# The library that harness preloads is for the daemon and libvirtd only.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}

# Resolves once the condition is true; it is evaluated after each change of the page.
UNTIL = """const done = arguments[arguments.length - 1];
const test = () => { try { return (%s); } catch { return false; } };
const look = () => { const found = test(); if (found) { observer.disconnect(); done(found); } };
const observer = new MutationObserver(look);
observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
for (const event of ["focusin", "focusout", "hashchange", "scroll", "load"])
    window.addEventListener(event, look, true);
document.addEventListener("load", look, true); /* the load of a frame does not reach the window */
look();"""


class Browser:
    """A headless Chromium, started once for all tests of a process."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="xenpv-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                         "--disable-background-networking", "--disable-component-update", "--disable-sync",
                         "--disable-dev-shm-usage", "--lang=en-US", f"--user-data-dir={self.folder}/profile"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        home = {"HOME": self.folder, "XDG_CONFIG_HOME": self.folder, "XDG_CACHE_HOME": self.folder}
        service = Service("/usr/bin/chromedriver", env=dict(ENVIRONMENT, **home))
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_script_timeout(TIMEOUT)
        self.size(1400, 1000)

    def end(self):
        self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)

    def size(self, width, height=1000):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def prefer(self, scheme):
        """Sets the system's colour scheme: light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})


class Cockpit:
    """A cockpit-ws without a login, on 127.0.0.1. Its socket listens before it starts."""

    def __init__(self, folder, env, user=None, argv=("--local-session=/usr/bin/cockpit-bridge",)):
        self.folder = os.path.join(folder, "cockpit")
        os.makedirs(os.path.join(self.folder, "share", "cockpit"))
        # The page is copied, because another user may not read the source folder.
        shutil.copytree(PAGE, os.path.join(self.folder, "share", "cockpit", "xenpv-compat"))
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
            env[name] = os.path.join(self.folder, name.lower())
            os.mkdir(env[name])
        if user:
            subprocess.run(["chown", "-R", str(user), self.folder], check=True)
        # Without these, the bridge starts a bus and an agent of the session's own, which do not end with it.
        env["DBUS_SESSION_BUS_ADDRESS"] = env["DBUS_SYSTEM_BUS_ADDRESS"]
        env["SSH_AUTH_SOCK"] = "/nonexistent"
        env["XDG_DATA_DIRS"] = os.path.join(self.folder, "share") + ":/usr/share"
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.url = f"http://127.0.0.1:{server.getsockname()[1]}"
            # Passes the socket as systemd does. It takes bash: dash cannot use descriptors above 9.
            shell = f'exec 3<&{server.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
            with open(os.path.join(folder, "cockpit.log"), "ab") as log:
                self.popen = subprocess.Popen(["bash", "-c", shell, "bash", WS, "--no-tls", *argv], env=dict(ENVIRONMENT, **env),
                                              pass_fds=[server.fileno()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                              user=user, group=user)

    def end(self):
        self.popen.terminate()
        self.popen.wait(TIMEOUT)


browser = None


def setUpModule():  # noqa: N802
    global browser
    browser = Browser()


def tearDownModule():  # noqa: N802
    browser.end()


class TestCase(harness.TestCase):
    """A test of the page in the browser. Any message in the browser's log fails it."""

    user = None  # the user of the session

    def setUp(self):
        super().setUp()
        self.cockpit = None
        self.take_browser()

    def take_browser(self):
        self.browser = browser
        self.driver = browser.driver
        browser.size(1400)
        browser.prefer("light")

    def serve(self):
        self.cockpit = Cockpit(self.folder, self.environment(), self.user)
        self.addCleanup(self.cockpit.end)
        self.addCleanup(self.leave)  # the page is left before Cockpit ends
        self.page_url = self.cockpit.url + "/cockpit/@localhost/xenpv-compat/index.html"

    def leave(self):
        try:
            self.assertEqual(self.driver.get_log("browser"), [])
        finally:
            self.driver.get("about:blank")
            self.driver.get_log("browser")

    def visit(self, hash_=""):
        if not self.cockpit:
            self.serve()
        self.driver.get(self.page_url + hash_)

    def open_page(self, hash_="", rows=1):
        """Opens the page and waits for at least this many rows."""
        self.visit(hash_)
        self.until(f'document.querySelectorAll("#rows .domain").length >= {rows}')

    def until(self, expression):
        """Waits until the expression is true in the page. Returns: its value."""
        while True:
            try:
                return self.driver.execute_async_script(UNTIL % expression)
            except TimeoutException:
                text = self.js("document.body.innerText")
                raise AssertionError(f"waited in vain until {expression}; the page says:\n{text}") from None
            except WebDriverException as error:
                if not re.search("unloaded|navigat", error.msg):  # another document is loaded
                    raise

    def js(self, expression, *arguments):
        return self.driver.execute_script(f"return ({expression});", *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def names(self):
        """Returns: the names in the rows, in order."""
        return self.js('[...document.querySelectorAll("#rows .name bdi")].map(name => name.textContent)')

    def until_names(self, *names):
        self.until('JSON.stringify([...document.querySelectorAll("#rows .name bdi")].map(name => name.textContent)) === '
                   f"JSON.stringify({json.dumps(names)})")

    def row(self, name):
        """Returns: the row of a domain, as an element."""
        return self.until(f'[...document.querySelectorAll("#rows .domain")].find(row => '
                          f'row.querySelector(".name bdi").textContent === {json.dumps(name)})')

    def row_text(self, name, text):
        """Waits until the row of a domain has a text."""
        self.until(f'[...document.querySelectorAll("#rows .domain")].some(row => row.querySelector(".name bdi").textContent'
                   f' === {json.dumps(name)} && row.innerText.includes({json.dumps(text)}))')

    def press(self, *keys):
        action = webdriver.ActionChains(self.driver)
        for key in keys:
            action.send_keys(key)
        action.perform()

    def focused(self):
        return self.driver.switch_to.active_element


class Example(TestCase):
    """A test on the example host, which is started once for a class, as its tests do not change it."""

    @classmethod
    def setUpClass(cls):
        cls.shared = TestCase()
        cls.addClassCleanup(cls.shared.doCleanups)
        cls.shared.setUp()
        cls.shared.start_example()
        cls.shared.serve()

    def setUp(self):
        self.client, self.cockpit, self.page_url = self.shared.client, self.shared.cockpit, self.shared.page_url
        self.take_browser()
        self.addCleanup(self.leave)


__all__ = ["Browser", "By", "Cockpit", "Example", "Keys", "TestCase", "setUpModule", "tearDownModule"]
