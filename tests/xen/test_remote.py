# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon runs on another machine than the Xen host, over ssh, for hosts that cannot run it, as real RHEL 5 ones."""
import os

import harness
import libvirt
import xentest
from xentest import INCOMPATIBLE

# Compatible with the Intel processor that the options state; dom0's is from AMD.
COMPATIBLE = "kernel-2.4.21-50.EL.ia32e"


class Remote(xentest.Guests, harness.TestCase):
    def start_remote(self, parameters=""):
        """Starts the daemon, which knows of the host only what libvirt says and the options state. On a busy machine,
        the daemon has its name before ssh has connected."""
        options = "-F /dev/null -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        command = self.write("ssh", f'#!/bin/sh\nexec ssh {options} "$@"\n')
        os.chmod(command, 0o755)
        self.start(f"xen+ssh://root@127.0.0.1:{xentest.host.port}/system?keyfile={xentest.host.key}&no_verify=1"
                   f"&command={command}{parameters}", "--host-kernel=2.6.18-398.el5xen", "--host-processor=intel",
                   env={"XENSTORED_PATH": xentest.host.xenstored})  # the daemon must not ask it
        self.client.wait_for(lambda: self.client.host()["Connected"], "the connection")
        self.client.refresh()

    def wait_for(self, guest, **expected):
        self.client.wait_for_change(guest.uuid, **expected)
        return self.client.domain(guest.uuid)

    def follow(self, guest):
        """Starts and changes a guest: the daemon follows its metadata, and ignores what it writes to xenstore."""
        guest.start()
        domain = self.wait_for(guest, State="running", Id=guest.id())
        self.assertEqual((domain["Verdict"], domain["Kernel"], domain["KernelSource"], domain["Warnings"]),
                         ("compatible", COMPATIBLE, "metadata", []))
        guest.write("data/os_uname", "2.6.18-8.el5")
        guest.set_metadata(f"<kernel>{INCOMPATIBLE}</kernel>", libvirt.VIR_DOMAIN_AFFECT_LIVE)
        domain = self.wait_for(guest, Verdict="incompatible")
        self.assertEqual((domain["Kernel"], domain["Reasons"], domain["Drivers"]),
                         (INCOMPATIBLE, ["host-architecture-mismatch"], "unknown"))
        self.client.wait_for(lambda: self.client.members("IncompatibleDomain"), "the alert")
        guest.domain().destroy()
        domain = self.wait_for(guest, State="shut-off")
        self.assertEqual((domain["Kernel"], domain["KernelSource"]), (COMPATIBLE, "metadata"))

    def test_by_netcat(self):
        """The daemon reaches a libvirt older than 6.9, which has no virt-ssh-helper, by netcat."""
        guest = self.fully_virtualized(COMPATIBLE)
        self.start_remote("&proxy=netcat")
        self.follow(guest)

    def test_cut(self):
        """The host has the stated facts; kernels also come from kernels.conf and a guest's direct boot. When ssh ends,
        the published data stays, and the daemon connects again."""
        guest, listed, booted = self.fully_virtualized(COMPATIBLE), self.fully_virtualized(), self.paravirtualized()
        self.write("kernels.conf", f"[Kernels]\n{listed.name}={INCOMPATIBLE}\n")
        self.start_remote()
        domains = self.client.domains()
        self.assertEqual([(domains[each.uuid]["Kernel"], domains[each.uuid]["KernelSource"]) for each in (listed, booted)],
                         [(INCOMPATIBLE, "file"), ("vmlinuz", "direct-boot")])
        facts = self.client.host()
        self.assertEqual({name: facts[name] for name in ("Connected", "Hypervisor", "HostArchitecture", "HostKernel",
                                                         "HostProcessor", "HostRelease")},
                         {"Connected": True, "Hypervisor": "Xen", "HostArchitecture": "x86_64",
                          "HostKernel": "2.6.18-398.el5xen", "HostProcessor": "intel", "HostRelease": "5.11"})
        self.client.forget_signals()
        xentest.host.run("pkill virt-ssh-helper")
        self.client.wait_for(lambda: [changed["Connected"] for _interface, changed, _ in
                                      self.client.members("PropertiesChanged") if "Connected" in changed]
                             == [False, True], "the connection lost and made again")
        self.client.refresh()
        self.assertEqual(self.client.changes(guest.uuid), [])
        self.follow(guest)


class Unit(xentest.TestCase):
    def test_drop_in(self):
        """The unit works with the drop-in for remote hosts, and the hardening that it leaves."""
        key = "/etc/xenpv-compat/key"
        with open(xentest.host.key, "rb") as file:
            xentest.host.run(f"install -m 600 /dev/stdin {key}", input=file.read())
        self.addCleanup(xentest.host.run, f"rm {key}")
        with open(os.path.join(harness.SOURCE, "systemd/xenpv-compatd.service.d/remote.conf.example"),
                  encoding="utf-8") as file:
            self.drop_in(file.read())
        self.configure(f"uri=xen+ssh://root@127.0.0.1/system?keyfile={key}&no_verify=1\\nhost-kernel=2.6.18-398.el5xen",
                       "restart")
        self.client.wait_for(lambda: self.client.owner and self.client.host()["Connected"], "the connection")
        self.assertEqual((self.client.host()["HostRelease"], self.client.host()["HostProcessor"]), ("5.11", ""))
        guest = self.fully_virtualized(COMPATIBLE).start()
        self.wait_for(guest, State="running", Id=guest.id(), Verdict="compatible")
