"""Writes tests/vectors/oci_config.jsonl: configuration files, and what Oracle's SDK for Python reads
from each profile. With --check, says whether the installed SDK still reads the same.

    pip install oci==2.189.0 && python tests/peers/python/oci_config_vectors.py [--check] [FILE]
"""

import configparser
import json
import os
import pathlib
import random
import sys
import tempfile

import oci
import oci.config

VECTORS = pathlib.Path(__file__).parents[2] / "vectors/oci_config.jsonl"

USER = "ocid1.user.oc1..aaaaaaaauser"
TENANCY = "ocid1.tenancy.oc1..aaaaaaaatenancy"
FINGERPRINT = "20:3b:97:13:55:1c:5b:0d:d3:37:d8:50:4e:c5:3a:34"
WHOLE = f"""[DEFAULT]
user={USER}
fingerprint={FINGERPRINT}
tenancy={TENANCY}
region=us-ashburn-1
key_file=~/.oci/oci_api_key.pem
"""

# Name, text, profile.
CASES = [
    ("a whole profile", WHOLE, "DEFAULT"),
    ("empty file", "", "DEFAULT"),
    ("empty file, named profile", "", "A"),
    ("empty section", "[A]\n", "A"),
    ("profile that is not there", WHOLE, "A"),
    ("profile in another case", "[Work]\na=1\n", "work"),
    ("default in lower case is a profile", "[default]\na=1\n", "default"),
    ("default in lower case is no default", "[default]\na=1\n[B]\nb=2\n", "B"),
    ("inherited keys", WHOLE + "[A]\nregion=phx\n", "A"),
    ("DEFAULT behind the profile", "[A]\na=1\n[DEFAULT]\nb=2\na=3\n", "A"),
    ("DEFAULT twice", "[DEFAULT]\na=1\n[B]\nc=1\n[DEFAULT]\nb=2\n", "B"),
    ("DEFAULT twice with the same key", "[DEFAULT]\na=1\n[DEFAULT]\na=2\n", "DEFAULT"),
    ("section twice", "[A]\na=1\n[B]\n[A]\nb=2\n", "A"),
    ("key twice", "[A]\na=1\na=2\n", "A"),
    ("key twice in other cases", "[A]\nKey=1\nkey=2\n", "A"),
    ("key of the default again", "[DEFAULT]\na=1\n[A]\na=2\n", "A"),
    ("keys are in lower case", "[A]\nUSER=Me\nKey_File=/X/Y\n", "A"),
    ("colon as delimiter", "[A]\na: 1\nb : 2\nc:3\n", "A"),
    ("first delimiter counts", "[A]\na=b=c\nd: e=f\ng=h:i\nj=k==\n", "A"),
    ("spaces around", "[A]\n  a   =   1   \n", "A"),
    ("spaces within", "[A]\na b = c d\n", "A"),
    ("tabs around", "[A]\na\t=\t1\t\n", "A"),
    ("empty value", "[A]\na=\nb = \n", "A"),
    ("empty pass phrase", WHOLE + "pass_phrase=\n", "DEFAULT"),
    ("value of spaces", "[A]\na=   \nb=1\n", "A"),
    ("quotes stay", "[A]\na=\"1\"\nb='2'\n", "A"),
    ("no delimiter", "[A]\na\n", "A"),
    ("no delimiter, then good lines", "[A]\na\nb=1\n", "A"),
    ("no delimiter in another section", "[B]\nx\n[A]\na=1\n", "A"),
    ("no key", "[A]\n=1\n", "A"),
    ("no key twice", "[A]\n=1\n=2\n", "A"),
    ("no key, then the next section", "[A]\n=1\n[B]\nb=1\n", "B"),
    ("key in front of any section", "a=1\n[A]\nb=2\n", "A"),
    ("comment in front of any section", "# a\n; b\n\n[A]\na=1\n", "A"),
    ("comments", "[A]\n# a=1\n; b=2\n  # c=3\nd=4\n", "A"),
    ("no comment behind a value", "[A]\na=1 # one\nb=2 ; two\nc=3#three\n", "A"),
    ("hash as value", "[A]\na=#1\nb=;2\n", "A"),
    ("hash in the key", "[A]\na#b=1\n", "A"),
    ("rem is no comment", "[A]\nrem a=1\n", "A"),
    ("section with text behind", "[A] # first\na=1\n", "A"),
    ("section with spaces within", "[ A ]\na=1\n", " A "),
    ("section with spaces within, asked for without", "[ A ]\na=1\n", "A"),
    ("section with brackets within", "[A]B]\na=1\n", "A]B"),
    ("section without a name", "[]\na=1\n", "A"),
    ("section without a name behind a section", "[A]\n[]\n", "A"),
    ("section of one bracket", "[]]\na=1\n", "]"),
    ("section without its end", "[A]\na=1\n[B\nb=2\n", "A"),
    ("section without its end, first", "[A\na=1\n", "A"),
    ("indented section", "  [A]\n  a=1\n", "A"),
    ("section indented behind a key", "[A]\na=1\n  [B]\n  b=2\n", "A"),
    ("section indented behind a key is none", "[A]\na=1\n  [B]\n", "B"),
    ("value on the next line", "[A]\na=\n  1\n", "A"),
    ("value on three lines", "[A]\na=1\n  2\n\t3\nb=4\n", "A"),
    ("key that is indented", "[A]\na=1\n b=2\n", "A"),
    ("keys that are all indented", "[A]\n  a=1\n  b=2\n   c=3\n d=4\n", "A"),
    ("indented with a tab", "[A]\na=1\n\tb=2\n", "A"),
    ("empty line in a value", "[A]\na=1\n\n  2\nb=3\n", "A"),
    ("empty lines behind a value", "[A]\na=1\n\n\n\nb=2\n\n", "A"),
    ("line of spaces in a value", "[A]\na=1\n   \n  2\n", "A"),
    ("comment in a value", "[A]\na=1\n  # no\n  2\n", "A"),
    ("comment and empty line in a value", "[A]\na=1\n# no\n\n  2\n", "A"),
    ("comment at the margin, then a deeper line", "[A]\na=1\n#\n  2\n", "A"),
    ("CR LF", WHOLE.replace("\n", "\r\n"), "DEFAULT"),
    ("CR alone", "[A]\ra=1\rb=2\r", "A"),
    ("line ends mixed", "[A]\r\na=1\nb=2\rc=3", "A"),
    ("no line end at the end", "[A]\na=1", "A"),
    ("byte order mark", "\ufeff[A]\na=1\n", "A"),
    ("form feed and vertical tab", "[A]\n\x0ca\x0b=\x0b1\x0c\n", "A"),
    ("line separators are none", "[A]\na=1\u2028b=2\x85c=3\n", "A"),
    ("separators of ASCII are spaces", "[A]\na\x1c=\x1d1\x1e\nb=2\x1f\n", "A"),
    ("no-break space around", "[A]\n\u00a0a\u00a0=\u00a01\u00a0\n", "A"),
    ("NUL", "[A]\na=1\x002\n", "A"),
    ("other letters", "[\u00c4]\nSCHL\u00dcSSEL=w\u00f6rt\n", "\u00c4"),
    ("letters whose lower case is longer", "[A]\n\u0130=1\n", "A"),
    ("percent signs", "[A]\na=%(b)s\nb=%%\nc=%\n", "A"),
    ("dollar signs and tildes", "[A]\na=$HOME/x\nb=${b}\nc=~user/x\n", "A"),
    ("backslashes", "[A]\nkey_file=C:\\Users\\me\\key.pem\na=1\\\nb=2\n", "A"),
    ("equals in a pass phrase", WHOLE + "pass_phrase= p=a:s#s;\n", "DEFAULT"),
    ("key content in the file", WHOLE + "key_content=-----BEGIN\n", "DEFAULT"),
    ("key content in the default", "[DEFAULT]\nkey_content=a\n[A]\na=1\n", "A"),
    ("key content in another profile", "[B]\nkey_content=a\n[A]\na=1\n", "A"),
    ("log_requests yes", "[A]\nlog_requests=Yes\n", "A"),
    ("log_requests off", "[A]\nlog_requests=OFF\n", "A"),
    ("log_requests maybe", "[A]\nlog_requests=maybe\n", "A"),
    ("log_requests empty", "[A]\nlog_requests=\n", "A"),
    ("additional user agent", "[A]\nadditional_user_agent=me\n", "A"),
    ("session", "[A]\nfingerprint=f\nkey_file=k\nsecurity_token_file=~/t\nregion=phx\n", "A"),
    ("fingerprint in upper case", WHOLE.replace(FINGERPRINT, FINGERPRINT.upper()), "DEFAULT"),
    ("fingerprint too short", WHOLE.replace(":34", ""), "DEFAULT"),
    ("fingerprint too long", WHOLE.replace(":34", ":34:00"), "DEFAULT"),
    ("fingerprint empty", WHOLE.replace(FINGERPRINT, ""), "DEFAULT"),
    ("user is a name", WHOLE.replace(USER, "me@example.com"), "DEFAULT"),
    ("user with colons", WHOLE.replace(USER, "ocid1:user:oc1:phx:a:1455"), "DEFAULT"),
    ("user with empty parts", WHOLE.replace(USER, "ocid1.user...a"), "DEFAULT"),
    ("user of four parts", WHOLE.replace(USER, "ocid1.user.oc1.a"), "DEFAULT"),
    ("user ends in a dot", WHOLE.replace(USER, USER + "."), "DEFAULT"),
    ("user begins with a dot", WHOLE.replace(USER, "." + USER), "DEFAULT"),
    ("tenancy with a space", WHOLE.replace(TENANCY, TENANCY + " x"), "DEFAULT"),
    ("tenancy on two lines", WHOLE.replace(TENANCY, TENANCY + "\n x"), "DEFAULT"),
    ("tenancy with other letters", WHOLE.replace(TENANCY, TENANCY + "\u00e9"), "DEFAULT"),
    *(
        (f"without {key}", "".join(line for line in WHOLE.splitlines(True) if not line.startswith(key)), "DEFAULT")
        for key in ["user", "tenancy", "fingerprint", "region", "key_file"]
    ),
    ("region empty", WHOLE.replace("us-ashburn-1", ""), "DEFAULT"),
    ("keys that nobody knows", WHOLE + "shape=round\n", "DEFAULT"),
]

