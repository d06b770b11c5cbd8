# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark: it measures xenpv-compatd and libvirt-dbus on the same domains, in one run, on this machine.

    tests/run --bench [--json FILE] [PART…]

Prints a table with a row for each measurement: the daemon's figure, the other's, their ratio, and its bound; --json
writes the same as JSON. PART is the name of a function below, “page”, “trouble” or “soak”. Bus, service and client
share one processor and libvirtd has the others, so that the scheduler's choices do not matter. Each figure is the
median of several readings, with the p99 if there are 100 or more. Compared programs take turns. A missed bound is no
failure, because machines are noisy.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time

TESTS = os.path.join(os.environ["XPV_SOURCE"], "tests")
sys.path[:0] = [TESTS, os.path.join(TESTS, "system")]
import harness  # noqa: E402
import inspection  # noqa: E402
import page  # noqa: E402
import soak  # noqa: E402
import trouble  # noqa: E402
import xenstored  # noqa: E402
from fixtures import BUILD, Bench, pin  # noqa: E402
from harness import DOMAIN, MANAGER, NAME, OBJECT_MANAGER, PROPERTIES, ROOT, path_of, uuid_of  # noqa: E402

MANAGED = (ROOT, OBJECT_MANAGER, "GetManagedObjects")
PEER = "org.freedesktop.DBus.Peer"
LIBVIRT_DBUS_DOMAIN = "/org/libvirt/Test/domain/_{}"


class Figure:
    """The median, and maybe the p99, of several readings in `unit`."""

    def __init__(self, readings, unit="µs"):
        self.unit = unit
        self.count = len(readings)
        self.median = statistics.median(readings)
        self.p99 = statistics.quantiles(readings, n=100)[98] if self.count >= 100 else None

    def __str__(self):
        scale, unit = (1e3, "ms") if self.unit == "µs" and self.median >= 1e4 else (1, self.unit)
        tail = f" / {self.p99 / scale:.0f}" if self.p99 is not None else ""
        digits = 0 if self.median / scale >= 100 else 1
        return f"{self.median / scale:.{digits}f}{tail} {unit}"


class Report:
    """The table; each row is printed when it is added."""

    def __init__(self):
        self.rows = []
        self.print("what, where: against what", "ours", "the other's", "value", "must be", "met")

    @staticmethod
    def print(what, ours, other, value, bound, met):
        print(f"{what:80} {ours!s:>15} {other!s:>15} {value:>8} {bound:>8} {met}", flush=True)

    def add(self, what, ours, other, value, bound, at_least=False):
        """@value: a ratio, or a figure, that must be at most, or at least, @bound. @ours, @other: its parts."""
        met = value >= bound if at_least else value <= bound
        self.rows.append({"what": what, "ours": vars(ours) if ours else None, "other": vars(other) if other else None,
                          "value": value, "at_least" if at_least else "at_most": bound, "met": met})
        relation = "≥" if at_least else "≤"
        self.print(what, ours or "", other or "", f"{value:.2f}", f"{relation} {bound:g}", "yes" if met else "NO")


