# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes an rpm database as rpm 4.2 to 4.8 did: package headers in a Berkeley DB hash, the file Packages."""
import functools
import struct
from dataclasses import dataclass

MAGIC = 0x061561
PAGE = 4096
# The types of pages, from Berkeley DB's db_page.h. Hash pages are sorted in version 9 and unsorted in older versions.
FREE, UNSORTED, OVERFLOW, META, SORTED = 0, 2, 7, 8, 13
KEY_DATA, OFF_PAGE = 1, 3
PAGE_HEAD = 26
INSTALLED_AT = 1200000000

CHAR, INT32, STRING, BINARY, STRING_ARRAY, I18N = 2, 4, 6, 7, 8, 9


@dataclass(frozen=True)
class Format:
    """The format of a database. RHEL 3 to 5 on x86 wrote version 8, little endian."""
    version: int = 8
    order: str = "<"
    page_type: int = 0  # 0: the version's own type
    buckets: int = 4  # a power of two, 2 or more

    def kind(self):
        return self.page_type or (SORTED if self.version == 9 else UNSORTED)


def split(package):
    """Splits NAME-VERSION-RELEASE.ARCH into four parts. The package of a key has no architecture."""
    if package.startswith("gpg-pubkey-"):
        return (*package.rsplit("-", 2), "")
    rest, arch = package.rsplit(".", 1)
    return (*rest.rsplit("-", 2), arch)


def encode(kind, value):
    if kind == INT32:
        return struct.pack(f">{len(value)}I", *value)
    if kind in (STRING_ARRAY, I18N):
        return ("\0".join(value) + "\0").encode()
    return value.encode() + b"\0" if kind == STRING else value


