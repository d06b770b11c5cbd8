# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes ext3 file systems from trees in dictionaries. Each is made once per run."""
import atexit
import functools
import hashlib
import os
import shutil
import struct
import tempfile
import uuid
from typing import NamedTuple

import disks

# The features that the installers of RHEL 3, and of RHEL 4 and 5, enabled.
OLD = "has_journal,filetype,sparse_super"
NEW = OLD + ",ext_attr,dir_index,large_file"
EXT4 = NEW + ",extent,flex_bg,huge_file"
SUPERBLOCK = 1024
INCOMPATIBLE = SUPERBLOCK + 96
MOUNTED = SUPERBLOCK + 44
NEEDS_RECOVERY = 4


class Link(NamedTuple):
    to: str


class Dated(NamedTuple):
    """A file with these times, in seconds since the epoch. Other files are as old as the image."""
    content: str
    modified: int
    changed: int


@functools.lru_cache(None)
def cache():
    folder = tempfile.mkdtemp(prefix="xenpv-images-")
    atexit.register(shutil.rmtree, folder, True)
    return folder


def stage(folder, tree):
    """Writes a tree, which has pairs of a path and its content: text, bytes, a Link, or None for a folder."""
    for path, content in tree:
        path = os.path.join(folder, path)
        content = content.content if isinstance(content, Dated) else content
        os.makedirs(path if content is None else os.path.dirname(path), exist_ok=True)
        if isinstance(content, Link):
            os.symlink(content.to, path)
        elif content is not None:
            with open(path, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)


@functools.lru_cache(None)
def made(tree, size, label, features, block):
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        stage(folder, tree)
        number, path = tempfile.mkstemp(dir=cache())
        os.ftruncate(number, size)
        os.close(number)
        own = uuid.uuid5(uuid.NAMESPACE_OID, f"{label} {size} {digest(tree)}")
        journal = ("-J", f"size={block // 1024}") if "has_journal" in features else ()
        disks.run_tool("mke2fs", "-q", "-F", "-O", f"none,{features}", "-I", "128", "-b", str(block), "-m", "0",
                       *journal, "-L", label, "-U", str(own), "-E", "lazy_itable_init=1,nodiscard", "-d", folder, path)
    date(path, tree)
    return path


def digest(tree):
    """Returns: a number of its own for each tree, quickly also where a file is large."""
    whole = hashlib.sha1()
    for path, content in tree:
        whole.update(path.encode())
        whole.update(content if isinstance(content, bytes) else repr(content).encode())
    return whole.hexdigest()


def debugfs(path, *commands):
    """Runs debugfs commands that write to a file system."""
    disks.run_tool("debugfs", "-w", "-f", "-", path, input="".join(f"{command}\n" for command in commands))


def date(path, tree):
    times = [f"set_inode_field {name} {field} @{seconds}" for name, file in tree if isinstance(file, Dated)
             for field, seconds in (("mtime", file.modified), ("ctime", file.changed))]
    if times:
        debugfs(path, *times)


def file_system(tree, size, label="/", features=NEW, block=1024, needs_recovery=False, mounted_at=0):
    """Returns: a partition with a file system. @needs_recovery: as if mounted; @mounted_at: in seconds since the
    epoch."""
    path = made(tuple(sorted(tree.items(), key=lambda item: item[0])), size, label, features, block)

    def write(fd, at):
        with open(path, "rb") as source:
            disks.copy_sparse(source.fileno(), fd, at)
        os.pwrite(fd, struct.pack("<I", mounted_at), at + MOUNTED)
        if needs_recovery:
            [flags] = struct.unpack("<I", os.pread(fd, 4, at + INCOMPATIBLE))
            os.pwrite(fd, struct.pack("<I", flags | NEEDS_RECOVERY), at + INCOMPATIBLE)
    return disks.Part(disks.LINUX, size, write)
