# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mutated images: each has a few changed bytes, mostly where the inspector's own readers look, sometimes elsewhere.

    XPV_MUTATIONS=5000 XPV_SEED=7 python3 tests/inspect/test_mutated.py

runs that many mutations of a seed. XPV_SEED=random takes a new seed and prints it. Whatever a disk contains, the
command ends with an answer in the right form, and no reader crashes.
"""
import concurrent.futures
import os
import random
import re
import struct
import threading

import images
import inspector
import lvm2
import rpmdb
from inspector import FOUND, NONE

COUNT = int(os.environ.get("XPV_MUTATIONS", "150"))
SEED = os.environ.get("XPV_SEED", "1").replace("random", str(random.randrange(1 << 32)))
OUTPUT_MAX = 4 << 20  # bytes
BLOCK = 4096

NUMBERS = (0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 40, (1 << 63) - 1,
           1 << 63, (1 << 64) - 1)
TEXTS = [str(number).encode() for number in NUMBERS]
TEXTS += [b"-1", b"1e9", b"0x10", b"", b"{", b"}", b"[", b"]", b'"', b"#", b"=", b"\n", b"\0", b"\xff", b"pv0", b"default=",
          b"title x\n", b"kernel ", b"saved"]


class Image:
    """A disk in memory, without its holes."""

    def __init__(self, path):
        self.path = path
        self.extents = []  # of start and content
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            end = 0
            while end < size:
                try:
                    begin = os.lseek(file.fileno(), end, os.SEEK_DATA)
                except OSError:  # only a hole is left
                    break
                end = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
                self.extents.append((begin, os.pread(file.fileno(), end - begin, begin)))
        self.regions = self.find_regions()

    def find(self, pattern):
        """Returns: where the pattern occurs."""
        return [begin + match.start() for begin, content in self.extents for match in re.finditer(pattern, content)]

    def original(self, at, length):
        data = bytearray(length)
        for begin, content in self.extents:
            first, last = max(at, begin), min(at + length, begin + len(content))
            if first < last:
                data[first - at:last - at] = content[first - begin:last - begin]
        return bytes(data)

    def find_regions(self):
        """Returns: the regions that the readers look at, by name, each with start and end."""
        found = {"table": [(0, 512)]}
        found["label"] = [(at + 20, at + 136) for at in self.find(rb"LABELONE")]
        found["area"] = [(at + 20, at + 60) for at in self.find(re.escape(b" LVM2 x[5A%r0N*>"))]
        for name, pattern in (("volumes", rb"VolGroup00 \{\nid = "), ("menu", rb"# grub\.conf generated")):
            found[name] = [(at, at + max(self.original(at, 8192).find(b"\0"), 512)) for at in self.find(pattern)]
        superblocks = self.find(rb"\x53\xef[\1\2]\0[\1-\3]\0")
        found["superblock"] = [(at - 56, at + 208) for at in superblocks]
        found["inodes"] = [(at + 968, at + 1032) for at in superblocks] + [(at + 8192, at + 16384) for at in superblocks]
        [at] = [at - 12 for at in self.find(re.escape(struct.pack("<III", rpmdb.MAGIC, 8, rpmdb.PAGE)))]
        found["hash"] = [(at, at + 224)]
        found["pages"] = [(begin, begin + 128) for begin in range(at + rpmdb.PAGE, at + 12 * rpmdb.PAGE, rpmdb.PAGE // 2)]
        return {name: places for name, places in found.items() if places}

    def anywhere(self, choose):
        """Returns: a random block that is not a hole."""
        begin, content = choose.choice(self.extents)
        at = begin + choose.randrange(0, len(content), BLOCK)
        return at, min(at + BLOCK, begin + len(content))

    def put(self, changes):
        with open(self.path, "r+b") as file:
            for at, data in changes:
                file.seek(at)
                file.write(data)

    def checksums(self):
        """Returns: changes that correct LVM2's checksums for the present image. Without them, most mutations would be
        refused because of the checksum."""
        if "area" not in self.regions:
            return []
        label, area = self.regions["label"][0][0] - 20, self.regions["area"][0][0] - 24
        with open(self.path, "rb") as file:
            file.seek(label + 20)
            changes = [(label + 16, struct.pack("<I", lvm2.crc(file.read(492))))]
            file.seek(area)
            content = bytearray(file.read(256 * 1024))
        size, offset, length = struct.unpack_from("<QQQ", content, 32)
        if offset < size <= len(content) and length < size:
            text = content[offset:min(offset + length, size)]
            text += content[512:512 + length - len(text)]
            struct.pack_into("<I", content, 56, lvm2.crc(bytes(text)))
        struct.pack_into("<I", content, 0, lvm2.crc(bytes(content[4:512])))
        return changes + [(area, bytes(content[:4])), (area + 56, bytes(content[56:60]))]


class Mutator:
    """Makes the changes of one mutant from its seed."""

    def __init__(self, seed, image):
        self.random = random.Random(seed)
        self.image = image

    def place(self):
        if self.random.random() < 0.2:
            return self.image.anywhere(self.random)
        return self.random.choice(self.image.regions[self.random.choice(sorted(self.image.regions))])

    def change(self):
        """Returns: an offset, and the new bytes for it."""
        begin, end = self.place()
        at = self.random.randrange(begin, end)
        content = self.image.original(begin, end - begin)
        how = self.random.randrange(6)
        if how == 0:
            return at, bytes([content[at - begin] ^ 1 << self.random.randrange(8)])
        if how == 1:
            return at, self.random.randbytes(self.random.choice((1, 2, 4, 16)))
        if how == 2:
            size = self.random.choice((1, 2, 4, 8))
            number = self.random.choice(NUMBERS) & (1 << 8 * size) - 1
            return at & ~(size - 1), number.to_bytes(size, self.random.choice(("little", "big")))
        if how == 3:  # another part of the same region
            piece = self.random.randrange(end - begin)
            return at, content[piece:piece + self.random.randrange(1, 64)]
        words = list(re.finditer(self.random.choice((rb"\d+", rb"[\[\]{}\"=#]", rb"[a-z_]+")), content))
        new = self.random.choice(TEXTS)
        if not words:
            return at, new
        word = self.random.choice(words)
        if how == 4:  # overwrites what follows it
            return begin + word.start(), new
        return begin + word.start(), (new + content[word.end():])[:len(content) - word.start()]

    def changes(self):
        return [self.change() for _ in range(self.random.choice((1, 2, 4, 8)))]


class Mutated(inspector.TestCase):
    def base(self, layout, guest, name):
        [path] = self.make(layout, guest, name)
        return Image(path)

    def examine(self, path, what):
        """Returns: what is wrong, or None."""
        try:
            done = self.run_inspector("--json", path)
            if done.returncode not in (FOUND, NONE) or done.stderr or len(done.stdout) > OUTPUT_MAX:
                return f"{what}: exit status {done.returncode}, {len(done.stdout)} bytes, {done.stderr[:2000]}"
            answer = self.answer(done.stdout)
        except Exception as error:  # pylint: disable=broad-except
            return f"{what}: {error}"
        if ended := [error for error in answer["errors"] if "ended" in error]:
            return f"{what}: {ended}"
        return None

    def test_mutants(self):
        bases = (("lvm-segments", images.RHEL_4), ("plain", images.RHEL_3), ("lvm-wrapped", images.RHEL_5))
        workers = os.cpu_count()
        own = threading.local()
        names = iter(range(1000))

        def mutant(number):
            if not hasattr(own, "bases"):
                name = f"copy{next(names)}"
                own.bases = [self.base(*base, f"{name}/{index}") for index, base in enumerate(bases)]
            image = own.bases[number % len(bases)]
            changes = Mutator(f"{SEED}/{number}", image).changes()
            image.put(changes)
            if number % 8:
                changes += (mended := image.checksums())
                image.put(mended)
            wrong = self.examine(image.path, f"mutant {number} of the seed {SEED}, {bases[number % len(bases)][0]}")
            image.put([(at, image.original(at, len(data))) for at, data in changes])
            return wrong

        print(f"{COUNT} mutants of the seed {SEED}", flush=True)
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            wrong = list(filter(None, pool.map(mutant, range(COUNT))))
        self.assertEqual(wrong, [])

    def test_regions(self):
        """Every region for mutations exists."""
        found = self.base("lvm-segments", images.RHEL_4, "guest").regions
        self.assertEqual(list(found), ["table", "label", "area", "volumes", "menu", "superblock", "inodes", "hash", "pages"])
        self.assertEqual(len(found["superblock"]), 2)


if __name__ == "__main__":
    inspector.main()
