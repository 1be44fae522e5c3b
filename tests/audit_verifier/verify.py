#!/usr/bin/env python3
"""Second verifier of the audit log: standard library only, no code shared with the gateway. It follows the written
procedure (steps 1, 2, 4-9) and is compared with `tsunagi audit verify` on mutated logs.

    verify.py --vkey KEY (--database FILE --checkpoint FILE | --export FILE | --proof FILE)
exit: 0 good, 1 tampered, 2 incomplete, 3 unsupported, 4 usage; prints "status bad_index"
"""
import argparse
import base64
import binascii
import datetime
import hashlib
import json
import re
import sqlite3
import sys
import time

import ed25519

GOOD, TAMPERED, INCOMPLETE, UNSUPPORTED, USAGE = range(5)
NAMES = ["good", "tampered", "incomplete", "unsupported", "usage"]
# How bad a finding is: broken proofs, broken rules of conduct, unknown versions, what could not be proved.
PROOF, RULE, VERSION, GAP = 4, 3, 2, 1
STATUS = {PROOF: TAMPERED, RULE: TAMPERED, VERSION: UNSUPPORTED, GAP: INCOMPLETE}

INTEGER_MAX = 2**53 - 1
RECORD_MAX = 4096
CODE = re.compile(r"[A-Za-z0-9_.:/+=-]+\Z")
KEY = re.compile(r"[a-z_]{1,24}\Z")
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z\Z", re.ASCII)
ACTS = set("""log.open log.close log.heartbeat clock.step config.change config.rejected staff.create staff.login
    staff.logout access.denied consult.create invite.issue device.revoke device.session invite.redeem invite.second_device invite.move_device
    consent.give consent.withdraw fact.supply rule.decision rule.acknowledge consult.enter consult.admit consult.start
    consult.hold consult.continue consult.defer consult.convert consult.emergency consult.finish consult.close
     consult.abandon participant.sit participant.away participant.back participant.leave participant.remove participant.admit
     media.open media.hold media.connected media.screen media.gap media.line media.keys.destroyed
     media.fingerprint_mismatch audit.search audit.view
    audit.verify privacy.erase system.drain""".split())
CODES = {"act", "boot", "log", "out", "req", "t", "tenant"}
INTEGERS = {"mono", "ref", "seq", "terr", "v"}
REQUIRED = {"act", "actor", "boot", "log", "mono", "out", "prev", "seq", "t", "terr", "v"}
ALLOWED = CODES | INTEGERS | REQUIRED | {"obj", "rule", "sealed", "x"}


class Bad(Exception):
    """What is wrong with one record, or one file."""

    def __init__(self, what, severity=PROOF):
        super().__init__(what)
        self.severity = severity


