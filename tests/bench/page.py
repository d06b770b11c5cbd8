# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page in Cockpit: how soon a change is on it, how soon it is usable, and what a burst of changes costs it."""
import os
import statistics
import sys
import time

sys.path.insert(1, os.path.join(os.environ["XPV_SOURCE"], "tests", "cockpit"))
import pagetest  # noqa: E402
from harness import domain_xml  # noqa: E402

COMPATIBLE, INCOMPATIBLE = "2.6.18-398.el5PAE", "2.4.21-47.0.1.ELhugemem"
BURST = 1000

# Counts the frames and how often the count of rows, which a redraw writes last, has changed.
WATCH = """window.ticks = 0, window.draws = 0,
    (function frame() { window.ticks++; requestAnimationFrame(frame); })(),
    new MutationObserver(() => { window.draws++; }).observe(document.querySelector("#count"),
        { childList: true, characterData: true, subtree: true })"""


class Page(pagetest.TestCase):
    def __enter__(self):
        self.setUp()
        return self

    def __exit__(self, *_):
        self.doCleanups()

    def load(self, count):
        """Seconds from the address to all domains counted and the first rows shown."""
        began = time.perf_counter()
        self.visit()
        self.until(f'document.querySelector("#count").textContent === "{count:,} of {count:,} domains" && '
                   'document.querySelector("#rows .domain")')
        return time.perf_counter() - began


def show(what, seconds, bound):
    print(f"  {what:64} {seconds:6.2f} s, must be ≤ {bound:g} s: {'yes' if seconds <= bound else 'NO'}", flush=True)


def changes():
    with Page() as page:
        virt = page.libvirtd(*(domain_xml(f"guest-{n:04}", n, COMPATIBLE) for n in range(1, 101)))
        page.start(virt.uri)
        page.open_page(rows=100)
        times = []
        for number in range(1, 21):  # another one each time: the daemon rests from one that has just changed
            began = time.perf_counter()
            virt.report(f"guest-{number:04}", INCOMPATIBLE)
            page.row_text(f"guest-{number:04}", INCOMPATIBLE)
            times.append(time.perf_counter() - began)
        show("from metadata being set to the row, median of 20", statistics.median(times), 0.5)


def usable(count, bound):
    node = "<node><cpu><model>x86_64</model><active>8</active></cpu><memory>8388608</memory>" + "".join(
        domain_xml(f"guest-{n:05}", n, (COMPATIBLE, INCOMPATIBLE)[n % 2]) for n in range(1, count + 1)) + "</node>"
    with Page() as page:
        page.start("test://" + page.write("host.xml", node))
        page.client.wait_for(lambda: sum(page.client.host()["Counts"].values()) >= count, "all to be published")
        page.serve()
        page.driver.get("about:blank")
        show(f"{count:,} domains: from the address to rows, median of 3",
             statistics.median(page.load(count) for _ in range(3)), bound)


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
    print("the page in Cockpit, in Chromium without a screen")
    pagetest.setUpModule()
    try:
        changes()
        usable(1000, 2)
        usable(10000, 6)
        burst()
    finally:
        pagetest.tearDownModule()
