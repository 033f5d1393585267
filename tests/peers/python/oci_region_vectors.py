"""Writes tests/vectors/oci_regions.jsonl: regions, what is known of them, and the addresses that Oracle's
SDK for Python makes of these. With --check, says whether the installed SDK still makes the same.

    pip install oci==2.189.0 && python tests/peers/python/oci_region_vectors.py [--check] [FILE]
"""

import importlib
import json
import os
import pathlib
import sys
import tempfile

import oci
import oci.regions
import oci.regions_definitions

VECTORS = pathlib.Path(__file__).parents[2] / "vectors/oci_regions.jsonl"
TEMPLATE = "https://auth.{region}.{secondLevelDomain}"


def region(code, name, realm, domain):
    return {
        "realmKey": realm, "realmDomainComponent": domain, "regionKey": code, "regionIdentifier": name,
    }


MARS = region("MRS9", "Mars-North-1", "OC99", "Mars.example")
VENUS = region("VNS", "venus-1", "OC98", "venus.example")
# A region, the text of regions-config.json, OCI_REGION_METADATA, OCI_DEFAULT_REALM.
CASES = [
    *((name, None, None, None) for name in oci.regions_definitions.REGIONS),
    *((code.upper(), None, None, None) for code in oci.regions_definitions.REGIONS_SHORT_NAMES),
    *((name, None, None, None) for name in ["US-Phoenix-1", "us-nowhere-7", "zzz", "a.b", "eu-x-1.example.com", "us-gov-x-1"]),
    *((name, None, None, "corp.example") for name in ["us-phoenix-1", "us-nowhere-7", "a.b"]),
    *((name, None, json.dumps(MARS), None) for name in ["mars-north-1", "MARS-NORTH-1", "mrs9", "venus-1", "phx"]),
    *((name, json.dumps([VENUS, MARS]), None, None) for name in ["mars-north-1", "mrs9", "vns", "pluto-1"]),
    *((name, json.dumps([VENUS]), json.dumps(MARS), "corp.example") for name in ["mars-north-1", "vns", "pluto-1", "iad"]),
    ("mars-north-1", "{}", json.dumps(MARS), None),
    ("mars-north-1", "not json", json.dumps(MARS), None),
    ("mars-north-1", None, "not json", "corp.example"),
    ("mars-north-1", json.dumps([{**MARS, "realmKey": ""}]), None, None),
    ("new-1", json.dumps([region("new", "new-1", "OC1", "other.example")]), None, None),
    ("new-1", json.dumps([region("phx", "new-1", "OC3", "other.example")]), None, None),
    ("phx", json.dumps([region("phx", "new-1", "OC97", "other.example")]), None, None),
    ("us-phoenix-1", json.dumps([region("new", "us-phoenix-1", "OC97", "other.example")]), None, None),
    ("two-1", json.dumps([region("one", "one-1", "OC97", "first.example"), region("two", "two-1", "OC97", "second.example")]), None, None),
    ("two-1", json.dumps([region("one", "one-1", "OC97", "first.example")]), json.dumps(region("two", "two-1", "OC97", "second.example")), None),
]


def endpoint(name, file, variable, default_realm):
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        if file is not None:
            path = pathlib.Path(home) / ".oci/regions-config.json"
            path.parent.mkdir()
            path.write_text(file)
        for key, value in [("OCI_REGION_METADATA", variable), ("OCI_DEFAULT_REALM", default_realm)]:
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value
        # What the SDK has found out stays with its module.
        importlib.reload(oci.regions_definitions)
        regions = importlib.reload(oci.regions)
        return {
            "region": name, "file": file, "OCI_REGION_METADATA": variable, "OCI_DEFAULT_REALM": default_realm,
            "endpoint": regions.endpoint_for("identity_data_plane", name, service_endpoint_template=TEMPLATE),
            "auth": regions.endpoint_for("auth", name),
            "identifier": regions.get_region_from_short_name(name) if regions.is_region_short_name(name) else name.lower(),
        }


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    path = pathlib.Path(arguments[0]) if arguments else VECTORS
    lines = [json.dumps(endpoint(*case)) + "\n" for case in CASES]
    if "--check" not in sys.argv:
        path.write_text("".join(lines))
        return
    # A new SDK knows more regions; those that are written must not change.
    lost = set(path.read_text().splitlines(keepends=True)) - set(lines)
    if lost:
        sys.exit(f"{path}: the SDK {oci.__version__} makes something else of\n{''.join(sorted(lost))}")
    print(f"{path}: as the SDK {oci.__version__} makes them")


if __name__ == "__main__":
    main()
