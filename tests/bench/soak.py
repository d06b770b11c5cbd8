# SPDX-License-Identifier: LGPL-2.1-or-later
"""The soak: it runs the daemon beside an hour of a busy host's work, and prints each minute whether it has grown."""
import os
import random
import signal
import time

import xenstored
from fixtures import KERNELS, Bench, domain_xml
from harness import DOMAIN, PROPERTIES, path_of, uuid_of

DOMAINS = 500
PACE = 0.1        # seconds from one step to the next
RESTART = 5 * 60  # seconds between two restarts of libvirtd, which is killed
STOP = 15 * 60    # seconds between two stops of libvirtd, which last until the daemon gives it up
SETTLE = 5        # seconds without a step before a reading
TIMEOUT = 2       # seconds for a call of libvirt


class Soak(Bench):
    def begin(self):
        random.seed(1)
        self.store = xenstored.Xenstored(os.path.join(self.folder, "xenstored"))
        self.addCleanup(self.store.stop)
        self.virt = self.libvirtd(*(domain_xml(number) for number in range(1, DOMAINS + 1)))
        self.start_compatd(self.virt.uri, f"--call-timeout={TIMEOUT}", env={"XENSTORED_PATH": self.store.path})
        self.weights = {self.start_or_stop: 20, self.pause: 10, self.change_metadata: 20, self.report: 30, self.read: 20,
                        self.read_all: 2, self.refresh: 1}
        self.steps = {step: 0 for step in (*self.weights, self.restart, self.hang)}

    def any_domain(self):
        return self.virt.domain(f"guest-{random.randint(1, DOMAINS):05}")

    def start_or_stop(self):
        domain = self.any_domain()
        (domain.destroy if domain.isActive() else domain.create)()

    def pause(self):
        domain = self.any_domain()
        if domain.isActive():
            (domain.resume if domain.state()[0] == 3 else domain.suspend)()

    def change_metadata(self):
        kernel = random.choice(KERNELS) or f"2.6.18-{random.randint(1, 400)}.el5"
        self.any_domain().setMetadata(2, f"<guest><kernel>{kernel}</kernel></guest>", "compat", "urn:xenpv:compat:1", 0)

    def report(self):
        domain = self.any_domain()
        if domain.isActive():
            self.store.write(f"/local/domain/{domain.ID()}/data/os_uname", f"2.6.18-{random.randint(1, 400)}.el5")

    def read(self):
        for _ in range(10):
            path = path_of(uuid_of(random.randint(1, DOMAINS)))
            self.client.call(path, PROPERTIES, "GetAll", "(s)", DOMAIN)

    def read_all(self):
        self.client.domains()
        self.ctl("list")

    def refresh(self):
        self.client.refresh()

    def step(self):
        step = random.choices(list(self.weights), weights=self.weights.values())[0]
        self.steps[step] += 1
        step()

    def restart(self):
        self.virt.restart()
        self.client.wait_for(lambda: self.client.host()["Connected"], "Connected")

    def hang(self):
        self.virt.process.send(signal.SIGSTOP)
        self.client.wait_for(lambda: not self.client.host()["Connected"], "Connected false")
        self.virt.go_on()
        self.client.wait_for(lambda: self.client.host()["Connected"], "Connected")

    def reading(self):
        time.sleep(SETTLE)
        process = f"/proc/{self.daemon.pid}"
        return self.resident(), len(os.listdir(f"{process}/fd")), len(os.listdir(f"{process}/task"))


def main(seconds=3600):
    with Soak() as bench:
        bench.begin()
        begin, minute, troubles = time.monotonic(), 0, {bench.restart: RESTART, bench.hang: STOP}
        due = dict(troubles)
        print(f"{'minute':>7} {'resident':>12} {'descriptors':>12} {'threads':>8}")
        while (now := time.monotonic() - begin) < seconds:
            for trouble, interval in troubles.items():
                if now >= due[trouble]:
                    due[trouble] += interval
                    bench.steps[trouble] += 1
                    trouble()
            bench.step()
            bench.client.forget_signals()
            time.sleep(PACE)
            if now >= 60 * (minute + 1):
                minute += 1
                resident, descriptors, threads = bench.reading()
                print(f"{minute:7} {resident:8} KiB {descriptors:12} {threads:8}", flush=True)
        print(", ".join(f"{count} × {step.__name__}" for step, count in bench.steps.items()))
        bench.stop_daemon()