def unbase64(text):
    """Strict: padding there, trailing bits zero, nothing outside the alphabet."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Bad("base64") from None
    if base64.b64encode(data).decode() != text:
        raise Bad("base64")
    return data


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b"\0" + entry)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


def tree_root(leaves):
    """RFC 6962: pair neighbours level by level; a last one without a neighbour goes up as it is."""
    level = list(leaves)
    if not level:
        return sha256(b"")
    while len(level) > 1:
        level = [node_hash(*level[i:i + 2]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
    return level[0]


# ---- keys and checkpoints --------------------------------------------------------------------------------------------

def parse_vkey(text):
    name, key_id, data = text.split("+", 2)
    data = unbase64(data)
    if sha256(name.encode() + b"\n" + data)[:4].hex() != key_id or data[0] != 1 or len(data) != 33:
        raise ValueError("not a verifier key of a log")
    return name, bytes.fromhex(key_id), data[1:]


def parse_checkpoint(note, vkey):
    """(size, root) of a note the log has signed."""
    origin, key_id, public = parse_vkey(vkey)
    try:
        text = note.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad("checkpoint is not UTF-8") from None
    if not text.endswith("\n") or any(ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160 for c in text):
        raise Bad("checkpoint has control characters")
    at = text.rfind("\n\n")
    if at < 0:
        raise Bad("checkpoint has no signatures")
    body, signatures = text[:at + 1], text[at + 2:]
    lines = body[:-1].split("\n")
    if len(lines) < 3 or "" in lines or not re.match(r"(0|[1-9][0-9]{0,17})\Z", lines[1]):
        raise Bad("checkpoint text")
    root = unbase64(lines[2])
    if len(root) != 32:
        raise Bad("root")
    signed = False
    for line in signatures[:-1].split("\n") if signatures else []:
        match = re.match("\u2014 ([^ +]+) ([^ ]+)\\Z", line)
        if not match:
            raise Bad("signature line")
        data = unbase64(match.group(2))
        if len(data) < 5:
            raise Bad("signature line")
        if match.group(1) == origin and data[:4] == key_id:
            if not ed25519.verify(public, body.encode(), data[4:]):
                raise Bad("signature")
            signed = True
    if not signed or lines[0] != origin:
        raise Bad("not signed by this log")
    return int(lines[1]), root


# ---- one record ------------------------------------------------------------------------------------------------------

def no_duplicates(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Bad("duplicate key")
    return result


def refuse(text):
    raise Bad("number")


def check_plain(value, depth=0):
    if isinstance(value, bool) or value is None:
        raise Bad("kind of value")
    if isinstance(value, str):
        if not CODE.match(value):
            raise Bad("text")
    elif isinstance(value, int):
        if abs(value) > INTEGER_MAX:
            raise Bad("integer")
    elif depth >= 3:
        raise Bad("depth")
    elif isinstance(value, list):
        for item in value:
            check_plain(item, depth + 1)
    else:
        for key, item in value.items():
            if not KEY.match(key):
                raise Bad("key")
            check_plain(item, depth + 1)


def load_canonical(entry):
    if not 0 < len(entry) <= RECORD_MAX:
        raise Bad("length")
    try:
        record = json.loads(entry.decode("utf-8"), object_pairs_hook=no_duplicates, parse_float=refuse,
                            parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Bad("not JSON") from None
    if not isinstance(record, dict):
        raise Bad("not an object")
    check_plain(record)
    if json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() != entry:
        raise Bad("not canonical")
    return record


def members(value, required, optional, hashes=()):
    if not isinstance(value, dict) or not required <= set(value) <= required | optional:
        raise Bad("members")
    for key, item in value.items():
        if not isinstance(item, str) or key in hashes and len(unbase64(item)) != 32:
            raise Bad("member")


def check_fields(record):
    if isinstance(record.get("v"), int) and record["v"] > 1:
        raise Bad("version", VERSION)
    if not REQUIRED <= set(record) <= ALLOWED:
        raise Bad("fields")
    if not all(isinstance(record[k], str) for k in CODES & set(record)):
        raise Bad("kind")
    if not all(isinstance(record[k], int) for k in INTEGERS & set(record)):
        raise Bad("kind")
    if record["v"] != 1 or record["seq"] < 0 or record.get("ref", 0) < 0 or record["mono"] < 0 or record["terr"] < -1:
        raise Bad("number")
    if not isinstance(record["prev"], str) or len(unbase64(record["prev"])) != 32:
        raise Bad("prev")
    if record["act"] not in ACTS or record["out"] not in ("ok", "deny", "error", "intent"):
        raise Bad("act or out")
    if len(record["log"]) > 127 or len(record["boot"]) > 39:
        raise Bad("too long")
    members(record["actor"], {"k"}, {"id", "auth"})
    if "obj" in record:
        members(record["obj"], {"k"}, {"id"})
    if "rule" in record:
        members(record["rule"], {"id", "in", "set"}, set(), {"in", "set"})
    if "sealed" in record:
        if not isinstance(record["sealed"], list) or not record["sealed"]:
            raise Bad("sealed")
        for item in record["sealed"]:
            members(item, {"n", "kid", "c"}, set(), {"c"})
    extra = record.get("x", {"v": 1})
    if not isinstance(extra, dict) or extra.get("v") != 1 or not all(isinstance(i, (str, int)) for i in extra.values()):
        raise Bad("x")
    if "seat" in extra and not (isinstance(extra["seat"], int) and 0 <= extra["seat"] < 6):
        raise Bad("seat")


def time_of(text):
    match = TIME.match(text)
    if not match:
        raise Bad("time")
    year, month, day, hour, minute, second, micro = map(int, match.groups())
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second, micro, datetime.timezone.utc)
    except ValueError:
        raise Bad("time") from None
    if year < 1970:
        raise Bad("time")
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def parse_record(entry):
    record = load_canonical(entry)
    check_fields(record)
    record["t_us"] = time_of(record["t"])
    extra = record.get("x", {})
    obj = record.get("obj", {})
    about = obj.get("id", "") if obj.get("k") == "consult" else extra.get("consultation", "")
    record["visit"] = about if isinstance(about, str) else ""
    if len(record["visit"]) > 35:
        raise Bad("consultation")
    record["seat"] = extra.get("seat", -1)
    return record


# ---- rules between records -------------------------------------------------------------------------------------------

class Conduct:
    """Steps 8 and 9: clocks and what must stand together."""

    def __init__(self, found):
        self.found = found
        self.before = None
        self.step_wanted = None
        self.admitted = set()
        self.connected = {}
        self.removals = []
        self.intents = []

    def record(self, index, record):
        if self.before is not None:
            self.clocks(index, record)
        opened = record["act"] == "log.open"
        if opened:
            self.run_ends(False)
            self.connected = {}
        else:
            self.pairs(index, record)
        self.before = record

    def clocks(self, index, record):
        before, act = self.before, record["act"]
        if self.step_wanted is not None and act != "clock.step":
            self.found(RULE, self.step_wanted)
        self.step_wanted = None
        if record["boot"] == before["boot"]:
            if record["mono"] < before["mono"]:
                self.found(RULE, index)
        elif act != "log.open":
            self.found(RULE, index)
        if record["t_us"] < before["t_us"] - 500_000 and act not in ("log.open", "clock.step") \
                and before["act"] != "clock.step":
            self.step_wanted = index

    def run_ends(self, all_of_it):
        """At a restart or the end: who waited too long? A crash settles intents, keys die with the process."""
        last = self.before["mono"] if self.before else 0
        waiting = [(i, m, 500_000_000, RULE) for i, m, *_ in self.removals]
        if all_of_it:
            waiting += [(i, m, 10_000_000_000, GAP) for i, m, *_ in self.intents]
        late = [(i, severity) for i, m, allowed, severity in sorted(waiting) if last - m > allowed]
        if late:
            self.found(late[0][1], late[0][0])
        self.removals, self.intents = [], []

    def pairs(self, index, record):
        act, visit, seat = record["act"], record["visit"], record["seat"]
        if record["out"] == "intent":
            self.intents.append((index, record["mono"], act, visit))
            return
        for intent in self.intents:
            if intent[2:] == (act, visit) and record.get("ref", intent[0]) == intent[0]:
                self.intents.remove(intent)
                break
        if record["out"] != "ok":
            return
        if act == "media.keys.destroyed":
            for removal in self.removals:
                if removal[2:] == (visit, seat):
                    self.removals.remove(removal)
                    if record["mono"] - removal[1] > 500_000_000:
                        self.found(RULE, removal[0])
                        return
                    break
        if not visit:
            return
        seats = self.connected.setdefault(visit, set())
        if act == "consult.admit":
            self.admitted.add(visit)
        elif act == "media.connected" and seat >= 0:
            seats.add(seat)
        elif act == "media.keys.destroyed":
            seats.discard(seat)
        elif act == "participant.remove" and seat in seats:
            self.removals.append((index, record["mono"], visit, seat))
        elif act == "media.open" and visit not in self.admitted:
            self.found(RULE, index)

    def end(self):
        if self.step_wanted is not None:
            self.found(RULE, self.step_wanted)
        self.run_ends(True)


# ---- the log ---------------------------------------------------------------------------------------------------------

def blame(leaves, prevs, size, root):
    """First record whose bytes are not those the log was built from, or None. prevs[i] is None when not known."""
    breaks = [i for i in range(1, len(leaves)) if prevs[i] is not None and prevs[i] != leaves[i - 1]]
    signed = size is not None and len(leaves) >= size
    if not breaks:
        return size - 1 if signed and size > 0 and tree_root(leaves[:size]) != root else None
    first = breaks[0]
    claimed = [prevs[i + 1] if i + 1 < len(leaves) and i + 1 >= first and prevs[i + 1] is not None else leaves[i]
               for i in range(len(leaves))]
    if signed and size >= first and tree_root(claimed[:size]) == root:
        return first - 1
    vouched = first + 1 < len(leaves) and prevs[first + 1] in (None, leaves[first])
    return first - 1 if vouched else first


def verify_log(entries, note, vkey, now_us=None):
    """(status, index of the first bad record or None)"""
    findings = []

    def found(severity, index=None):
        findings.append((severity, index))

    now_us = time.time_ns() // 1000 if now_us is None else now_us
    origin = parse_vkey(vkey)[0]
    size = root = None
    if note is None:
        found(GAP)
    else:
        try:
            size, root = parse_checkpoint(note, vkey)
        except Bad as bad:
            found(bad.severity)
    leaves, prevs, conduct, stopped = [], [], Conduct(found), False
    genesis = sha256(f"audit-genesis/v1\n{origin}\n{vkey}\n".encode())
    for index, entry in enumerate(entries):
        try:
            record = parse_record(entry)
            if record["log"] != origin:
                raise Bad("origin")
            if record["seq"] != index:
                raise Bad("seq")
        except Bad as bad:
            found(bad.severity, index)
            if bad.severity != VERSION:
                stopped = True
                break
            leaves.append(leaf_hash(entry))
            prevs.append(None)
            conduct.before = None
            continue
        prev = unbase64(record["prev"])
        if index == 0 and prev != genesis:
            found(PROOF, 0)
        conduct.record(index, record)
        if size is not None and index >= size and record["t_us"] < now_us - 10_000_000:
            found(GAP, index)
        leaves.append(leaf_hash(entry))
        prevs.append(prev)
    if not stopped:
        if size is not None and len(leaves) < size:
            found(PROOF, len(leaves))
        if size == 0 and root != sha256(b""):
            found(PROOF, 0)
        conduct.end()
    guilty = blame(leaves, prevs, size, root)
    if guilty is not None:
        found(PROOF, guilty)
    if not findings:
        return GOOD, None
    worst = max(severity for severity, _ in findings)
    places = [index for severity, index in findings if severity == worst and index is not None]
    return STATUS[worst], min(places) if places else None


def read_database(path, vkey):
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT r.bytes FROM record r JOIN log l ON l.id = r.log WHERE l.origin = ? "
                                  "AND r.seq >= 0 ORDER BY r.seq", (parse_vkey(vkey)[0],))
        return [bytes(row[0]) for row in rows]
    finally:
        connection.close()


def split_export(data):
    """(entries, note or None); None when it is another kind of file."""
    title = b"tsunagi-audit/v1\n"
    if not data.startswith(title):
        return None
    rest = data[len(title):]
    if rest.startswith(b"\n"):
        return [], rest[1:]
    records, gap, note = rest.partition(b"\n\n")
    entries = records.split(b"\n") if records else []
    if not gap and entries and entries[-1] == b"":
        entries.pop()
    return entries, note if gap and note else None


def verify_export(data, vkey, now_us=None):
    parts = split_export(data)
    return (UNSUPPORTED, None) if parts is None else verify_log(*parts, vkey, now_us)


# ---- the proof of one consultation -----------------------------------------------------------------------------------

def path_root(leaf, index, size, path):
    """The root an inclusion path leads to, following RFC 6962's split from the top down; None when its length is wrong."""
    if size == 1:
        return leaf if not path else None
    if not path:
        return None
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        left = path_root(leaf, index, split, path[:-1])
        return left and node_hash(left, path[-1])
    right = path_root(leaf, index - split, size - split, path[:-1])
    return right and node_hash(path[-1], right)


