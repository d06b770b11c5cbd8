# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the page in Cockpit: how soon it shows a change, how soon it is usable, and what many changes cost it."""
import os
import statistics
import sys
import time

sys.path.insert(1, os.path.join(os.environ["XPV_SOURCE"], "tests", "cockpit"))
import pagetest  # noqa: E402
from harness import domain_xml  # noqa: E402

PATIENCE = 600  # seconds, far above each bound, so that a figure above its bound is measured, too

# This page only reads the same data: it shows what Cockpit, its bridge and the browser cost by themselves.
BARE = {
    "manifest.json": '{ "version": 1 }',
    "index.html": """<!DOCTYPE html><title>bare</title><script src="../base1/cockpit.js"></script>
        <script src="bare.js"></script><body></body>""",
    "bare.js": """const call = (name, ...rest) => cockpit.dbus(name, { bus: "system" }).call(...rest);
        call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", [], { type: "" })
            .then(() => { document.body.dataset.ready = performance.now(); });
        call("org.xenpv.Compat1", "/org/xenpv/Compat1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", [],
             { type: "" }).then(() => { document.body.dataset.read = performance.now(); });""",
}

COMPATIBLE, INCOMPATIBLE = "2.6.18-398.el5PAE", "2.4.21-47.0.1.ELhugemem"
BURST = 1000

# Counts frames and redraws: a redraw changes #count last.
WATCH = """window.ticks = 0, window.draws = 0,
    (function frame() { window.ticks++; requestAnimationFrame(frame); })(),
    new MutationObserver(() => { window.draws++; }).observe(document.querySelector("#count"),
        { childList: true, characterData: true, subtree: true })"""


class Page(pagetest.TestCase):
    def __enter__(self):
        self.setUp()
        self.driver.set_script_timeout(PATIENCE)
        self.driver.set_page_load_timeout(PATIENCE)
        return self

    def __exit__(self, *_):
        self.doCleanups()

    def load(self, count):
        """Returns: seconds from opening the address until the count is complete and rows are shown."""
        began = time.perf_counter()
        self.visit()
        self.until(f'document.querySelector("#count").textContent === "{count:,} of {count:,} domains" && '
                   'document.querySelector("#rows .domain")')
        return time.perf_counter() - began

    def serve(self):
        super().serve()
        folder = os.path.join(self.cockpit.folder, "share", "cockpit", "bare")
        os.mkdir(folder)
        for name, text in BARE.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)

    def load_bare(self):
        """Returns: seconds from opening the address to the bridge's first answer, and until all domains are read."""
        self.driver.get(self.page_url.replace("xenpv-compat", "bare"))
        self.until("document.body.dataset.ready && document.body.dataset.read")
        return [self.js(f"Number(document.body.dataset.{what})") / 1000 for what in ("ready", "read")]


def show(what, seconds, bound):
    print(f"  {what:64} {seconds:6.2f} s, must be ≤ {bound:g} s: {'yes' if seconds <= bound else 'NO'}", flush=True)


def changes():
    with Page() as page:
        virt = page.libvirtd(*(domain_xml(f"guest-{n:04}", n, COMPATIBLE) for n in range(1, 101)))
        page.start(virt.uri)
        page.open_page(rows=100)
        times = []
        for number in range(1, 21):  # each time another domain, as the daemon rests from one that has just changed
            began = time.perf_counter()
            virt.report(f"guest-{number:04}", INCOMPATIBLE)
            page.row_text(f"guest-{number:04}", INCOMPATIBLE)
            times.append(time.perf_counter() - began)
        show("from a change of metadata to its row, median of 20", statistics.median(times), 0.5)


def usable(count, bound):
    node = "<node><cpu><model>x86_64</model><active>8</active></cpu><memory>8388608</memory>" + "".join(
        domain_xml(f"guest-{n:05}", n, (COMPATIBLE, INCOMPATIBLE)[n % 2]) for n in range(1, count + 1)) + "</node>"
    with Page() as page:
        page.start("test://" + page.write("host.xml", node))
        page.client.wait_for(lambda: sum(page.client.host()["Counts"].values()) >= count, "all to be published",
                             PATIENCE)
        page.serve()
        loads, bare = zip(*((page.load(count), page.load_bare()) for _ in range(3)))
        ours = statistics.median(loads)
        ready, read = (statistics.median(times) for times in zip(*bare))
        show(f"{count:,} domains: from opening to rows, median of 3", ours, bound)
        print(f"      a bare page: bridge ready after {ready:.2f} s, all domains read after {read:.2f} s; ours takes "
              f"{ours / read:.2f} times that", flush=True)


def burst():
    with Page() as page:
        virt = page.libvirtd(*(domain_xml(f"guest-{n:04}", n, COMPATIBLE) for n in range(1, BURST + 1)))
        page.start(virt.uri)
        page.load(BURST)
        page.js(WATCH)
        began = time.perf_counter()
        for domain in virt.connection.listAllDomains():
            domain.destroy()
            domain.undefine()
        page.until('document.querySelector("#empty-text").textContent === "There are no domains on this host."')
        draws, ticks = page.js("window.draws"), page.js("window.ticks")
        print(f"  {BURST:,} domains stopped and removed in {time.perf_counter() - began:.1f} s: {draws} redraws in {ticks} frames, "
              f"must be at most one a frame: {'yes' if draws <= ticks else 'NO'}")


def main():
    print("the page in Cockpit, in headless Chromium")
    pagetest.setUpModule()
    try:
        changes()
        usable(1000, 2)
        usable(10000, 6)
        burst()
    finally:
        pagetest.tearDownModule()
