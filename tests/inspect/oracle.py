# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the inspector with libguestfs on the same images. tests/run --libguestfs runs this.

libguestfs boots a small virtual machine with a guest's disks and inspects them there, as virt-v2v does. The inspector
must give the same answers, at least a hundred times faster. Each guest has its own appliance: in a common one, volume
groups of the same name would be mixed up. Without /dev/kvm, an appliance takes about 45 s.
"""
import glob
import os
import re
import statistics
import subprocess
import sys
import time

import guestfs
import images
import inspector

CASES = (("plain", "rhel-3"), ("single", "rhel-3"), ("logical", "rhel-3"), ("two-disks", "rhel-3"),
         ("no-table", "rhel-5"), ("gpt", "rhel-5"), ("lvm", "rhel-4"), ("lvm", "rhel-5"), ("lvm-segments", "rhel-4"), ("lvm-wrapped", "rhel-5"),
         ("lvm-var", "rhel-5"), ("lvm-two-disks", "rhel-5"), ("raid-1", "rhel-4"), ("raid-1-half", "rhel-4"),
         ("raid-1-lvm", "rhel-5"), ("lvm", "rhel-6"))
FASTER = 100
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "xenpv-compat", "libguestfs")


def run(*argv, **options):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **options).stdout


def prepare():
    """Makes libguestfs use emulation if there is no /dev/kvm, and a kernel that is unpacked, not installed."""
    os.makedirs(os.path.join(CACHE, "appliance"), exist_ok=True)
    os.environ.update(LIBGUESTFS_BACKEND="direct", LIBGUESTFS_CACHEDIR=os.path.join(CACHE, "appliance"))
    if not os.access("/dev/kvm", os.W_OK):
        os.environ["LIBGUESTFS_BACKEND_SETTINGS"] = "force_tcg"
    kernels = glob.glob(os.path.join(CACHE, "boot", "vmlinuz-*"))
    if not kernels:
        name = f"linux-image-cloud-{run('dpkg', '--print-architecture').strip()}"
        depends = run("apt-cache", "show", "--no-all-versions", name)
        package = re.search(r"^Depends:.*?(linux-image-\S+)", depends, re.MULTILINE).group(1)
        run("apt-get", "-o", "APT::Sandbox::User=root", "download", package, cwd=CACHE)
        [deb] = glob.glob(os.path.join(CACHE, f"{package}_*.deb"))
        run("dpkg-deb", "-x", deb, CACHE)
        os.unlink(deb)
        kernels = glob.glob(os.path.join(CACHE, "boot", "vmlinuz-*"))
    version = os.path.basename(kernels[0]).partition("-")[2]
    modules = os.path.join(CACHE, "lib", "modules", version)
    run("depmod", "-b", CACHE, version, env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
    os.makedirs("/lib/modules", exist_ok=True)  # supermin looks here first
    os.environ.update(SUPERMIN_KERNEL=kernels[0], SUPERMIN_MODULES=modules, SUPERMIN_KERNEL_VERSION=version)


def oracle(paths):
    """Inspects with libguestfs. Returns: release, kernel packages, images in /boot, and when GRUB's file was
    changed."""
    appliance = guestfs.GuestFS(python_return_dict=True)
    try:
        for path in paths:
            appliance.add_drive_opts(path, readonly=True, format="raw")
        appliance.launch()
        [root] = appliance.inspect_os()
        release = f"{appliance.inspect_get_major_version(root)}.{appliance.inspect_get_minor_version(root)}"
        for point, device in sorted(appliance.inspect_get_mountpoints(root).items()):
            appliance.mount_ro(device, point)
        packages = {f"{each['app2_name']}-{each['app2_version']}-{each['app2_release']}.{each['app2_arch']}"
                    for each in appliance.inspect_list_applications2(root) if each["app2_name"] in images.BOOTABLE}
        kernels = {name.partition("-")[2] for name in appliance.ls("/boot") if name.startswith("vmlinuz-")}
        times = appliance.statns("/boot/grub/grub.conf")
        return release, packages, kernels, max(times["st_mtime_sec"], times["st_ctime_sec"])
    finally:
        appliance.close()


class Oracle(inspector.TestCase):
    def test_layouts(self):
        prepare()
        ours, theirs = [], []
        for layout, name in CASES:
            with self.subTest(layout=layout, name=name):
                paths = self.make(layout, images.GUESTS[name], f"{layout}-{name}")
                began = time.perf_counter()
                said = oracle(paths)
                theirs.append(time.perf_counter() - began)
                began = time.perf_counter()
                answer = self.inspect(*paths)
                ours.append(time.perf_counter() - began)
                print(f"{layout}, {name}: libguestfs {theirs[-1]:.1f} s, {inspector.INSPECT} {ours[-1] * 1e3:.1f} ms",
                      flush=True)
                self.assertEqual((answer["release"], {each["package"] for each in answer["kernels"]},
                                  {each["release"] for each in answer["kernels"]}, answer["boot_changed_at"]), said)
                self.assertGreater(theirs[-1] / ours[-1], FASTER)
        print(f"median of {len(ours)}: libguestfs {statistics.median(theirs):.1f} s, the inspector "
              f"{statistics.median(ours) * 1e3:.1f} ms", flush=True)


if __name__ == "__main__":
    sys.exit(inspector.main())