def verify_proof(data, vkey):
    if not data.startswith(b"tsunagi-proof/v1\n"):
        return UNSUPPORTED, None
    try:
        head, rest = re.match(rb"tsunagi-proof/v1\nconsultation ([a-z]_[a-z0-9_-]{1,33})\n(.*)\Z", data, re.S).groups()
        body, gap, note = rest.partition(b"\n\n")
        if not gap:
            raise Bad("no checkpoint")
        size, root = parse_checkpoint(note, vkey)
        lines = body.split(b"\n")
    except (AttributeError, Bad):
        return TAMPERED, None
    previous, last = None, -1
    for at in range(0, len(lines), 2):
        match = re.match(rb"record (0|[1-9][0-9]{0,17}) (.*)\Z", lines[at], re.S)
        path = re.match(rb"path((?: [A-Za-z0-9+/=]{44})*)\Z", lines[at + 1]) if at + 1 < len(lines) else None
        if not match or not path or int(match.group(1)) <= last:
            return TAMPERED, None
        index, entry = int(match.group(1)), match.group(2)
        try:
            hashes = [unbase64(h.decode()) for h in path.group(1).split()]
        except Bad:
            return TAMPERED, None
        if any(len(h) != 32 for h in hashes) or len(hashes) > 64:
            return TAMPERED, None
        try:
            if index >= size or path_root(leaf_hash(entry), index, size, hashes) != root:
                raise Bad("path")
            record = parse_record(entry)
            if record["log"] != parse_vkey(vkey)[0] or record["seq"] != index or record["visit"] != head.decode():
                raise Bad("another record")
            if last + 1 == index and previous is not None and unbase64(record["prev"]) != previous:
                raise Bad("prev")
        except Bad as bad:
            return STATUS[bad.severity], index
        previous, last = leaf_hash(entry), index
    return GOOD, None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vkey", required=True)
    parser.add_argument("--database")
    parser.add_argument("--checkpoint")
    parser.add_argument("--export")
    parser.add_argument("--proof")
    arguments = parser.parse_args()

    def contents(path):
        with open(path, "rb") as file:
            return file.read()

    if arguments.database:
        note = contents(arguments.checkpoint) if arguments.checkpoint else None
        status, index = verify_log(read_database(arguments.database, arguments.vkey), note, arguments.vkey)
    elif arguments.export:
        status, index = verify_export(contents(arguments.export), arguments.vkey)
    elif arguments.proof:
        status, index = verify_proof(contents(arguments.proof), arguments.vkey)
    else:
        return USAGE
    print(NAMES[status], "-" if index is None else index)
    return status


if __name__ == "__main__":
    sys.exit(main())
