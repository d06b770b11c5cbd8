# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes trees of files of Debian releases with mmdebstrap, caches them, and runs programs in them.

A program in a tree writes to a layer above it. This needs root and overlayfs.
"""
import contextlib
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

SOURCE = os.environ["XPV_SOURCE"]
RELEASES = {"12": "bookworm", "13": "trixie"}
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "xenpv-compat")
# Uses this machine's own mirrors, if it has any.
SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources")

# A Xen host before our packages are installed.
# Release 0.1.0 needs libvirt-glib.
XEN_HOST = ("--variant=important",
            "--include=ca-certificates,dbus,libvirt-daemon-driver-xen,libvirt-daemon-system,libvirt-glib-1.0-0,man-db")
BUILDER = ("--variant=minbase", "--include=build-essential,ca-certificates,libvirt-glib-1.0-dev,lintian")
# Installs the Build-Depends of debian/control in the tree $1.
BUILD_DEP = """--customize-hook=mkdir "$1/mnt/debian"
cat > "$1/mnt/debian/control" <<'END'
{control}
END
chroot "$1" sh -c 'cd /mnt && apt-get --quiet=2 --no-install-recommends build-dep ./'
rm -r "$1/mnt/debian"
"""

# Runs the command $4 in the folder $1, with an overlay above the layers $3. $2 is the home folder, $5 apt's cache, or empty.
ENTER = """
set -e
mkdir -p "$1/root" "$1/upper" "$1/work"
mount -t overlay overlay -o "lowerdir=$3,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$1/root/tmp"
mount --bind "$2" "$1/root/root"
[ -z "$5" ] || mount --bind "$5" "$1/root/var/cache/apt/archives"
cd "$1/root"
pivot_root . mnt
umount -l /mnt
cd /root
exec env -i DEB_BUILD_OPTIONS=nocheck DEBIAN_FRONTEND=noninteractive HOME=/root LC_ALL=C.UTF-8 SYSTEMD_OFFLINE=1 \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -ec "$4"
"""


def run(*argv):
    """Returns: the program's output. If the program fails, the output is in the error."""
    result = subprocess.run(["env", "--unset=LD_PRELOAD", *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: {result.returncode}:\n{result.stdout}")
    return result.stdout


@contextlib.contextmanager
def cache_of(release):
    """Yields: the cache folder of the release, locked."""
    folder = os.path.join(CACHE, RELEASES[release], "trees")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def lock_tree(tree, how):
    """Locks a tree until this program ends. Returns: whether it could; with LOCK_NB, it does not wait."""
    try:
        fcntl.flock(os.open(tree, os.O_RDONLY), how)
    except BlockingIOError:
        return False
    return True


def make(release, name, *options):
    """Makes a tree, unless it is in the cache. Returns: its folder."""
    code = hashlib.sha256("\0".join(options).encode()).hexdigest()[:16]
    with cache_of(release) as cache:
        tree = os.path.join(cache, f"{name}-{code}")
        if not os.path.exists(tree):
            print(f"making a tree of Debian {release} ({name})", flush=True)
            for other in glob.glob(os.path.join(cache, name + "-*")):
                if lock_tree(other, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shutil.rmtree(other)
            with tempfile.TemporaryDirectory(dir=cache, prefix="tmp.") as folder:
                bootstrap(folder, RELEASES[release], options)
                os.rename(os.path.join(folder, "tree"), tree)
        lock_tree(tree, fcntl.LOCK_SH)
        return tree


def bootstrap(folder, codename, options):
    """Makes the tree `tree` in a folder. It keeps apt's lists, so that apt works there without a network."""
    sources = []
    for path in filter(os.path.exists, SOURCES):
        sources.append(os.path.join(folder, os.path.basename(path)))
        with open(path, encoding="utf-8") as file, open(sources[-1], "w", encoding="utf-8") as copy:
            copy.write(re.sub("|".join(RELEASES.values()), codename, file.read()))
    run("mmdebstrap", "--quiet", "--mode=root", "--dpkgopt=force-unsafe-io", "--skip=cleanup/apt", *options,
        '--customize-hook=chroot "$1" apt-get clean', codename, os.path.join(folder, "tree"), *sources)


def build_dep():
    with open(os.path.join(SOURCE, "debian", "control"), encoding="utf-8") as file:
        return BUILD_DEP.format(control=file.read().partition("\nStandards-Version:")[0])


def run_in(layers, folder, home, command, packages=""):
    """Runs a shell command as root in a tree. Its changes are in the layer `upper` of the folder. `packages`: apt's cache of
    packages; without it, there is no network. Returns: the output."""
    namespaces = ["--mount", "--propagation=private", "--ipc", "--pid", "--uts"] + ["--net"] * (not packages)
    return run("setpriv", "--pdeathsig=KILL", "unshare", *namespaces, "--fork", "--kill-child", "sh", "-c", ENTER, "sh",
               folder, home, ":".join(layers), command, packages)
