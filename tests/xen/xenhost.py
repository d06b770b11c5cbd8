# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real Xen host in QEMU's software emulation, of what tests/xen/image has made. The image is never written."""
import os
import re
import socket
import subprocess
import threading

TIMEOUT = 300

# One processor, no AVX, no SMAP: what Xen, dom0 and its guests have of the emulator without faults.
QEMU = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi,tb-size=512",
        "-cpu", "qemu64,+npt,+ssse3,+sse4.1,+sse4.2,+popcnt", "-smp", "1", "-m", "3072",
        "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot", "-monitor", "none", "-serial", "stdio",
        "-append", "console=com1 com1=115200,8n1 dom0_mem=1280M,max:1280M loglvl=warning guest_loglvl=all noreboot",
        "-device", "virtio-rng-pci"]
READY = "xenpv-test: ready"
# What neither the project nor a guest of the tests can cause.
FAULT = re.compile(r"\(XEN\).*(Panic on CPU|FATAL|Xen BUG|Xen call trace|[Tt]riple fault|domain_crash)|Kernel panic")


class EmulatorFault(Exception):
    """The emulator has failed, not what runs in it."""


class XenHost:
    """`fault`: what the emulator failed by, if it did. The console is kept in `folder`, as console.log; `sockets` is a
    folder of a short name."""

    def __init__(self, image, folder, sockets):
        self.folder = folder
        self.sockets = sockets
        self.key = os.path.join(image, "key")
        self.fault = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # It does not outlive us, however we end.
        self.emulator = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *QEMU, "-kernel", f"{image}/xen.elf32",
             "-initrd", f"{image}/vmlinuz root=/dev/vda ro console=hvc0,{image}/initrd.gz",
             "-drive", f"if=none,id=disk,file={image}/dom0.img,format=raw,cache=unsafe,snapshot=on",
             "-device", "virtio-blk-pci,drive=disk", "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:22",
             "-device", "virtio-net-pci,netdev=net,romfile="],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.lines = []
        self.changed = threading.Condition()
        self.console = threading.Thread(target=self._read_console)
        self.console.start()
        try:
            self.wait_for_console(READY)
        except (AssertionError, EmulatorFault) as error:
            self.end()
            raise EmulatorFault(str(error)) from None
        self.ssh = ["ssh", "-q", "-i", self.key, "-p", str(self.port), "-o", "BatchMode=yes",
                    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                    "-o", "ControlMaster=auto", "-o", "ControlPersist=yes", "-o", f"ControlPath={sockets}/ssh"]
        self.run("true")

    def _read_console(self):
        """Until the emulator ends."""
        with open(os.path.join(self.folder, "console.log"), "w", encoding="utf-8") as log:
            for line in self.emulator.stdout:
                log.write(line)
                log.flush()
                with self.changed:
                    self.lines.append(line)
                    if FAULT.search(line):
                        self.fault = self.fault or line.strip()
                    self.changed.notify_all()
        with self.changed:
            self.fault = self.fault or "it ended"
            self.changed.notify_all()

    def wait_for_console(self, text):
        """Until Xen's console, which has dom0's and the debug port of each guest, has shown this."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.fault or any(text in line for line in self.lines), TIMEOUT):
                raise AssertionError(f"the console has not shown “{text}” within {TIMEOUT} s")
        self.check()

    def check(self):
        if self.fault:
            raise EmulatorFault(self.fault)

    def run(self, command, check=True, input=None, timeout=TIMEOUT):
        """Runs a shell command in dom0. Returns: its exit status and what it printed."""
        result = subprocess.run([*self.ssh, "root@127.0.0.1", command], input=input or b"", stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=timeout, check=False)
        output = result.stdout.decode("utf-8", "replace")
        self.check()
        if check and result.returncode != 0:
            raise AssertionError(f"in dom0, “{command}”: {result.returncode}: {output}")
        return result.returncode, output

    def forward(self, name, path):
        """A socket of dom0's becomes one of ours. Returns: its path."""
        ours = os.path.join(self.sockets, name)
        subprocess.run([*self.ssh, "-O", "forward", "-L", f"{ours}:{path}", "root@127.0.0.1"], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=TIMEOUT)
        return ours

    def install(self, root):
        """Copies a folder over dom0's root."""
        archive = subprocess.run(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE, check=True).stdout
        self.run("tar -C / -x --keep-directory-symlink --no-same-owner --no-overwrite-dir", input=archive)

    def end(self):
        self.emulator.kill()
        self.emulator.wait()
        self.console.join()
