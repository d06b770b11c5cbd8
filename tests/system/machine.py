# SPDX-License-Identifier: LGPL-2.1-or-later
"""A container that boots systemd: it has the files of this machine, or of another tree, under an overlay, and
namespaces of its own.

Its programs and files leave no trace on this machine. It needs root, overlayfs and cgroup 2.
"""
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import test_install

TIMEOUT = 60

# Runs in a mount namespace and moves into a control group of its own. $1 is a folder, $2 the group's name.
OUTER = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/cgroup" "$1/upper" "$1/work" "$1/root"
mount -t cgroup2 cgroup2 "$1/cgroup"
mkdir "$1/cgroup/$2"
echo $$ > "$1/cgroup/$2/cgroup.procs"
umount "$1/cgroup"
exec unshare --cgroup --ipc --net --pid --uts --fork --kill-child sh -c "$3" sh "$@"
"""

# Runs in all of the namespaces. The kernel, which both machines share, is mounted read-only. $6 are the layers
# below the overlay. systemd's generators take long and would find nothing.
INNER = """
set -e
root="$1/root"
mount -t overlay overlay -o "lowerdir=$6,upperdir=$1/upper,workdir=$1/work" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for folder in run tmp dev usr/lib/systemd/system-generators; do mount -t tmpfs -o mode=755 tmpfs "$root/$folder"; done
chmod 1777 "$root/tmp"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for node in full null random tty urandom zero; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
# tests/this-machine.c, which is preloaded only here, changes what cat reads.
cat /proc/cpuinfo > "$root/run/cpuinfo"
mount --bind "$root/run/cpuinfo" "$root/proc/cpuinfo"
touch "$root/run/notify"
mount --bind "$4" "$root/run/notify"
tar -C "$5" -c . | tar -C "$root" -x --keep-directory-symlink
cd "$root"
pivot_root . mnt
umount -l /mnt
exec setpriv --bounding-set=-audit_control,-audit_read,-sys_module,-sys_rawio,-sys_time,-syslog -- \
    env -i container=test NOTIFY_SOCKET=/run/notify PATH="$PATH" /lib/systemd/systemd --unit=basic.target </dev/null
"""


class Machine:
    """The constructor boots it. `files`: a folder that is copied over the overlay's root. `layers`: the folders below the
    overlay, the topmost first."""

    def __init__(self, folder, files, layers=("/",)):
        self.init = None
        self.mount = tempfile.mkdtemp(dir=folder)
        self.group = "xenpv-test-" + os.path.basename(self.mount)
        notify = os.path.join(folder, "notify")
        self.log = open(os.path.join(folder, "machine.log"), "a+b")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.bind(notify)
            os.chmod(notify, 0o666)
            # The machine is killed when this process ends, however it ends.
            self.popen = subprocess.Popen(["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--propagation=private",
                                           "sh", "-c", OUTER, "sh", self.mount, self.group, INNER, notify, files,
                                           ":".join(layers)],
                                          stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
            pidfd = os.pidfd_open(self.popen.pid)
            message = b""
            while b"READY=1" not in message:
                readable = select.select([ready, pidfd], [], [], TIMEOUT)[0]
                if ready not in readable:
                    self.end()
                    with open(self.log.name, encoding="utf-8", errors="replace") as log:
                        raise RuntimeError("the machine does not boot: " + log.read())
                message = ready.recv(4096)
            os.close(pidfd)
        with open(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children", encoding="ascii") as children:
            self.init = int(children.read())

    @property
    def root(self):
        """Its root folder, as this machine sees it."""
        return f"/proc/{self.init}/root"

    def argv(self, *argv):
        """Returns: the command that runs a program on the machine."""
        return ["env", "--unset=LD_PRELOAD", "nsenter", f"--target={self.init}", "--mount", "--uts", "--ipc", "--net",
                "--pid", "--cgroup", "--", *argv]

    def run(self, *argv, check=True, timeout=TIMEOUT):
        """Runs a program on the machine. Returns: its exit status and its output."""
        result = subprocess.run(self.argv(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False)
        if check and result.returncode != 0:
            raise AssertionError(f"{' '.join(argv)}: {result.returncode}: {result.stdout}")
        return result.returncode, result.stdout

    def end(self):
        if self.init:
            os.kill(self.init, signal.SIGKILL)  # the kernel then kills the other processes
        else:
            self.popen.kill()
        self.popen.wait(TIMEOUT)
        self.log.close()
        subprocess.run(["unshare", "--mount", "--propagation=private", "sh", "-c",
                        'mount -t cgroup2 cgroup2 "$1" && find "$1/$2" -depth -type d -exec rmdir {} +', "sh",
                        self.mount, self.group], check=False)


def skip_without_root():
    if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        raise unittest.SkipTest("the machine needs root")


class TestCase(unittest.TestCase):
    """A test of the project on a machine, which boot() starts and which ends after the test."""

    layers = ("/",)
    machine = None

    def setUp(self):
        skip_without_root()
        self.folder = tempfile.mkdtemp(prefix="xenpv-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = os.path.join(self.folder, "files")
        self.install()

    def install(self):
        """Installs the whole project on the machine before it boots."""
        test_install.install(self.root)

    def put(self, path, text, copy_of=None, mode=0o644):
        """Writes or copies a file onto the machine."""
        path = self.root + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if copy_of:
            shutil.copy(copy_of, path)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        os.chmod(path, mode)

    def boot(self):
        self.machine = Machine(self.folder, self.root, self.layers)
        self.addCleanup(self.machine.end)

    def run_there(self, *argv, **kwargs):
        return self.machine.run(*argv, **kwargs)[1]
