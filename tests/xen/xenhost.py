# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real Xen host in QEMU's software emulation. It boots the image of tests/xen/image, which is never written to."""
import contextlib
import os
import re
import socket
import subprocess
import threading

TIMEOUT = 300

# One processor, no AVX, no SMAP: with more, the emulator has faults.
QEMU = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi,tb-size=512",
        "-cpu", "qemu64,+npt,+ssse3,+sse4.1,+sse4.2,+popcnt", "-smp", "1", "-m", "2048",
        "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot", "-monitor", "none", "-serial", "stdio",
        "-append", "console=com1 com1=115200,8n1 dom0_mem=1280M,max:1280M loglvl=warning guest_loglvl=all noreboot",
        "-device", "virtio-rng-pci"]
READY = "xenpv-test: ready"
# Faults that neither the project nor a guest of the tests can cause. A guest prints the lines that begin with (d.
FAULT = re.compile(r"^(?!\(d).*(\(XEN\).*(Panic on CPU|FATAL|Xen BUG|Xen call trace|[Tt]riple fault|domain_crash)"
                   "|Kernel panic)")


class EmulatorFault(Exception):
    """The emulator has failed, not the programs in it."""


class XenHost:
    """`fault`: the emulator's fault, or None. The console is saved as console.log in `folder`; `sockets` is a folder
    with a short path."""

    def __init__(self, image, folder, sockets):
        self.folder = folder
        self.sockets = sockets
        self.key = os.path.join(image, "key")
        self.fault = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # The emulator is killed when this process ends, however it ends.
        self.emulator = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *QEMU, "-kernel", f"{image}/xen.elf32",
             "-initrd", f"{image}/vmlinuz root=/dev/vda ro console=hvc0,{image}/initrd.gz",
             "-drive", f"if=none,id=disk,file={image}/dom0.img,format=raw,cache=unsafe,snapshot=on",
             "-device", "virtio-blk-pci,drive=disk", "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:22",
             "-device", "virtio-net-pci,netdev=net,romfile="],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.lines = []
        self.changed = threading.Condition()
        # In the emulator, dom0 may miss its timers for minutes, until a packet comes: hence ServerAliveInterval.
        self.ssh = ["ssh", "-F", "/dev/null", "-i", self.key, "-p", str(self.port), "-o", "BatchMode=yes",
                    "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "LogLevel=ERROR",
                    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                    "-o", "ControlMaster=auto", "-o", "ControlPersist=yes", "-o", f"ControlPath={sockets}/ssh",
                    "-o", "ServerAliveInterval=3", "-o", "ServerAliveCountMax=1000"]
        self.console = threading.Thread(target=self._read_console, daemon=True)
        self.console.start()
        try:
            self.wait_for_console(READY)
            self.run("true")
        except BaseException:
            self.end()
            raise

    def _read_console(self):
        """Reads and saves the console until the emulator ends."""
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
            last = next((line.strip() for line in reversed(self.lines) if line.strip()), "nothing")
            self.fault = self.fault or f"it ended; its last line: {last}"
            self.changed.notify_all()

    def wait_for_console(self, text):
        """Waits until Xen's console shows a text. It also has dom0's console and each guest's debug port."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.fault or any(text in line for line in self.lines), TIMEOUT):
                raise AssertionError(f"the console has not shown “{text}” within {TIMEOUT} s")
        if self.fault:
            self.check()

    def find_fault(self):
        """Returns: the emulator's fault, or None. To be called after a failure: it waits for an end not noticed yet."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.emulator.wait(1)
            self.console.join()
        return self.fault

    def check(self):
        if self.find_fault():
            raise EmulatorFault(self.fault)

    def run(self, command, check=True, input=None, timeout=TIMEOUT):
        """Runs a shell command in dom0. Returns: its exit status and its output."""
        result = self._ssh(["root@127.0.0.1", command], input or b"", timeout)
        output = result.stdout.decode("utf-8", "replace")
        if check and result.returncode != 0:
            raise AssertionError(f"in dom0, “{command}”: {result.returncode}: {output}")
        return result.returncode, output

    def _ssh(self, arguments, input=b"", timeout=TIMEOUT):
        try:
            result = subprocess.run([*self.ssh, *arguments], input=input, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            self.check()
            raise
        if result.returncode == 255:  # ssh itself has failed
            self.check()
        return result

    def forward(self, name, path):
        """Forwards a socket of this machine to one of dom0. Returns: its path."""
        ours = os.path.join(self.sockets, name)
        self._ssh(["-O", "forward", "-L", f"{ours}:{path}", "root@127.0.0.1"]).check_returncode()
        return ours

    def install(self, root):
        """Copies a folder over dom0's root. The archive leaves out the folders that hold something: dom0's own keep their
        modes. (tar's --no-overwrite-dir closes them to all but root until it is done, and dbus-daemon, which reads its
        configuration again when it changes, was denied.)"""
        names = subprocess.run(["find", ".", "(", "!", "-type", "d", "-o", "-empty", ")", "-print0"], cwd=root,
                               stdout=subprocess.PIPE, check=True).stdout
        archive = subprocess.run(["tar", "-c", "--no-recursion", "--null", "--files-from=-"], cwd=root, input=names,
                                 stdout=subprocess.PIPE, check=True).stdout
        self.run("tar -C / -x --keep-directory-symlink --no-same-owner", input=archive)

    def end(self):
        self.emulator.kill()
        self.emulator.wait()
        self.console.join()
