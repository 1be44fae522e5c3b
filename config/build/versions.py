#!/usr/bin/env python3
"""The versions of the libraries we stand on, against the floors we know of. One table, one line a library.

We take the distribution's maintained packages and vendor nothing, so some stand below the floor. Then the line says what
shuts the door that the floor is about. Exit 0: every library is there, and each below its floor has such a door shut.
Exit 1: one is missing, is below a floor nothing makes up for, or is linked although it must not be.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(ROOT, "build/release/gateway/tsunagi")

# pkg-config name, Debian package, floor, why there is a floor, what shuts the door below it (None: nothing does)
LIBRARIES = [
    ("libwebsockets", "libwebsockets-dev", "5.0", "fixes made upstream on the 5.0 line only",
     "HTTP/1.1 only by ALPN, no CGI, no plugins, no extensions; every upgrade is judged by us before the library acts on it, "
     "so the dangling pointer of NN-2025-0102 is not reached. Not yet: its own HTTP parser under our fuzzer"),
    ("nice", "libnice-dev", "0.1.22", "peers dropped after 10 s instead of 30 s; candidates of priority 0",
     "the gateway uses its STUN codec alone: consent is timed by media/endpoint, candidates are not read; tests/fuzz/stun"),
    ("libsrtp2", "libsrtp2-dev", "2.5.0", "memory fixes", None),
    ("openssl", "libssl-dev", "3.0.19", "CVE-2025-69420; the 3.0 line itself ended 2026-09-07, the image is on 3.5", None),
    ("gstreamer-1.0", "libgstreamer1.0-dev", "1.22.0", "the distribution's security version",
     "the gateway loads its SDP parser alone; media is never decoded there"),
    ("gstreamer-sdp-1.0", "libgstreamer-plugins-base1.0-dev", "1.22.0", "the distribution's security version; tests/fuzz/sdp", None),
    ("sqlite3", "libsqlite3-dev", "3.40.1", "the distribution's security version", None),
    ("libsodium", "libsodium-dev", "1.0.18", "Argon2id", None),
    ("jansson", "libjansson-dev", "2.14", "the distribution's version", None),
    ("yaml-0.1", "libyaml-dev", "0.2.5", "the distribution's version", None),
    ("libuv", "libuv1-dev", "1.44.2", "the distribution's version", None),
]
# Not linked: looked at when the machine has it.
COTURN = ("coturn", "4.13.1", "CVE-2026-27624, CVE-2026-43994, addresses made canonical before the peer check",
          "containers/turn/turnserver.conf names the few peers that are allowed and denies both families whole, so no other "
          "way to write an address passes; no --oauth, no console, no database. `tsunagi check-config --turnserver` compares; tests/turn")
FORBIDDEN = "libusrsctp"  # data channels: we build none


def output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def numbers(version):
    return [int(part) for part in re.findall(r"\d+", version.split("-")[0])]


def package_version(package):
    """The installed version of a Debian package, and whether the package lists know a newer one."""
    text = output("dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${Version}", package)
    if not text.startswith("ii"):
        return "", False
    version = text.split("|")[1]
    candidate = re.search(r"Candidate: (\S+)", output("apt-cache", "policy", package))
    newer = bool(candidate) and candidate[1] not in (version, "(none)") and \
        subprocess.run(["dpkg", "--compare-versions", version, "lt", candidate[1]], check=False).returncode == 0
    return version, newer


def judge(name, version, package, floor, why, shut):
    """One row; false when something has to be done."""
    full, newer = package_version(package)
    if not version:
        print(f"{name:18} {'missing':24} {floor:8} MISSING  ({package})")
        return False
    below = numbers(version) < numbers(floor)
    verdict = "ok" if not below else "below" if shut else "BELOW"
    print(f"{name:18} {full or version:24} {floor:8} {verdict:8} {why}")
    if below:
        print(f"{'':52} door: {shut or 'none; update it'}")
    if newer:
        print(f"{'':52} a newer package is waiting: apt-get upgrade")
    return not below or shut is not None


def linked():
    """Is a library linked that must not be?"""
    if not os.path.exists(BINARY):
        print(f"{FORBIDDEN:18} not looked for: no release build yet")
        return True
    libraries = output("ldd", BINARY)
    bad = FORBIDDEN in libraries
    print(f"{FORBIDDEN:18} {'LINKED' if bad else 'not linked':24} {'-':8} {'BAD' if bad else 'ok':8} data channels are not built")
    return not bad and libraries != ""


def main():
    print(f"{'library':18} {'here':24} {'floor':8} verdict  why\n")
    good = True
    for pkg_config, package, floor, why, shut in LIBRARIES:
        version = output("pkg-config", "--modversion", pkg_config)
        good = judge(pkg_config, version, package, floor, why, shut) and good
    name, floor, why, shut = COTURN
    coturn = re.sub(r"^\d+:", "", package_version(name)[0])
    if coturn:
        good = judge(name, coturn, name, floor, why, shut) and good
    else:
        print(f"{name:18} {'not installed':24} {floor:8} ok       {why}")
    good = linked() and good
    print("\n" + ("nothing to do" if good else "something is missing or below its floor with nothing to make up for it"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
