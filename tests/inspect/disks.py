# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts file systems and volumes on disks: partition tables, members of a RAID 1, and other contents of a disk."""
import os
import struct
import subprocess
import uuid
import zlib
from typing import Callable, NamedTuple

SECTOR = 512
MIB = 1 << 20
FIRST = 63  # the first partition's sector, as the partitioning programs of RHEL 3 to 5 placed it
EXTENDED, LINUX, SWAP, NTFS, LVM, RAID = 0x05, 0x83, 0x82, 0x07, 0x8e, 0xfd


def run_tool(*argv, status=0, **options):
    """Runs a tool for disks or file systems, which may be in one of root's folders. Returns: its output. @options: of
    subprocess."""
    environment = dict(os.environ, MKE2FS_CONFIG="/dev/null", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, **options)
    if done.returncode != status:
        raise RuntimeError(f"{' '.join(argv)}: exit status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Part(NamedTuple):
    """The contents of a partition. @write: writes them to a file at an offset."""
    kind: int
    size: int
    write: Callable[[int, int], None]


def write_bytes(data):
    return lambda fd, at: os.pwrite(fd, data, at)


def copy_sparse(source, fd, at, begin=0, length=None):
    """Copies everything but holes."""
    end = os.fstat(source).st_size if length is None else begin + length
    position = begin
    while position < end:
        try:
            data = os.lseek(source, position, os.SEEK_DATA)
        except OSError:  # only a hole is left
            return
        position = os.lseek(source, data, os.SEEK_HOLE)
        while data < min(position, end):
            piece = os.pread(source, min(MIB, min(position, end) - data), data)
            os.pwrite(fd, piece, at + data - begin)
            data += len(piece)


def create(path, size):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    os.ftruncate(fd, size)
    return fd


def entry(kind, first, sectors, active=False):
    return struct.pack("<BBBBBBBBII", 0x80 if active else 0, 254, 255, 255, kind, 254, 255, 255, first, sectors)


def table(*entries):
    return bytes(446) + b"".join(entries).ljust(64, b"\0") + b"\x55\xaa"


def mbr(path, parts, logical=()):
    """Makes a disk with DOS partitions. @logical: those in an extended partition after the others."""
    at, entries = FIRST, []
    places = []
    for part in parts:
        entries.append(entry(part.kind, at, part.size // SECTOR, not entries))
        places.append((part, at))
        at += part.size // SECTOR
    base, tables = at, []
    for index, part in enumerate(logical):
        sectors = FIRST + part.size // SECTOR
        own = entry(part.kind, FIRST, part.size // SECTOR)
        after = entry(EXTENDED, at + sectors - base, FIRST + logical[index + 1].size // SECTOR) \
            if index + 1 < len(logical) else b""
        tables.append((at, table(own, after)))
        places.append((part, at + FIRST))
        at += sectors
    if logical:
        entries.append(entry(EXTENDED, base, at - base))
    fd = create(path, at * SECTOR)
    os.pwrite(fd, table(*entries), 0)
    for place, data in tables:
        os.pwrite(fd, data, place * SECTOR)
    for part, place in places:
        part.write(fd, place * SECTOR)
    os.close(fd)
    return path


GUIDS = {LINUX: "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", LVM: "e6d6d379-f507-44c2-a23c-238f2a3df928",
         RAID: "a19d880f-05fc-4d3b-a006-743f0f84911e", SWAP: "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f",
         NTFS: "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"}


def gpt(path, parts):
    """Makes a disk with a GUID partition table and its copy at the end."""
    at, entries, places = 2048, b"", []
    for index, part in enumerate(parts):
        last = at + part.size // SECTOR - 1
        entries += uuid.UUID(GUIDS[part.kind]).bytes_le + uuid.UUID(int=index + 1).bytes_le
        entries += struct.pack("<QQQ", at, last, 0) + bytes(72)
        places.append((part, at))
        at = (last + 2048) // 2048 * 2048
    entries = entries.ljust(128 * 128, b"\0")
    sectors = at + 33
    fd = create(path, sectors * SECTOR)
    os.pwrite(fd, table(entry(0xee, 1, sectors - 1)), 0)
    for own, other, array in ((1, sectors - 1, 2), (sectors - 1, 1, sectors - 33)):
        def header(crc, own=own, other=other, array=array):
            return (b"EFI PART" + struct.pack("<IIIIQQQQ", 0x10000, 92, crc, 0, own, other, 34, sectors - 34)
                    + uuid.UUID(int=99).bytes_le + struct.pack("<QIII", array, 128, 128, zlib.crc32(entries)))
        os.pwrite(fd, header(zlib.crc32(header(0))), own * SECTOR)
        os.pwrite(fd, entries, array * SECTOR)
    for part, place in places:
        part.write(fd, place * SECTOR)
    os.close(fd)
    return path


def whole(path, part):
    """Makes a disk without a partition table."""
    fd = create(path, part.size)
    part.write(fd, 0)
    os.close(fd)
    return path


def mirrored(part, array, number=0):
    """Makes a partition one of the two members of a RAID 1 of version 0.90, whose superblock is at the end.
    @array: its number, as in /dev/md0."""
    size = (part.size + 65535) // 65536 * 65536 + 65536
    generic = struct.pack("<16I", 0xa92b4efc, 0, 90, 0, 0, 0x11111111 + array, 1200000000, 1, size // 1024 - 64, 2, 1,
                          array, 0, 0x22222222, 0x33333333, 0x44444444)
    state = struct.pack("<12I", 1200000001, 1, 2, 2, 0, 0, 0, 1, 0, 1, 0, 0xffffffff)  # clean; the checksum is word 6
    members = [struct.pack("<5I", each, 3, 64 * each + 1, each, 6).ljust(128, b"\0") for each in (0, 1)]
    block = bytearray(generic.ljust(128, b"\0") + state.ljust(128, b"\0") + bytes(256)
                      + b"".join(members).ljust(27 * 128, b"\0") + members[number])
    total = sum(struct.unpack("<1024I", block))
    struct.pack_into("<I", block, 128 + 6 * 4, (total & 0xffffffff) + (total >> 32) & 0xffffffff)

    def write(fd, at):
        part.write(fd, at)
        os.pwrite(fd, bytes(block), at + size - 65536)
    return Part(RAID, size, write)


def swap(size=MIB):
    signature = struct.pack("<III", 1, size // 4096 - 1, 0)
    return Part(SWAP, size, write_bytes((bytes(1024) + signature).ljust(4086, b"\0") + b"SWAPSPACE2"))


def lvm1(size=4 * MIB):
    """The head of a physical volume of LVM1, RHEL 3's volume manager."""
    head = b"HM" + struct.pack("<H10I", 1, 0, 1024, 4096, 4096, 8192, 128, 12288, 4096, 16384, 4096)
    return Part(LVM, size, write_bytes((head + b"a" * 128 + b"VolGroup00".ljust(128, b"\0")).ljust(1024, b"\0")))


def luks(size=4 * MIB):
    head = struct.pack(">6sH32s32s32sII", b"LUKS\xba\xbe", 1, b"aes", b"cbc-essiv:sha256", b"sha1", 2056, 16)
    head += bytes(range(20)) + bytes(range(32)) + struct.pack(">I40s", 10, b"9ff7bb0e-5f5a-4b29-ae1c-1f2e4a2a1f77")
    key = struct.pack(">II32sII", 0x0000dead, 0, b"", 8, 4000)
    return Part(LINUX, size, write_bytes(head + key * 8))


def xfs(size=16 * MIB):
    """A superblock as mkfs.xfs wrote it in RHEL 5's time, with nothing after it."""
    blocks, groups = size // 4096, 4
    head = struct.pack(">4sIQQQ16sQQQQIIIII", b"XFSB", 4096, blocks, 0, 0, uuid.UUID(int=7).bytes, 1 << 62, 128, 129,
                       130, 1, blocks // groups, groups, 0, 1200)
    head += struct.pack(">HHHH12sBBBBBBBB", 0x3084, 512, 256, 16, b"", 12, 9, 8, 4, 10, 0, 0, 25)
    return Part(LINUX, size, write_bytes(head.ljust(512, b"\0")))
