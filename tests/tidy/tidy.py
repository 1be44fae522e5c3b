#!/usr/bin/env python3
"""Polices the tree itself: who may include whom, which library lives where, how long functions and files are,
no unused file, every message documented, no changeable globals. Rules: shared architecture §6 and §7.

    tidy.py ROOT          checks the tree, one line a finding, exit 1 when there is any
    tidy.py --self-test   plants one violation of each kind in a scratch tree and expects to find it
"""
import os
import re
import subprocess
import sys
import tempfile

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600

# room -> what it may include of ours. The longest matching prefix is the room of a file.
ROOMS = {
    "gateway/base": [],
    "gateway/model": ["gateway/base"],
    "gateway/words": ["gateway/base", "gateway/model"],
    "gateway/rules": ["gateway/base", "gateway/model"],
    "gateway/duty": ["gateway/base", "gateway/model"],
    "gateway/consultation": ["gateway/base", "gateway/model", "gateway/rules"],
    "gateway/audit": ["gateway/base", "gateway/model"],
    "gateway/identity": ["gateway/base", "gateway/model"],
    "gateway/storage": ["gateway/base", "gateway/model", "gateway/audit"],
    "signaling": ["gateway/base"],
    "media": ["gateway/base"],
    "gateway/control": ["gateway/base", "gateway/model", "gateway/rules", "gateway/consultation", "gateway/audit",
                        "gateway/identity", "gateway/words",
                        "gateway/storage/store.h", "gateway/storage/store_rows.h", "gateway/storage/store_query.h",
                        "signaling/signaling.h", "signaling/messages/message.h", "signaling/sdp/sdp.h",
                        "signaling/whip/whip.h", "signaling/whip/whip_fragment.h",
                        "media/media.h", "media/media_command.h", "media/media_limits.h"],
    "gateway/api": ["gateway/base", "gateway/model", "gateway/words", "gateway/rules", "gateway/identity", "gateway/audit",
                    "gateway/storage/store.h", "gateway/storage/store_rows.h", "gateway/storage/store_query.h",
                    "media/media.h", "signaling/signaling.h", "signaling/messages/message.h"],
    # included by main.c and the command-line verbs beside it
    "config": ["gateway/base", "gateway/model", "gateway/rules", "gateway/consultation/consultation.h",
               "media/media.h", "media/media_limits.h", "signaling/signaling.h"],
    "gateway": None,            # main.c, gateway.{h,c} and the verbs: the place where everything meets
    "gateway/synthetic": ["gateway/base"],
    "tests": None,
}

# header prefix -> rooms that may use the library
LIBRARIES = {
    "openssl/": ["gateway/base", "media/dtls", "media/srtp", "signaling/transport", "gateway/audit",
                 "gateway/check_config.c", "tests"],
    "srtp2/": ["media/srtp", "tests"],
    "nice/": ["media/ice", "tests"],
    "stun/": ["media/ice", "tests"],
    "gst/": ["signaling/sdp", "media/tap", "gateway/synthetic", "tests"],
    "libsoup/": ["gateway/synthetic", "tests"],
    "libwebsockets.h": ["signaling/transport"],
    "uv.h": ["signaling/transport", "gateway/gateway.c", "tests"],
    "jansson.h": ["signaling/messages", "gateway/api", "gateway/audit", "gateway/synthetic", "gateway/rules_cli.c",
                  "gateway/audit_cli.c", "gateway/demo_clinic.c", "gateway/duty_file.h", "gateway/duty_cli.c", "gateway/storage/sealing", "tests"],
    "yaml.h": ["config", "tests"],
    "sodium.h": ["gateway/identity", "gateway/audit", "gateway/storage/sealing", "tests"],
    "sqlite3.h": ["gateway/storage/sqlite", "tests"],
    "curl/": ["gateway/outgoing", "tests"],
    "gio/": ["gateway/synthetic"],
    "glib/": ["gateway/synthetic"],
    "glib.h": ["signaling/sdp", "gateway/synthetic", "tests"],
    "cmocka.h": ["tests"],
}

# A global that may change, with the reason.
MUTABLE_ALLOWED = {
    "gateway/base/log.c": "threshold of the log, atomic, set before threads start",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
OURS = ("gateway/", "signaling/", "media/", "config/", "tests/")


def room_of(path):
    best = None
    for room in ROOMS:
        if (path == room or path.startswith(room + "/")) and (best is None or len(room) > len(best)):
            best = room
    return best


def within(path, places):
    return any(path == place or path.startswith(place + "/") or path.startswith(place + ".") for place in places)


def check_includes(path, lines):
    room = room_of(path)
    if room is None:
        yield 1, "is in no room of the include table"
        return
    allowed = ROOMS[room]
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        kind, target = match.groups()
        if kind == '"' and target.startswith(OURS):
            mine = target == room or target.startswith(room + "/")
            if allowed is not None and not mine and not any(target == a or target.startswith(a + "/") for a in allowed):
                yield number, f"{room} may not include {target}"
        elif kind == '"' and "/" not in target:
            yield number, f"include {target} by its path from the root"
        else:
            for library, places in LIBRARIES.items():
                if target.startswith(library) and not within(path, places):
                    yield number, f"<{target}> does not belong here; it lives in {', '.join(places)}"


def check_lengths(path, lines):
    if len(lines) > FILE_LINES_MAX and not any("Length:" in line for line in lines[:40]):
        yield 1, f"{len(lines)} lines; above {FILE_LINES_MAX} the head of the file has to argue (\"Length: …\")"
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start - 1 > FUNCTION_LINES_MAX:
                yield start, f"function of {number - start - 1} lines (at most {FUNCTION_LINES_MAX})"
            start = None


MUTABLE = re.compile(r"^(?:static\s+)?(?:_Atomic\s+|volatile\s+|_Thread_local\s+)?(?!const\b|typedef\b|extern\b|return\b|struct\s+\w+\s*\{|enum\b|union\s+\w+\s*\{|_Static_assert)"
                     r"(?:struct\s+|unsigned\s+)?\w+[\s*]+\w+(?:\[[^\]]*\])*\s*(?:=.*|;)$")


def check_globals(path, lines):
    if path.startswith("tests/") or path in MUTABLE_ALLOWED or path.endswith(".h"):
        return
    for number, line in enumerate(lines, 1):
        text = line.rstrip()
        if line[:1].isspace() or "(" in text.split("=")[0] or " const " in text:
            continue
        if MUTABLE.match(text):
            yield number, "a global that may change"


def check_words(path, lines):
    for number, line in enumerate(lines, 1):
        if re.search(r"(?<![\w.])/(work|tmp/w)/", line) or re.search(r"registry\.npmjs|deb\.debian\.org", line):
            yield number, "machine path or registry host name"


def tracked(root):
    try:
        out = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True)
        names = out.stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if f not in (".git", "build", "node_modules", "run")]
            names += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(n for n in names if n and os.path.isfile(os.path.join(root, n)))


