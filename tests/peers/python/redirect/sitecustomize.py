"""Sends the names of real services to the simulated ones.

Python imports a module of this name by itself when its folder is in PYTHONPATH, so that drivers,
plugins and SDKs stay as they were published: only name resolution differs. ORAEDGE_REDIRECT is a
JSON object: {"auth.region.domain:443": "127.0.0.1:PORT", ...}.

The plugins of python-oracledb 26.1 ask `text in AuthType`, which a Python before 3.12 refuses with a
TypeError; there it gets the answer of 3.12.
"""

import enum
import json
import os
import socket
import sys

_targets = json.loads(os.environ.get("ORAEDGE_REDIRECT", "{}"))
_getaddrinfo = socket.getaddrinfo


def _redirected(host, port, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    target = _targets.get(f"{name}:{port}")
    if target is not None:
        host, port = target.rsplit(":", 1)
    return _getaddrinfo(host, port, *args, **kwargs)


socket.getaddrinfo = _redirected


if sys.version_info < (3, 12):
    _contains = enum.EnumMeta.__contains__

    def _contains_as_of_312(enumeration, value):
        if isinstance(value, enum.Enum):
            return _contains(enumeration, value)
        return any(value == member.value for member in enumeration)

    enum.EnumMeta.__contains__ = _contains_as_of_312
