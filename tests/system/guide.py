# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests' own copy of the Guide, tests/data/guide.ini."""
import configparser
import os

MAJORS = (3, 4, 5)
_file = configparser.ConfigParser(delimiters="=", comment_prefixes="#", interpolation=None)
_file.optionxform = str
with open(os.path.join(os.path.dirname(__file__), "..", "data", "guide.ini"), encoding="utf-8") as _open:
    _file.read_file(_open)
_rhel = {major: _file[f"RHEL {major}"] for major in MAJORS}

# Table 12.1: a word for each row and release: "Supported (Intel)", or "-" if it is empty.
CELLS = {(variant, major): cell.strip() for variant, row in _file["Table 12.1"].items()
         for major, cell in zip(MAJORS, row.split("|"), strict=True)}
# The processor that the kernel of such a cell is compiled for.
PROCESSORS = {"Supported (Intel)": "intel", "Supported (AMD)": "amd"}
# The first release numbers of update 0, 1, 2 and so on, and the first supported update.
UPDATES = {major: [int(number) for number in _rhel[major]["updates"].split()] for major in MAJORS}
MINIMUM = {major: int(_rhel[major]["minimum"]) for major in MAJORS}
# The architectures of each flavour of a kernel package.
PACKAGES = {major: {key[len("kernel-"):]: archs.split() for key, archs in rhel.items() if key.startswith("kernel")}
            for major, rhel in _rhel.items()}


def hosts(variant, major):
    """Returns: the architectures of the hosts that a guest may have; none if its cell is empty."""
    cell = CELLS[variant, major]
    if cell == "-":
        return []
    if major > 3:
        return _file["Section 12.2"][variant.split("-")[0]].split()
    return [_file["Table 12.2" if PROCESSORS[cell] == "intel" else "Table 12.3"][variant]]


def version(major, number):
    """Returns: the version and release of a kernel, by the first number of its release."""
    return f"{_rhel[major]['version']}-{number}.{_rhel[major]['dist']}"


def first_supported(major):
    """Returns: the first release number that section 12.2 supports."""
    return UPDATES[major][MINIMUM[major]]


def package(variant, kernel):
    """Returns: the name of a row's package."""
    arch, _, flavour = variant.partition("-")
    return "-".join(["kernel", *([flavour if flavour == "PAE" else flavour.lower()] * bool(flavour)), f"{kernel}.{arch}"])
