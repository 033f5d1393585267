"""Sends the names of real services to the simulated ones.

Python imports a module of this name by itself when its folder is in PYTHONPATH, so that drivers,
plugins and SDKs stay as they were published: only name resolution differs. ORAEDGE_REDIRECT is a
JSON object: {"auth.region.domain:443": "127.0.0.1:PORT", ...}.
"""

import json
import os
import socket

_targets = json.loads(os.environ.get("ORAEDGE_REDIRECT", "{}"))
_getaddrinfo = socket.getaddrinfo


def _redirected(host, port, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    target = _targets.get(f"{name}:{port}")
    if target is not None:
        host, port = target.rsplit(":", 1)
    return _getaddrinfo(host, port, *args, **kwargs)


socket.getaddrinfo = _redirected
