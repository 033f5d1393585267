"""Writes src/auth/oci/regions.txt from the regions that the `oci` SDK knows, or, with --check,
says whether the file is what the installed SDK knows.

    pip install oci==2.189.0 && python tests/peers/python/oci_regions.py [--check] [FILE]
"""

import pathlib
import sys

import oci
from oci import regions_definitions as facts

HEADER = """\
# OCI's regions: realm, the realm's domain, and its regions as CODE=NAME. Facts from the `oci` SDK
# for Python {version}; tests/peers/python/oci_regions.py writes this file.
"""


def text():
    codes = {name: code for code, name in facts.REGIONS_SHORT_NAMES.items()}
    lines = [HEADER.format(version=oci.__version__)]
    for realm, domain in facts.REALMS.items():
        regions = [
            f"{codes.get(name, '')}={name}"
            for name in facts.REGIONS
            if facts.REGION_REALMS[name] == realm
        ]
        lines.append(" ".join([realm, domain, *regions]) + "\n")
    return "".join(lines)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    default = pathlib.Path(__file__).parents[3] / "src/auth/oci/regions.txt"
    path = pathlib.Path(arguments[0]) if arguments else default
    if "--check" not in sys.argv:
        path.write_text(text())
        return
    written, known = set(path.read_text().split()), set(text().split())
    if written != known:
        sys.exit(f"{path}: only here {sorted(written - known)}, only in the SDK {sorted(known - written)}")
    print(f"{path}: as in the SDK {oci.__version__}")


if __name__ == "__main__":
    main()