def blob(tags, late=()):
    """Returns: the header of an installed package: a region of sorted entries with its trailer, then the entries from
    its installation."""
    index, store = b"", b""
    for tag, kind, value in sorted(tags):
        store += bytes(-len(store) % 4) if kind == INT32 else b""
        index += struct.pack(">IIII", tag, kind, len(store), 1 if kind == STRING else len(value))
        store += encode(kind, value)
    count = len(tags) + 1  # the region has its own entry
    index = struct.pack(">IIII", 63, BINARY, len(store), 16) + index
    store += struct.pack(">IIiI", 63, BINARY, -16 * count, 16)
    for tag, kind, value in late:
        store += bytes(-len(store) % 4)
        index += struct.pack(">IIII", tag, kind, len(store), len(value))
        store += encode(kind, value)
    return struct.pack(">II", len(index) // 16, len(store)) + index + store


@functools.lru_cache(None)
def header(package, installed_at=INSTALLED_AT, files=()):
    """Returns: the header of a package with these files (names below “/”)."""
    name, version, release, arch = split(package)
    tags = [(1000, STRING, name), (1001, STRING, version), (1002, STRING, release)]
    if not arch:  # as “rpm --import” stores a key
        return blob(tags, [(1008, INT32, [installed_at])])
    tags += [(100, STRING_ARRAY, ["C"]), (1004, I18N, [name]), (1005, I18N, ["What it is."]),
             (1006, INT32, [installed_at]), (1009, INT32, [1]), (1014, STRING, "GPL"), (1016, I18N, ["System"]),
             (1021, STRING, "linux"), (1022, STRING, arch), (1044, STRING, f"{name}-{version}-{release}.src.rpm")]
    if files:
        tags += [(1028, INT32, [1] * len(files)), (1116, INT32, [0] * len(files)), (1117, STRING_ARRAY, files),
                 (1118, STRING_ARRAY, ["/"])]
    return blob(tags, [(1008, INT32, [installed_at])])


def fnv(key):
    """Berkeley DB's hash function, which gives the bucket of a key."""
    value = 0
    for byte in key:
        value = (value * 16777619 & 0xffffffff) ^ byte
    return value


class Hash:
    """A hash file that has grown: the second half of its buckets comes after overflow pages."""

    def __init__(self, form):
        self.form = form
        self.pages = [None] * (1 + form.buckets // 2)
        self.second_half = 0
        self.free = 0

    def pack(self, layout, *values):
        return struct.pack(self.form.order + layout, *values)

    def page(self, number, kind, entries, offset, content, before=0, after=0):
        head = bytes(8) + self.pack("IIIHHBB", number, before, after, entries, offset, 0, kind)
        self.pages[number] = (head + content).ljust(PAGE, b"\0")

    def new_page(self):
        self.pages.append(None)
        return len(self.pages) - 1

    def overflow(self, data, kind=OVERFLOW):
        """Writes data to a chain of pages. Returns: the number of the first one."""
        room = PAGE - PAGE_HEAD
        parts = [data[at:at + room] for at in range(0, len(data), room)]
        first = len(self.pages)
        for index, part in enumerate(parts):
            after = first + index + 1 if index + 1 < len(parts) else 0
            before = first + index - 1 if index and kind else 0
            self.page(self.new_page(), kind, 1 if kind else 0, len(part), part, before, after)
        return first

    def item(self, data):
        if len(data) <= PAGE // 4:
            return bytes([KEY_DATA]) + data
        return self.pack("BxxxII", OFF_PAGE, self.overflow(data), len(data))

    def bucket(self, number, pairs):
        """Writes the pairs of a bucket to its page, and to as many further pages as they need."""
        chain, used = [[]], PAGE_HEAD
        for pair in sorted(pairs) if self.form.kind() == SORTED else pairs:
            size = sum(map(len, pair)) + 4
            if used + size > PAGE:
                chain.append([])
                used = PAGE_HEAD
            chain[-1] += pair
            used += size
        numbers = [number] + [self.new_page() for _ in chain[1:]]
        for index, items in enumerate(chain):
            offsets, at = [], PAGE
            for item in items:
                at -= len(item)
                offsets.append(at)
            content = self.pack(f"{len(offsets)}H", *offsets)
            content += bytes(at - PAGE_HEAD - len(content)) + b"".join(reversed(items))
            self.page(numbers[index], self.form.kind(), len(items), at, content,
                      numbers[index - 1] if index else 0, numbers[index + 1] if index + 1 < len(chain) else 0)

    def meta(self, records):
        buckets = self.form.buckets
        bits = buckets.bit_length() - 1
        spares = [1] * bits + [self.second_half - buckets // 2]
        return (bytes(8) + self.pack("IIIIBBBB", 0, MAGIC, self.form.version, PAGE, 0, META, 0, 0)
                + self.pack("IIIIII", self.free, len(self.pages) - 1, 0, 0, 0, 0) + bytes(range(20))
                + self.pack("IIIIII", buckets - 1, buckets - 1, buckets // 2 - 1, 0, records, fnv(b"%$sniglet^&\0"))
                + self.pack(f"{len(spares)}I", *spares)).ljust(PAGE, b"\0")

    def write(self, records, removed=()):
        """Returns: the file. @removed: old values that are left on free pages."""
        buckets = [[] for _ in range(self.form.buckets)]
        for key, value in records:
            key = self.pack("I", key)
            buckets[fnv(key) & (self.form.buckets - 1)].append((bytes([KEY_DATA]) + key, self.item(value)))
        for value in removed:
            self.free = self.overflow(value, FREE)
        half = self.form.buckets // 2
        self.second_half = len(self.pages)
        self.pages += [None] * half
        for number, pairs in enumerate(buckets):
            self.bucket(1 + number if number < half else self.second_half + number - half, pairs)
        self.pages[0] = self.meta(len(records))
        return b"".join(self.pages)


def database(headers, form=Format(), removed=()):
    """Returns: the file Packages with these headers. Its key 0 has the number of the last one."""
    records = [(0, struct.pack(form.order + "I", len(headers)))] + list(enumerate(headers, 1))
    return Hash(form).write(records, removed)