def read_lines(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read().split("\n")


def check_unused(root, names, texts):
    cmake = "\n".join("\n".join(read_lines(root, n)) for n in names if n.endswith(("CMakeLists.txt", ".cmake")))
    includes = set()
    for name, lines in texts.items():
        for line in lines:
            match = INCLUDE.match(line)
            if match:
                includes.add(match.group(2))
    for name in texts:
        base = os.path.basename(name)
        if name.endswith(".c") and base not in cmake and not re.search(r"\bGLOB\b", cmake_of(root, name)):
            yield name, 1, "is in no CMakeLists.txt"
        if name.endswith((".h", ".def")) and name not in includes:
            yield name, 1, "is included by nobody"


def cmake_of(root, name):
    folder = os.path.dirname(name)
    path = os.path.join(root, folder, "CMakeLists.txt")
    return open(path, encoding="utf-8").read() if os.path.exists(path) else ""


def check_messages(root, names):
    definition = "signaling/messages/messages.def"
    if definition not in names:
        return
    page = "\n".join(read_lines(root, "signaling/messages/MESSAGES.md")) if "signaling/messages/MESSAGES.md" in names else ""
    for number, line in enumerate(read_lines(root, definition), 1):
        match = re.match(r"\s*MESSAGE\((\w+),", line)
        if match and not re.search(rf"\b{match.group(1)}\b", page):
            yield definition, number, f"message {match.group(1)} is not in MESSAGES.md"


def check_rooms_have_readme(names):
    for room in ROOMS:
        if room in ("gateway", "tests") or not any(n.startswith(room + "/") and n.endswith((".c", ".h")) for n in names):
            continue
        if room + "/README.md" not in names:
            yield room, 1, "room without README.md"


def check(root):
    names = tracked(root)
    code = [n for n in names if n.endswith((".c", ".h", ".def")) and room_of(n)]
    texts = {n: read_lines(root, n) for n in code}
    findings = []
    for name, lines in texts.items():
        for rule in (check_includes, check_lengths, check_globals):
            findings += [(name, number, what) for number, what in rule(name, lines)]
    for name in names:
        if name.endswith((".c", ".h", ".def", ".md", ".json", ".ts", ".tsx", ".yaml", ".cmake", ".txt", ".py")) and not name.startswith("tests/tidy/"):
            findings += [(name, number, what) for number, what in check_words(name, read_lines(root, name))]
    findings += check_unused(root, names, texts)
    findings += check_messages(root, names)
    findings += check_rooms_have_readme(names)
    return findings, len(code)


PLANTED = {
    "include": ("media/bad.c", '#include "gateway/storage/store.h"\n', "may not include"),
    "library": ("gateway/rules/bad.c", "#include <sqlite3.h>\n", "does not belong here"),
    "function": ("media/bad.c", "void f(void)\n{\n" + "    ;\n" * 80 + "}\n", "function of"),
    "file": ("media/bad.c", "/* x */\n" * 700, "has to argue"),
    "unused": ("media/bad.c", "int media_nothing(void);\n", "no CMakeLists"),
    "header": ("media/bad.h", "int media_nothing(void);\n", "included by nobody"),
    "global": ("media/bad.c", "static int count;\n", "may change"),
    "path": ("media/notes.md", "see /work/main\n", "machine path"),
    "message": ("signaling/messages/messages.def", 'MESSAGE(ghost, IN, HELLO, 0, "x")\n', "not in MESSAGES.md"),
    "readme": ("gateway/rules/ok.h", "int a(void);\n", "without README"),
}


def self_test():
    missed = []
    for kind, (name, text, expected) in PLANTED.items():
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, os.path.dirname(name)))
            with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                file.write(text)
            findings, _ = check(root)
            if not any(expected in what for _, _, what in findings):
                missed.append(kind)
    print(f"{len(PLANTED) - len(missed)} of {len(PLANTED)} planted violations found")
    return 1 if missed else 0


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 4
    if sys.argv[1] == "--self-test":
        return self_test()
    findings, files = check(sys.argv[1])
    for name, number, what in findings:
        print(f"{name}:{number}: {what}")
    print(f"{files} files, {len(findings)} findings")
    return 1 if findings or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
