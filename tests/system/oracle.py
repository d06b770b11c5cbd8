# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second implementation of the rules, to compare with: which kernels a report can mean, and the Guide's verdict on a
host. It was written from the rules alone and works in another way than the program."""
import re

import guide

CAP = 4096
IMAGES = ["smp", "hugemem", "largesmp", "PAE", "xen", "xenU", "debug", "kdump", "BOOT", "uek", "rt"]
ALIASES = {"i32e": "ia32e", "amd64": "x86_64", "i486": "i386"}
FOREIGN = ["i586", "ppc", "ppc64", "ppc64iseries", "ppc64pseries", "s390", "s390x"]
ARCHS = ["athlon", "i386", "i686", "ia32e", "x86_64", "ia64", *FOREIGN, *ALIASES]
MACHINES = {"x86_64": ["ia32e", "x86_64"], **dict.fromkeys(["i386", "i686", "athlon"], ["athlon", "i386", "i686"])}
X86 = ["athlon", "i386", "i586", "i686", "ia32e", "x86_64"]


def any_of(words):
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


ESCAPE = re.compile(r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)?|\[[0-?]*[ -/]*[0-~]?|[ -/]*[0-~]?)")
VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+(?=[-+_~]|\Z)")
FLAVOUR = f"(?i:{any_of(IMAGES[:-2])})"
TOKEN = f"(?P<tag>centos|plus|c4|cern)|(?P<flavour>{FLAVOUR})|(?P<arch>{any_of(ARCHS)})"
SUFFIX = re.compile(f"(?:[.-]?(?:{re.sub('P<[a-z]*>', ':', TOKEN)}))*")
RHEL = {
    3: re.compile(r"2\.4\.21-([0-9]+(?:\.[0-9]+)*)\.((?i:EL))(.*)", re.DOTALL),
    4: re.compile(r"2\.6\.9-([0-9]+(?:\.[0-9]+)*)\.((?i:EL)|plus\.c4|unsupported)(.*)", re.DOTALL),
    5: re.compile(r"2\.6\.18-([0-9]+(?:\.[0-9]+)*)\.((?i:el5))(.*)", re.DOTALL),
}
TOGETHER = re.compile(r"kernel|2\.4\.21-|2\.6\.9-|2\.6\.18-")
PACKAGE = re.compile(r"(?:[0-9]+:)?(kernel(?=-).*?)-(?:(?=[0-9])(?:[0-9]+:)?)(.*)", re.DOTALL)
YUM = re.compile(f"(?!.*-[0-9])(kernel(?:-.*)?)\\.(noarch|{any_of(ARCHS)})", re.DOTALL)
AROUND = "\"'`“”„‘’‚«»\ufeff"

OTHER = "other"      # a kernel that section 12.2 does not cover
NO_IMAGE = "no image"


class Named:
    """A kernel that a report names."""

    def __init__(self, major, number, release, flavour, arch, exact):
        updates = [first for first in guide.UPDATES[major] if first <= number]
        self.major, self.update, self.release = major, len(updates) - 1, release
        self.flavour, self.arch, self.exact, self.smp, self.machine = flavour, arch, exact, False, ""


def spelled(word):
    return next(image for image in IMAGES if image.lower() == word.lower())


def read_release(text, flavour="", is_package=False):
    """Returns: Named, OTHER, or None if the text is no kernel."""
    if not VERSION.match(text):
        return None
    for major, pattern in RHEL.items():
        match = pattern.fullmatch(text)
        if not match:
            continue
        numbers, dist, suffix = match.groups()
        tokens = [token.groupdict() for token in re.finditer(TOKEN, suffix)]
        flavours = [token["flavour"] for token in tokens if token["flavour"]]
        archs = [token["arch"] for token in tokens if token["arch"]]
        tags = [token["tag"] for token in tokens if token["tag"]]
        mine = spelled(flavours[0]) if flavours else flavour
        is_ours = SUFFIX.fullmatch(suffix) and len(flavours) <= 1 and len(archs) <= 1
        if not is_ours or (flavour and mine != flavour):
            return None if not is_ours and TOGETHER.search(suffix) else OTHER
        dist = {3: "EL", 4: "EL", 5: "el5"}[major] if dist.lower() in ("el", "el5") else dist
        arch = ALIASES.get(archs[0], archs[0]) if archs else ""
        exact = bool(arch) and (is_package or arch in ("athlon", "ia32e"))
        return Named(major, int(numbers.split(".")[0]), ".".join([numbers, dist, *tags]), mine, arch, exact)
    return OTHER


def read_package(name, rest):
    rest = rest.removesuffix(".rpm")
    flavour = name.removeprefix("kernel").removeprefix("-")
    if rest.endswith((".src", ".nosrc", ".noarch")):
        return NO_IMAGE
    if name != "kernel" and flavour.lower() not in [image.lower() for image in IMAGES]:
        return NO_IMAGE
    return read_release(rest, spelled(flavour) if flavour else "", is_package=True)


def read_words(words):
    """Returns: the kernel that the first words name, and how many words name it."""
    yum = YUM.fullmatch(words[0])
    if yum and len(words) > 1 and VERSION.match(re.sub("^[0-9]+:", "", words[1])):
        return read_package(yum[1], f"{re.sub('^[0-9]+:', '', words[1])}.{yum[2]}"), 2
    package = PACKAGE.fullmatch(words[0])
    if package:
        return read_package(*package.groups()), 1
    return read_release(re.sub(r"^(?:.*/)?vmlinuz-", "", words[0])), 1


class Reading:
    def __init__(self):
        self.kernels = []
        self.narrowed = 0
        self.first = ""

    def narrow(self, machine):
        machine = ALIASES.get(machine, machine)
        if not self.kernels:
            self.first = self.first or machine
        for kernel in self.kernels[self.narrowed:]:
            if kernel != OTHER:
                kernel.machine = machine
        self.narrowed = len(self.kernels)

    def read_line(self, words):
        if words[0] == "Linux":
            for at in (2, 1):
                kernel = read_release(words[at]) if len(words) > at else None
                if kernel:
                    if kernel != OTHER:
                        kernel.smp = "SMP" in words[at + 1:]
                    self.kernels.append(kernel)
                    for machine in [word for word in words[at + 1:] if word in ARCHS][:1]:
                        self.narrow(machine)
                    return
        elif words[0] == "Kernel":
            kernel = read_release(words[1]) if len(words) > 4 and words[2:4] == ["on", "an"] else None
            if kernel:
                self.kernels.append(kernel)
                if words[4] in ARCHS:
                    self.narrow(words[4])
        else:
            while words:
                if words[0] in ARCHS:
                    self.narrow(words.pop(0))
                    continue
                kernel, length = read_words(words)
                if not kernel:
                    return
                del words[:length]
                if kernel != NO_IMAGE:
                    self.kernels.append(kernel)


def lines_of(text):
    data = text.encode("utf-8", "replace")
    whole = data[:CAP]
    if len(data) > CAP and data[CAP:CAP + 1] != b"\n":
        whole = whole[:whole.rfind(b"\n") + 1]
    for line in whole.decode("utf-8", "replace").split("\n"):
        line = re.sub("[\0-\x1f\x7f-\x9f]", "", re.sub("[\t\r]", " ", ESCAPE.sub("", line)))
        words = [word.lstrip(AROUND + ">").rstrip(AROUND + ",;:.") for word in re.split(r"[\s,;]+", line)]
        words = [word for word in words if word]
        if words:
            yield words


def meant(kernel, first):
    """Returns: the architectures that a kernel may have."""
    if kernel.exact:
        return [kernel.arch]
    archs = guide.PACKAGES[kernel.major].get(kernel.flavour, [])
    machine = kernel.arch or kernel.machine or first
    if not machine:
        return archs or [""]
    if kernel.major == 3 and not kernel.flavour and machine == "x86_64" and kernel.smp:
        return ["ia32e"]
    left = [arch for arch in archs if arch in MACHINES.get(machine, [machine])]
    return left or (archs if archs and machine not in FOREIGN else [machine])


def candidates(text):
    """Returns: a set of (major, update, flavour, architecture, release), or OTHER."""
    reading = Reading()
    for words in lines_of(text):
        reading.read_line(words)
    found = set()
    for kernel in reading.kernels:
        if kernel == OTHER:
            found.add(OTHER)
        else:
            found |= {(kernel.major, kernel.update, kernel.flavour, arch, kernel.release)
                      for arch in meant(kernel, reading.first)}
    return found


def judge_one(kernel, facts, host_update):
    """Returns: a verdict and its reasons."""
    if kernel == OTHER:
        return "not-applicable", {"guest-not-covered"}
    major, update, flavour, arch, _ = kernel
    host, processor = facts.get("host-architecture", ""), facts.get("host-processor", "")
    variant = f"{arch}-{flavour.upper()}".removesuffix("-")
    variant = "ia32e" if variant == "ia32e-SMP" else variant
    cell = guide.CELLS.get((variant, major), "-")
    reasons = set()
    if update < guide.MINIMUM[major]:
        reasons.add("guest-release-unsupported")
    if cell == "-":
        reasons.add("kernel-variant-unsupported")
    else:
        if host and host not in guide.hosts(variant, major):
            reasons.add("host-architecture-mismatch")
        if processor and processor != guide.PROCESSORS.get(cell, processor):
            reasons.add("processor-mismatch")
    if host_update == 0:
        reasons.add("host-release-unsupported")
    if reasons:
        return "incompatible", reasons
    return ("compatible", set()) if host else ("unknown", {"host-unknown"})


def update_of_host(kernel):
    updates = [max(found[1], 0) for found in candidates(kernel) if found != OTHER and found[0] == 5]
    return updates[0] if updates else None


def narrow_to_family(found, host):
    family = [] if not host else [OTHER, "", *(["ia64"] if host == "ia64" else X86)]
    left = {kernel for kernel in found if (kernel if kernel == OTHER else kernel[3]) in family}
    return left or found


def judge(text, facts):
    """Returns: the verdict, its reasons as a set, and the release. `facts` are those that CheckKernel takes."""
    found = narrow_to_family(candidates(text), facts.get("host-architecture", ""))
    results = [judge_one(kernel, facts, update_of_host(facts.get("host-kernel", ""))) for kernel in found]
    releases = {"" if kernel == OTHER else f"{kernel[0]}.{max(kernel[1], 0)}" for kernel in found}
    release = releases.pop() if len(releases) == 1 else ""
    if facts.get("virtualization") in ("pv", "pvh"):
        return "not-applicable", {"paravirtualized-guest"}, release
    if not found:
        return "unknown", {"kernel-unrecognized"}, release
    if len({verdict for verdict, _ in results}) > 1:
        return "unknown", {"kernel-ambiguous"}, release
    shared = set.intersection(*(reasons for _, reasons in results))
    return results[0][0], shared or set.union(*(reasons for _, reasons in results)), release
