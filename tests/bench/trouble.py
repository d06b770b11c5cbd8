# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures what the tests bound with a tenfold margin: how long a read of the bus takes while libvirt is in trouble,
what a flood costs, and how soon a thousand starts are published."""
import os
import signal
import statistics
import time

import fixtures
import xenstored
from harness import DOMAIN, PROPERTIES, domain_xml, path_of, uuid_of

KERNEL = "2.6.18-398.el5PAE"
READS = 5000


class Bench(fixtures.Bench):
    def start_with(self, *domains, options=(), env=None):
        self.virt = self.libvirtd(*domains)
        env = dict(env or {}, LD_PRELOAD=os.environ["XPV_PRELOAD"])
        self.start_compatd(self.virt.uri, *options, env=env)

    def cpu(self):
        """Returns: the daemon's processor time so far, in seconds."""
        with open(f"/proc/{self.daemon.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def reads(self):
        """Returns: how many microseconds each of many reads of a property takes."""
        times = []
        for _ in range(READS):
            begin = time.perf_counter()
            self.client.call(path_of(uuid_of(2)), PROPERTIES, "Get", "(ss)", DOMAIN, "Verdict")
            times.append((time.perf_counter() - begin) * 1e6)
        return times


def percentile_99(times):
    return statistics.quantiles(times, n=100)[98]


def print_reads(name, times, idle):
    median, high = statistics.median(times), percentile_99(times)
    print(f"  {name:34} median {median:7.0f} µs   p99 {high:7.0f} µs   p99 / idle p99 {high / percentile_99(idle):5.2f}")


def reads_in_trouble(bench):
    """Reads of one property, while libvirt works and while it does not:"""
    fifo = os.path.join(bench.folder, "hang")
    bench.start_with(domain_xml("hangs", 1, KERNEL), domain_xml("other", 2, KERNEL),
                     options=["--call-timeout=1"], env={"XPV_HANG": "hangs", "XPV_HANG_FIFO": fifo})
    bench.reads()
    idle = bench.reads()
    print_reads("idle", idle, idle)
    os.mkfifo(fifo)
    os.chmod(fifo, 0o666)
    bench.virt.domain("hangs").suspend()
    print_reads("a call of one domain hangs", bench.reads(), idle)
    bench.client.wait_for_change(uuid_of(1), Stale=True)
    print_reads("given up, tried again", bench.reads(), idle)
    bench.virt.process.send(signal.SIGSTOP)
    print_reads("libvirtd stopped", bench.reads(), idle)
    bench.client.wait_for(lambda: not bench.client.host()["Connected"], "Connected false")
    print_reads("libvirtd stopped, connection lost", bench.reads(), idle)
    bench.virt.go_on()
    bench.virt.end()
    print_reads("libvirtd gone", bench.reads(), idle)
    print_reads("idle", bench.reads(), idle)


def thousand_starts(bench):
    """The time from the last of a thousand starts until all are published:"""
    count = 1000
    bench.start_with()
    domains = [bench.virt.define(domain_xml(f"guest-{n}", n, KERNEL)) for n in range(1, count + 1)]
    bench.client.refresh()
    cpu = bench.cpu()
    begin = time.perf_counter()
    for domain in domains:
        domain.create()
    last = time.perf_counter()
    bench.client.wait_for(lambda: sum(d["State"] == "running" for d in bench.client.domains().values()) == count, "starts")
    done = time.perf_counter()
    print(f"  {count} starts in {last - begin:.2f} s, all published {done - last:.2f} s after the last;"
          f" {(bench.cpu() - cpu) * 1e3:.0f} ms of processor time")


def guest_flood(bench):
    """A guest rewrites a key in xenstore 1,000 times a second:"""
    store = xenstored.Xenstored(os.path.join(bench.folder, "xenstored"))
    bench.addCleanup(store.stop)
    bench.start_with(domain_xml("guest", 1), domain_xml("other", 2, KERNEL), env={"XENSTORED_PATH": store.path})
    path = f"/local/domain/{bench.virt.domain('guest').ID()}/data/os_uname"
    store.write(path, "2.6.18-1.el5")
    bench.client.wait_for_change(uuid_of(1), Kernel="2.6.18-1.el5")
    cpu, begin = bench.cpu(), time.perf_counter()
    flood = store.flood(path, 1000, "2.6.18-{}.el5")
    bench.client.wait_for(lambda: flood.written >= 5000 or flood.ended.wait(0.1), "the flood's end")
    last = flood.end()
    seconds, cpu = time.perf_counter() - begin, bench.cpu() - cpu
    bench.client.wait_for_change(uuid_of(1), Kernel=last)
    print(f"  {flood.written / seconds:.0f} values a second: {100 * cpu / seconds:.1f} % of a processor,"
          f" {len(bench.client.changes(uuid_of(1))) / seconds:.1f} PropertiesChanged a second")


def metadata_flood(bench):
    """A domain's metadata is changed as fast as libvirt allows:"""
    bench.start_with(domain_xml("guest", 1, KERNEL), domain_xml("other", 2, KERNEL))
    guest = bench.virt.domain("guest")
    cpu, begin, n = bench.cpu(), time.perf_counter(), 0
    while time.perf_counter() - begin < 5:
        n += 1
        guest.setMetadata(2, f"<guest><kernel>2.6.18-{n}.el5</kernel></guest>", "compat", "urn:xenpv:compat:1", 1)
    seconds = time.perf_counter() - begin
    cpu = bench.cpu() - cpu
    bench.client.wait_for_change(uuid_of(1), Kernel=f"2.6.18-{n}.el5")
    print(f"  {n / seconds:.0f} changes a second: {100 * cpu / seconds:.1f} % of a processor,"
          f" {len(bench.client.changes(uuid_of(1))) / seconds:.1f} PropertiesChanged a second")


def main():
    for measure in (reads_in_trouble, thousand_starts, guest_flood, metadata_flood):
        print(measure.__doc__)
        with Bench() as bench:
            measure(bench)
