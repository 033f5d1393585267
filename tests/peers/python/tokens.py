"""Oracle's python-oracledb (thin mode) logs on with tokens that its own plugins and SDKs fetch.

usage: tokens.py IDENTITY_FOLDER TCPS_CONNECT_STRING [TCP_CONNECT_STRING]

The folder is what `oraedge-simulator --identity-dir` writes. With the second connect string it also
does what has to be refused. Prints one JSON object a line, {"step": name, "value": what came} or
{"step": name, "error": text}; `cargo xtask test --only tokens` compares them with tokens.json.
Service names are redirected by redirect/sitecustomize.py; trust comes from SSL_CERT_FILE and
REQUESTS_CA_BUNDLE.
"""

import base64
import json
import os
import pathlib
import sys
import time
import urllib.request

import oci
import oracledb
import oracledb.plugins.oci_tokens as oci_tokens

FOLDER = pathlib.Path(sys.argv[1])
TCPS = sys.argv[2]
TCP = sys.argv[3] if len(sys.argv) > 3 else None

identity = json.loads((FOLDER / "environment.json").read_text())
VERSION = tuple(int(part) for part in oracledb.__version__.split(".")[:2])
CONTEXT = ["current_user", "authenticated_identity", "enterprise_identity", "authentication_method"]


def control(path, body=None):
    """One of the switches that the simulated services have for tests."""
    request = urllib.request.Request(
        f"{identity['endpoints']['control']}/{path}",
        None if body is None else json.dumps(body).encode(),
    )
    return json.load(urllib.request.urlopen(request, timeout=10))


class Settings:
    """Other settings of the services for a while."""

    def __init__(self, **settings):
        self.settings = settings

    def __enter__(self):
        self.before = control("settings")
        control("settings", self.settings)

    def __exit__(self, *_):
        control("settings", self.before)


def who(connection):
    """Who the database says has logged on."""
    cursor = connection.cursor()
    answer = {"user": cursor.execute("select user from dual").fetchone()[0]}
    for name in CONTEXT:
        cursor.execute(f"select sys_context('userenv', '{name}') from dual")
        answer[name] = cursor.fetchone()[0]
    connection.close()
    return answer


def log_on(parameters=None, variables=None, dsn=TCPS, **options):
    """Logs on as a program does whose environment has these variables."""
    os.environ.update(variables or {})
    try:
        if parameters is not None:
            options["extra_auth_params"] = parameters
        return who(oracledb.connect(dsn=dsn, **options))
    finally:
        for name in variables or {}:
            del os.environ[name]


def principal(name):
    return identity["principals"][name]


def simple(**changes):
    api_key = identity["oci"]
    return {
        "auth_type": "SimpleAuthentication",
        "user": api_key["user"],
        "key_file": api_key["keyFile"],
        "fingerprint": api_key["fingerprint"],
        "tenancy": api_key["tenancy"],
        "region": api_key["region"],
        "profile": "DEFAULT",
        **changes,
    }


def config_file(profile, **changes):
    return {
        "auth_type": "ConfigFileAuthentication",
        "file_location": identity["config"],
        "profile": profile,
        **changes,
    }


def session_token_simple():
    api_key = identity["oci"]
    return {
        "auth_type": "SecurityTokenSimple",
        "key_file": api_key["sessionKeyFile"],
        "fingerprint": api_key["sessionFingerprint"],
        "tenancy": api_key["tenancy"],
        "region": api_key["region"],
        "profile": "st_1",
        "security_token_file": api_key["securityTokenFile"],
    }


def resource_files():
    """The values of version 2.2 as files, which the SDK reads anew when a token has ended; without one
    for a pass phrase, which the SDK cannot open (it asks for the mode "b")."""
    variables = dict(principal("resource2.2Values"))
    for name in ["OCI_RESOURCE_PRINCIPAL_RPST", "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"]:
        file = FOLDER / f"python-{name}"
        file.write_text(variables[name])
        variables[name] = str(file)
    return variables


def azure(**changes):
    # The plugin's hook of 3.4 takes every connection for its own, so it comes last.
    import oracledb.plugins.azure_tokens  # noqa: F401

    return {
        "auth_type": "AzureServicePrincipal",
        "authority": identity["azure"]["publicAuthority"],
        "client_id": identity["azure"]["clientId"],
        "client_credential": identity["azure"]["clientSecret"],
        "scopes": identity["azure"]["scopes"],
        **changes,
    }


def fetch(**changes):
    """Token and private key, as the plugin gives them to the driver."""
    return oci_tokens.generate_token(simple(**changes))


def expiry(token):
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]


def short_lived():
    """Token and private key of a token that has ended."""
    with Settings(tokenLifetimeSeconds=1):
        token, key = fetch()
    time.sleep(max(0, expiry(token) - time.time()) + 1)
    return token, key