def switches(pid):
    """Returns: how often the threads of a process have gone to sleep, which is how often they were woken."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
            total += int(next(line for line in file if line.startswith("voluntary_ctxt")).split()[1])
    return total


def count_calls(log):
    """Returns: the number of calls of libvirt's API in a client's log."""
    with open(log, encoding="utf-8", errors="replace") as file:
        return sum(" : vir" in line and "debug" in line for line in file)


def place(count, behind):
    return f"{count} domains, " + ("behind libvirtd" if behind else "in-process")


def state(report):
    """Measures how long a client takes to read all domains: the list, and all properties."""
    for count, behind, bounds, repeats in ((10, True, (1, 1), 100), (1000, True, (150, 50), 5), (10000, True, (1, 1), 1)):
        with Bench() as bench:
            uri = bench.host(count, behind)
            bench.start_compatd(uri)
            bench.start_libvirt_dbus(uri)
            bench.probe("walk", 1)
            short, whole, theirs = [], [], []
            for _ in range(repeats):
                short += bench.probe("call", 5, NAME, ROOT, MANAGER, "ListDomains")
                whole += bench.probe("call", 5, NAME, *MANAGED)
                theirs += bench.probe("walk", 1)
            theirs = Figure(theirs)
            for how, ours, bound in (("ListDomains", Figure(short), bounds[0]),
                                     ("GetManagedObjects", Figure(whole), bounds[1])):
                report.add(f"{how}, {place(count, behind)}: list + GetAll of libvirt-dbus", ours, theirs,
                           theirs.median / ours.median, bound, at_least=True)


def get(report):
    """Compares Get of one property with a Ping, and with libvirt-dbus, which asks libvirt for its property."""
    for behind in (False, True):
        with Bench() as bench:
            uri = bench.host(1000, behind)
            bench.start_compatd(uri)
            bench.start_libvirt_dbus(uri)
            path = path_of(uuid_of(500))
            readings = {"get": [], "ping": [], "theirs": []}
            for _ in range(50):  # taking turns spreads the machine's other load over all three
                readings["get"] += bench.probe("call", 400, NAME, path, PROPERTIES, "Get", DOMAIN, "Verdict")
                readings["ping"] += bench.probe("call", 400, NAME, path, PEER, "Ping")
                readings["theirs"] += bench.probe("call", 200, "org.libvirt", LIBVIRT_DBUS_DOMAIN.format(
                    uuid_of(500).replace("-", "_")), PROPERTIES, "Get", "org.libvirt.Domain", "Active")
            ours, ping, theirs = (Figure(readings[key]) for key in ("get", "ping", "theirs"))
            for name in ("median", "p99"):
                a, b, c = (getattr(figure, name) for figure in (ours, ping, theirs))
                report.add(f"Get, {name}, {place(1000, behind)}: Ping", ours, ping, a / b, 1.3)
                report.add(f"Get, {name}, {place(1000, behind)}: Get of libvirt-dbus", ours, theirs, a / c, 0.5)


def managed(report):
    """Compares GetManagedObjects with a service that does nothing but send the same answer."""
    with Bench() as bench:
        bench.start_compatd(bench.host(10000, False))
        bare = harness.Process([os.path.join(BUILD, "bare-service")], env=bench.environment(),
                               log=os.path.join(bench.folder, "bare-service"))
        bench.addCleanup(bare.end)
        bench.wait_for_name("org.xenpv.Bench")
        ours, theirs = [], []
        for _ in range(10):
            ours += bench.probe("call", 3, NAME, *MANAGED)
            theirs += bench.probe("call", 3, "org.xenpv.Bench", *MANAGED)
        ours, theirs = Figure(ours), Figure(theirs)
        report.add(f"GetManagedObjects, {place(10000, False)}: a bare service", ours, theirs,
                   ours.median / theirs.median, 1.25)


def begin(report):
    """Measures the start until all is published, and the cost of a domain among ten times as many."""
    started, read = {}, {}
    for count in (1000, 10000):
        with Bench() as bench:
            uri = bench.host(count, True)
            ours, plain = [], []
            for _ in range(7):
                began = time.perf_counter()
                subprocess.run([os.path.join(BUILD, "plain-loop"), uri], check=True)
                plain.append((time.perf_counter() - began) * 1e6)
                ours.append(bench.start_compatd(uri))
                bench.stop_daemon()
                bench.client.wait_for(lambda: not bench.client.owner, "the name's end")
            ours, plain = Figure(ours), Figure(plain)
            started[count] = ours
            report.add(f"start to all published, {place(count, True)}: a plain loop", ours, plain,
                       ours.median / plain.median, 1.1)
            bench.start_compatd(uri)
            read[count] = Figure(bench.probe("call", 15, NAME, *MANAGED))
    for what, figures in (("start", started), ("GetManagedObjects", read)):
        report.add(f"{what}, a domain of 10000 (left): one of 1000", figures[10000], figures[1000],
                   figures[10000].median / figures[1000].median / 10, 1.1)


def events(report):
    """Measures the time from libvirt's call that pauses or resumes a domain to the signal about it."""
    with Bench() as bench:
        uri = bench.host(1000, True)
        ours, theirs = [], []
        uuid = uuid_of(500)
        bench.start_compatd(uri)
        other = bench.start_libvirt_dbus(uri)
        bench.probe("walk", 1)
        for _ in range(5):  # one service is stopped while the other is timed
            other.send(signal.SIGSTOP)
            ours += bench.probe("events", 20, uri, uuid, "type='signal',interface='org.freedesktop.DBus.Properties',"
                                f"member='PropertiesChanged',path='{path_of(uuid)}'")
            other.send(signal.SIGCONT)
            bench.daemon.send(signal.SIGSTOP)
            theirs += bench.probe("events", 20, uri, uuid,
                                  "type='signal',interface='org.libvirt.Connect',member='DomainEvent'")
            bench.daemon.send(signal.SIGCONT)
        ours, theirs = Figure(ours), Figure(theirs)
        report.add(f"call of libvirt to PropertiesChanged, {place(1000, True)}: to DomainEvent", ours, theirs,
                   ours.median / theirs.median, 1.5)
        report.add("the same, the 99th percentile (left): the median", ours, None, ours.p99 / ours.median, 5)