# Lines that random files are made of.
PIECES = [
    "[A]", "[B]", "[DEFAULT]", "  [A]", "a=1", "b = 2", "c: 3", "A=4", " a=5", "  deeper", "\tdeeper",
    "", "   ", "# comment", "  ; comment", "d=", "e", "=f", "g=h=i", "[C", "user=u", " x : y ",
]


def random_cases(count):
    source = random.Random(4)
    for number in range(count):
        lines = [source.choice(["[A]", "[DEFAULT]", "[B]"])]
        lines += source.choices(PIECES, k=source.randint(1, 9))
        end = source.choice(["\n", "\n", "\r\n"])
        yield f"random {number}", end.join(lines), source.choice(["A", "A", "B", "DEFAULT"])


def read(text, profile):
    """What the SDK reads: keys and values, or the kind of error and its line."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "config"
        path.write_bytes(text.encode())
        try:
            config = oci.config.from_file(str(path), profile)
        except configparser.MissingSectionHeaderError as error:
            return {"error": "no section", "line": error.lineno}
        except configparser.DuplicateSectionError as error:
            return {"error": "section twice", "line": error.lineno}
        except configparser.DuplicateOptionError as error:
            return {"error": "key twice", "line": error.lineno}
        except configparser.ParsingError as error:
            return {"error": "unreadable", "line": error.errors[0][0]}
        except oci.exceptions.ProfileNotFound:
            return {"error": "no profile"}
        except ValueError as error:
            key = "key_content" if "key_content" in str(error) else "log_requests"
            return {"error": key}
    try:
        oci.config.validate_config(config)
        problems = {}
    except oci.exceptions.InvalidConfig as error:
        problems = dict(sorted(error.args[0].items()))
    # What the SDK puts there itself.
    values = {key: value for key, value in config.items() if value != oci.config.DEFAULT_CONFIG.get(key)}
    values.pop("log_requests", None)
    return {"values": values, "problems": problems}


def rows():
    for name, text, profile in [*CASES, *random_cases(100)]:
        yield {"name": name, "text": text, "profile": profile, **read(text, profile)}
    for path in ["~", "~/", "~/a", "/~/a", "a/~", "", "~/a~b", "~~"]:
        for home in ["/home/me", "/home/me/", "/"]:
            os.environ["HOME"] = home
            yield {"path": path, "home": home, "expanded": os.path.expanduser(path)}


def main():
    os.environ.pop("OCI_REGION", None)
    # Whether the key file is there is not a question of the text.
    oci.config.invalid_key_file_path_checker = lambda *_: None
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    path = pathlib.Path(arguments[0]) if arguments else VECTORS
    lines = [json.dumps(row) + "\n" for row in rows()]
    if "--check" not in sys.argv:
        path.write_text("".join(lines))
        return
    written = path.read_text().splitlines(keepends=True)
    for number, (old, new) in enumerate(zip(written, lines), start=1):
        if old != new:
            sys.exit(f"{path}:{number}: the SDK {oci.__version__} reads\n{new}, written is\n{old}")
    if len(written) != len(lines):
        sys.exit(f"{path} has {len(written)} rows, the script {len(lines)}")
    print(f"{path}: {len(lines)} rows, as the SDK {oci.__version__} reads them")


if __name__ == "__main__":
    main()