def step_callable():
    """A function is asked once while its token is good."""
    asked = []

    def token(refresh):
        asked.append(refresh)
        return fetch()

    return {**log_on(access_token=token), "asked": asked}


def step_callable_refresh():
    """A function that gives a token that has ended is asked for another one."""
    asked = []
    expired = short_lived()

    def token(refresh):
        asked.append(refresh)
        return fetch() if refresh else expired

    return {**log_on(access_token=token), "asked": asked}


def step_pool():
    """The connections of a pool log on with one token."""
    asked = []

    def token(refresh):
        asked.append(refresh)
        return fetch()

    pool = oracledb.create_pool(dsn=TCPS, access_token=token, homogeneous=True, min=2, max=2)
    connections = [pool.acquire(), pool.acquire()]
    answers = [who(connection) for connection in connections]
    pool.close(force=True)
    return {"same": answers[0] == answers[1], "user": answers[0]["user"], "asked": asked}


def steps():
    """What has to work."""
    yield "simple", lambda: log_on(simple())
    yield "config_file", lambda: log_on(config_file("DEFAULT"))
    yield "config_file_encrypted_key", lambda: log_on(config_file("ENCRYPTED"))
    yield "scope_of_database", lambda: log_on(
        simple(scope="urn:oracle:db::id::{compartment}::{ocid}".format(**identity["database"]))
    )
    yield "instance_principal", lambda: log_on(
        {"auth_type": "InstancePrincipal"}, principal("instance")
    )
    if VERSION >= (4, 0):
        yield "session_token", lambda: log_on(
            config_file("st_1", auth_type="SecurityToken")
        )
        yield "session_token_simple", lambda: log_on(session_token_simple())
        resource = {"auth_type": "ResourcePrincipal"}
        yield "resource_principal_2.2", lambda: log_on(resource, principal("resource2.2Values"))
        yield "resource_principal_2.2_files", lambda: log_on(resource, resource_files())
        # Not 3.0: the SDK refuses every address of a parent resource that has a path ("endpoint must
        # not contain path"), and takes nothing else.
        for version in ["1.1", "2.1", "2.1.1", "2.1.2"]:
            yield (
                f"resource_principal_{version}",
                lambda kind=f"resource{version}": log_on(resource, principal(kind)),
            )
    yield "token_and_key", lambda: log_on(access_token=fetch())
    yield "callable", step_callable
    yield "callable_refresh", step_callable_refresh
    yield "pool", step_pool
    yield "azure_service_principal", lambda: log_on(azure())
    yield "token", lambda: log_on(access_token=azure_token())


def azure_token():
    import oracledb.plugins.azure_tokens as azure_tokens

    return azure_tokens.generate_token(azure())


def at_another_time():
    with Settings(clockOffsetSeconds=600):
        return log_on(simple())


def with_another_key():
    (token, _), (_, key) = fetch(), fetch()
    return log_on(access_token=(token, key))


def refusals():
    """What has to be refused: by the services, by the database, or by the driver itself."""
    yield "unregistered_key", lambda: log_on(config_file("UNREGISTERED_KEY"))
    yield "wrong_fingerprint", lambda: log_on(config_file("WRONG_FINGERPRINT"))
    yield "unknown_user", lambda: log_on(config_file("UNKNOWN_USER"))
    yield "expired_session", lambda: log_on(config_file("EXPIRED", auth_type="SecurityToken"))
    yield "clock", at_another_time
    yield "unmapped_user", lambda: log_on(config_file("LONER"))
    yield "another_database", lambda: log_on(
        simple(scope="urn:oracle:db::id::ocid1.compartment.oc1..aaaaaaaaanother")
    )
    yield "another_key", with_another_key
    yield "expired_token", lambda: log_on(access_token=short_lived())
    yield "plain_tcp", lambda: log_on(access_token=fetch(), dsn=TCP)
    yield "azure_secret", lambda: log_on(azure(client_credential="another secret"))


def requests():
    """What the requests of plugins and SDKs looked like, each form once."""
    served = [entry for entry in control("requests")["requests"] if entry["endpoint"]]
    shapes = [{"endpoint": entry["endpoint"], **entry["shape"]} for entry in served]
    return [json.loads(text) for text in sorted({json.dumps(s, sort_keys=True) for s in shapes})]


def main():
    os.environ["OCI_REGION_METADATA"] = json.dumps(identity["regionMetadata"])
    # Only now, since it keeps what it read of the environment.
    oci.regions.get_region_from_short_name(identity["region"])
    print(json.dumps({"step": "version", "value": oracledb.__version__}), flush=True)
    control("reset", {})
    for name, step in [*steps(), ("requests", requests), *(refusals() if TCP else [])]:
        try:
            answer = {"value": step()}
        except Exception as error:  # what a driver, a plugin or an SDK raises is its own affair
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"step": name, **answer}), flush=True)


main()