def memory(report):
    """Measures resident memory after five full reads, and its growth per domain."""
    resident = {}
    for count in (1000, 10000):
        with Bench() as bench:
            bench.start_compatd(bench.host(count, True))
            bench.probe("call", 5, NAME, *MANAGED)
            resident[count] = Figure([bench.resident() / 1024], "MiB")
    report.add(f"resident after five GetManagedObjects, MiB, {place(10000, True)}", resident[10000], None,
               resident[10000].median, 48)
    report.add("the same, KiB for each domain above 1000", resident[10000], resident[1000],
               (resident[10000].median - resident[1000].median) * 1024 / 9000, 1.2)


def idle(report):
    """Counts the daemon's wakeups and its calls of libvirt in a minute in which nothing happens."""
    for behind in (False, True):
        with Bench() as bench:
            uri = bench.host(1000, behind)
            store = xenstored.Xenstored(os.path.join(bench.folder, "xenstored"))
            bench.addCleanup(store.stop)
            calls = os.path.join(bench.folder, "libvirt-calls")
            env = {"LIBVIRT_LOG_FILTERS": "1:libvirt", "LIBVIRT_LOG_OUTPUTS": f"1:file:{calls}",
                   "XENSTORED_PATH": store.path, "WATCHDOG_USEC": "180000000"}  # as in the unit
            bench.start_compatd(uri, "--grace=1", env=env)
            plain = subprocess.Popen([os.path.join(BUILD, "plain-loop"), uri, "--idle"], stdout=subprocess.PIPE)
            plain.stdout.readline()
            time.sleep(65)  # the work after the start is over, and the inspector has been missed
            before = switches(bench.daemon.pid), switches(plain.pid), count_calls(calls)
            if before[2] < bench.count:
                raise AssertionError(f"{calls} has only {before[2]} calls, fewer than domains")
            time.sleep(60)
            after = switches(bench.daemon.pid), switches(plain.pid), count_calls(calls)
            plain.kill()
            plain.wait()
            ours, theirs, asked = (b - a for a, b in zip(before, after))
            report.add(f"wakeups in 60 s, {place(1000, behind)} (right: a client that only listens)",
                       Figure([ours], "times"), Figure([theirs], "times"), ours, 12)
            report.add(f"calls of libvirt in 60 s, {place(1000, behind)}", Figure([asked], "calls"), None, asked, 0)


def disks(report):
    """Measures the inspector's reading of guests' disks."""
    inspection.disks(report, Figure)


PARTS = {part.__name__: part for part in (state, get, managed, begin, events, memory, idle, disks)}
BY_NAME = {"page": page.main, "trouble": trouble.main, "soak": soak.main}


def main():
    parser = argparse.ArgumentParser(prog="tests/run --bench")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to this file")
    parser.add_argument("parts", metavar="PART", nargs="*",
                        help=f"one of {', '.join(PARTS)}, which all run by default, or {', '.join(BY_NAME)}")
    options = parser.parse_args()
    for part in options.parts:
        if part not in (PARTS | BY_NAME):
            parser.error(f"there is no part “{part}”; there are {', '.join(PARTS | BY_NAME)}")
    report = Report()
    for part in options.parts or PARTS:
        if part in BY_NAME:
            BY_NAME[part]()
        else:
            pin()
            PARTS[part](report)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report.rows, file, indent=2, ensure_ascii=False)
            file.write("\n")


if __name__ == "__main__":
    main()
