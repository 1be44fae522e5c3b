#!/usr/bin/env python3
"""Two verifiers, one answer: writes a log through the store, signs it with the signer, then changes it in many ways and
asks both. Every changed log must be refused by both, with the same status and the same first bad index; logs that were
changed by somebody who holds the key may be anything, as long as both say the same.

    compare.py TOOL [--mutations N] [--seed N]
"""
import argparse
import base64
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import ed25519
import verify

ORIGIN = "clinic.example/gw1/audit/2026"


class Bench:
    def __init__(self, tool, folder):
        self.tool, self.folder = tool, folder
        self.state = os.path.join(folder, "signer")
        self.data = os.path.join(folder, "data")
        self.database = os.path.join(self.data, "log.db")
        self.failures, self.cases, self.answers = [], 0, {}
        os.mkdir(self.data, 0o700)

    def run(self, *words):
        return subprocess.run([self.tool, *words], capture_output=True, text=True, timeout=120, check=False)

    def must(self, *words):
        done = self.run(*words)
        if done.returncode != 0:
            sys.exit(f"{words}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def ask(self, *words):
        """(status, bad index) of the first verifier."""
        done = self.run("audit", "verify", "--json", "--vkey", self.vkey, *words)
        try:
            report = json.loads(done.stdout)
        except ValueError:
            return ("no answer", done.returncode, done.stderr[-500:])
        if verify.NAMES[done.returncode] != report["status"] or report["verified"] != (done.returncode == 0):
            return ("exit status and report differ", done.returncode)
        return done.returncode, report.get("bad_index")

    def check(self, what, first, second, may_be_good=False):
        self.cases += 1
        if first != second:
            self.failures.append(f"{what}: first says {first}, second says {second}")
        elif first[0] == verify.GOOD and not may_be_good:
            self.failures.append(f"{what}: accepted")
        else:
            name = verify.NAMES[first[0]]
            self.answers[name] = self.answers.get(name, 0) + 1

    def expect(self, what, got, wanted):
        self.cases += 1
        if got != wanted:
            self.failures.append(f"{what}: {got}, wanted {wanted}")


def prepare(bench):
    bench.vkey = bench.must("signer", "--init", "--state", bench.state, "--origin", ORIGIN).strip()
    bench.must("fill", bench.database, ORIGIN, bench.vkey, os.path.join(bench.data, "key"), "4")
    bench.must("signer", "--state", bench.state, "--database", bench.database, "--once")
    bench.checkpoint = os.path.join(bench.state, "checkpoint")
    source = ("--database", bench.database, "--vkey", bench.vkey, "--checkpoint", bench.checkpoint)
    bench.must("audit", "export", bench.path("whole.log"), *source)
    bench.must("audit", "proof", "c_0001", *source, "--output", bench.path("visit.proof"))
    with open(bench.path("whole.log"), "rb") as file:
        bench.export = file.read()
    with open(bench.path("visit.proof"), "rb") as file:
        bench.proof = file.read()
    with open(bench.checkpoint, "rb") as file:
        bench.note = file.read()
    with open(os.path.join(bench.state, "log.key"), encoding="ascii") as file:
        bench.seed = base64.b64decode(file.read().strip().split("+", 4)[4])[1:]


def good_ones(bench):
    for what, first, second in [
            ("database", bench.ask("--database", bench.database, "--checkpoint", bench.checkpoint),
             verify.verify_log(verify.read_database(bench.database, bench.vkey), bench.note, bench.vkey)),
            ("export", bench.ask("--export", bench.path("whole.log")), verify.verify_export(bench.export, bench.vkey)),
            ("proof", bench.ask("--proof", bench.path("visit.proof")), verify.verify_proof(bench.proof, bench.vkey))]:
        bench.expect(f"good {what}, first", first, (verify.GOOD, None))
        bench.expect(f"good {what}, second", second, (verify.GOOD, None))


def both_on_export(bench, what, data, **how):
    first = bench.ask("--export", bench.write("changed.log", data))
    bench.check(what, first, verify.verify_export(data, bench.vkey), **how)
    return first


def flip_export(bench, dice):
    at, bit = dice.randrange(len(bench.export)), dice.randrange(8)
    data = bytearray(bench.export)
    data[at] ^= 1 << bit
    status, index = both_on_export(bench, f"flip byte {at} bit {bit}", bytes(data))[:2]
    # A flip inside a record's line names that record.
    records = len(verify.split_export(bench.export)[0])
    line = bench.export[:at].count(b"\n") - 1
    if 0 <= line < records and bench.export[at:at + 1] != b"\n" and status == verify.TAMPERED:
        bench.expect(f"flip byte {at} bit {bit} names record {line}", index, line)


def cut_export(bench, dice):
    at = dice.randrange(len(bench.export) - 1)
    both_on_export(bench, f"cut at byte {at}", bench.export[:at])


def shuffle_export(bench, dice):
    entries, note = verify.split_export(bench.export)
    entries, how, at = list(entries), dice.choice(["delete", "duplicate", "swap", "truncate"]), dice.randrange(len(entries))
    other = dice.randrange(len(entries))
    if how == "delete":
        del entries[at]
    elif how == "duplicate":
        entries.insert(other, entries[at])
    elif how == "truncate":
        entries = entries[:at]
    elif at != other:
        entries[at], entries[other] = entries[other], entries[at]
    else:
        return
    data = b"tsunagi-audit/v1\n" + b"".join(e + b"\n" for e in entries) + b"\n" + note
    both_on_export(bench, f"{how} {at} {other}", data)


def change_database(bench, dice):
    """Somebody with the file and a database program."""
    changed = os.path.join(bench.data, "changed.db")
    for name in (changed, changed + "-wal", changed + "-shm"):
        if os.path.exists(name):
            os.unlink(name)
    source, copy = sqlite3.connect(bench.database), sqlite3.connect(changed)
    source.backup(copy)
    source.close()
    copy.execute("DROP TRIGGER record_is_not_changed")
    copy.execute("DROP TRIGGER record_is_not_deleted")
    rows = copy.execute("SELECT seq, bytes FROM record ORDER BY seq").fetchall()
    how = dice.choice(["flip", "flip", "delete", "cut", "swap", "append", "empty"])
    seq, entry = dice.choice(rows)
    if how == "flip":
        data = bytearray(entry)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        copy.execute("UPDATE record SET bytes = ?, leaf = ? WHERE seq = ?",
                     (bytes(data), verify.leaf_hash(bytes(data)), seq))
    elif how == "empty":
        copy.execute("UPDATE record SET bytes = x'' WHERE seq = ?", (seq,))
    elif how in ("delete", "cut"):
        copy.execute(f"DELETE FROM record WHERE seq {'=' if how == 'delete' else '>='} ?", (seq,))
    elif how == "append":
        copy.execute("INSERT INTO record SELECT log, seq + 1000, bytes, leaf, consultation, institution, act, outcome, "
                     "at_us FROM record WHERE seq = ?", (seq,))
    else:
        other, theirs = dice.choice([row for row in rows if row[0] != seq])
        copy.execute("UPDATE record SET bytes = ? WHERE seq = ?", (theirs, seq))
        copy.execute("UPDATE record SET bytes = ? WHERE seq = ?", (entry, other))
    copy.commit()
    copy.close()
    first = bench.ask("--database", changed, "--checkpoint", bench.checkpoint)
    second = verify.verify_log(verify.read_database(changed, bench.vkey), bench.note, bench.vkey)
    bench.check(f"database {how} {seq}", first, second)


def change_proof(bench, dice):
    data = bytearray(bench.proof)
    at = dice.randrange(len(data))
    if dice.random() < 0.8:
        data[at] ^= 1 << dice.randrange(8)
    else:
        del data[at:at + dice.randrange(1, 200)]
    if bytes(data) == bench.proof:
        return
    first = bench.ask("--proof", bench.write("changed.proof", bytes(data)))
    bench.check(f"proof at {at}", first, verify.verify_proof(bytes(data), bench.vkey))


# ---- logs rewritten by somebody who holds the key: the rules are all that is left to judge by ------------------------

def signed_export(bench, records):
    """Chains and signs anew. A record is an object, or bytes that stay as they are."""
    prev = hashlib.sha256(f"audit-genesis/v1\n{ORIGIN}\n{bench.vkey}\n".encode()).digest()
    entries = []
    for record in records:
        if not isinstance(record, bytes):
            if "prev" in record:
                record["prev"] = base64.b64encode(prev).decode()
            record = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        entries.append(record)
        prev = verify.leaf_hash(record)
    root = verify.tree_root([verify.leaf_hash(entry) for entry in entries])
    text = f"{ORIGIN}\n{len(entries)}\n{base64.b64encode(root).decode()}\n"
    name, key_id, _ = verify.parse_vkey(bench.vkey)
    line = base64.b64encode(key_id + ed25519.sign(bench.seed, text.encode())).decode()
    note = f"{text}\n\u2014 {name} {line}\n".encode()
    return b"tsunagi-audit/v1\n" + b"".join(e + b"\n" for e in entries) + b"\n" + note


VALUES = [0, 1, -1, 5, 2**53 - 1, 2**53, 2**64, 1.5, True, None, "", "ok", "two words", "\u3042", "\u0001", "a\"b", "x" * 130,
          "x" * 40, "x" * 5000, [], {}, [1], {"v": 1}, {"k": "staff"}, {"k": "consult", "id": "c_0001"}, {"v": 1, "seat": 9},
          {"v": 1, "seat": "0"}, {"v": 2}, {"v": 1, "a": [1]}, "2026-02-30T00:00:00.000000Z", "2026-11-22T24:00:00.000000Z",
          "1969-12-31T00:00:00.000000Z", "2026-11-22T00:00:00.000Z", "log.open", "clock.step", "media.open", "no.such.act",
          "participant.remove", "media.keys.destroyed", "log.heartbeat", "intent", "deny", [{"n": "a", "kid": "k_1", "c": "AAAA"}],
          [{"n": "a", "kid": "k_1", "c": "A" * 43 + "="}], {"id": "r1", "in": "A" * 43 + "=", "set": "A" * 43 + "="},
          {"id": "r1", "in": "A" * 42 + "B=", "set": "A" * 43 + "="}]


def edit_one(records, dice):
    at = dice.randrange(len(records))
    record = records[at]
    how = dice.randrange(9)
    key = dice.choice(sorted(verify.ALLOWED) + ["name", "V", "Act"])
    if how <= 2:
        record[key] = dice.choice(VALUES)
    elif how == 3:
        record.pop(key, None)
    elif how == 4:
        record["mono"] += dice.choice([-10**10, -1, 10**9, 2 * 10**10, 2 * 10**11])
    elif how == 5:
        record["act"] = dice.choice(sorted(verify.ACTS))
        record["out"] = dice.choice(["ok", "ok", "intent", "deny"])
    elif how == 6:
        record["boot"] = dice.choice(["b_2", "b_3"])
        if dice.random() < 0.5:
            record["act"] = "log.open"
    elif how == 7:
        moved = verify.time_of(record["t"]) + dice.choice([-10**6, -400_000, 10**7, -86400 * 10**6])
        record["t"] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moved // 10**6)) + f".{moved % 10**6:06d}Z"
    elif isinstance(record.get("x"), dict):
        record["x"][dice.choice(["seat", "consultation", "v", "Z", "note"])] = dice.choice([0, 1, 5, 6, "c_0001", "x" * 36, "a b"])


def rewrite(bench, dice):
    records = [json.loads(entry) for entry in verify.split_export(bench.export)[0]]
    for _ in range(dice.choice([1, 1, 2, 5])):
        how = dice.random()
        if how < 0.15:
            del records[dice.randrange(1, len(records))]
        elif how < 0.25:
            records.insert(dice.randrange(len(records)), json.loads(json.dumps(dice.choice(records))))
        else:
            try:
                edit_one(records, dice)
            except (TypeError, KeyError, verify.Bad, ValueError):
                return
    if dice.random() < 0.9:
        for index, record in enumerate(records):
            if isinstance(record.get("seq"), int):
                record["seq"] = index
    if dice.random() < 0.1:
        at = dice.randrange(len(records))
        text = json.dumps(records[at], sort_keys=dice.random() < 0.5, ensure_ascii=False)
        records[at] = text.replace("\n", "").encode()
    data = signed_export(bench, records)
    both_on_export(bench, f"rewritten {hashlib.sha256(data).hexdigest()[:12]}", data, may_be_good=True)


# ---- the signer ------------------------------------------------------------------------------------------------------

def signer_refuses(bench):
    """A log that is not how the last signed head goes on gets no signature, whatever happened to it."""
    copy = os.path.join(bench.data, "signed.db")
    state = bench.path("signer2")
    shutil.copytree(bench.state, state)

    def attempt(what, wanted, *statements):
        for name in (copy, copy + "-wal", copy + "-shm"):
            if os.path.exists(name):
                os.unlink(name)
        source, changed = sqlite3.connect(bench.database), sqlite3.connect(copy)
        source.backup(changed)
        source.close()
        changed.execute("DROP TRIGGER record_is_not_changed")
        changed.execute("DROP TRIGGER record_is_not_deleted")
        for statement in statements:
            changed.execute(statement)
        changed.commit()
        changed.close()
        before = open(os.path.join(state, "checkpoint"), "rb").read()
        bench.expect(f"signer, {what}", bench.run("signer", "--state", state, "--database", copy, "--once").returncode, wanted)
        bench.expect(f"signer, {what}: checkpoint stays", open(os.path.join(state, "checkpoint"), "rb").read(), before)

    flipped = "UPDATE record SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"terr\":', '\"terr\":1') AS BLOB) WHERE seq = 7"
    attempt("nothing changed", 0)
    attempt("a record cut off", 1, "DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)")
    attempt("a record missing", 1, "DELETE FROM record WHERE seq = 3")
    attempt("a record changed", 1, flipped)
    attempt("all gone", 1, "DELETE FROM record")
    state_file = os.path.join(state, "state")
    kept = open(state_file, encoding="ascii").read()
    with open(state_file, "w", encoding="ascii") as file:
        file.write(kept.replace(kept.split("\n")[2], "A" * 43 + "="))
    # The published note contradicts this state, so a note is written anew; the log is refused all the same.
    bench.expect("signer, another root of the same size",
                 bench.run("signer", "--state", state, "--database", bench.database, "--once").returncode, 1)
    with open(state_file, "w", encoding="ascii") as file:
        file.write(kept[:-1])
    bench.expect("signer, damaged state",
                 bench.run("signer", "--state", state, "--database", bench.database, "--once").returncode, 2)
    os.unlink(state_file)
    os.chmod(os.path.join(state, "log.key"), 0o644)
    bench.expect("signer, key readable by others",
                 bench.run("signer", "--state", state, "--database", bench.database, "--once").returncode, 2)
    os.chmod(os.path.join(state, "log.key"), 0o600)
    bench.expect("signer, another log's key",
                 bench.run("signer", "--init", "--state", state, "--origin", "other.example/log").returncode, 2)
    bench.expect("signer, no words", bench.run("signer").returncode, 4)


def signer_runs(bench):
    """As a process beside a growing log: one at a time, a head soon after new records, a last one at SIGTERM."""
    state, database = bench.path("signer3"), os.path.join(bench.data, "grows.db")
    vkey = bench.must("signer", "--init", "--state", state, "--origin", ORIGIN).strip()
    bench.expect("init again keeps the key", bench.must("signer", "--init", "--state", state, "--origin", ORIGIN).strip(), vkey)
    words = ["signer", "--state", state, "--database", database]
    running = subprocess.Popen([bench.tool, *words], stderr=subprocess.PIPE)
    try:
        sizes = []
        for _ in range(2):
            bench.must("fill", database, ORIGIN, vkey, os.path.join(bench.data, "key"), "1")
            size, limit = 0, time.monotonic() + 30
            while time.monotonic() < limit and (not sizes and size == 0 or sizes and size <= sizes[-1]):
                time.sleep(0.1)
                try:
                    with open(os.path.join(state, "checkpoint"), "rb") as file:
                        size = verify.parse_checkpoint(file.read(), vkey)[0]
                except FileNotFoundError:
                    pass
            sizes.append(size)
        bench.expect("heads grow", 0 < sizes[0] < sizes[1], True)
        bench.expect("a second signer is turned away", bench.run(*words, "--once").returncode, 3)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)
    bench.expect("SIGTERM ends it", running.returncode, 0)
    bench.expect("signed to the end", bench.run("audit", "verify", "--database", database, "--vkey", vkey, "--checkpoint",
                                                os.path.join(state, "checkpoint"), "--json").returncode, 0)


def opened_values(bench):
    """The published vector of a sealed value stands in a log of its own making."""
    records = [json.loads(entry) for entry in verify.split_export(bench.export)[0]][:3]
    records[2]["sealed"] = [{"c": "ceig7FDeZjZr9Fk3gOSGcJCv/69I82WjDPKBkjkNPvQ=", "kid": "s_9b21", "n": "identity"}]
    path = bench.write("sealed.log", signed_export(bench, records))
    r = base64.b64encode(b"\x11" * 32).decode()
    for value, seq, name, wanted in [("{\"name\":\"PHI-CANARY-0001\"}", 2, "identity", (0, None)),
                                     ("{\"name\":\"PHI-CANARY-0002\"}", 2, "identity", (1, 2)),
                                     ("{\"name\":\"PHI-CANARY-0001\"}", 1, "identity", (1, 1)),
                                     ("{\"name\":\"PHI-CANARY-0001\"}", 9, "identity", (1, 9)),
                                     ("{\"name\":\"PHI-CANARY-0001\"}", 2, "address", (1, 2))]:
        line = json.dumps({"name": name, "r": r, "seq": seq, "value": value}) + "\n"
        got = bench.ask("--export", path, "--opened", bench.write("opened", line.encode()))
        bench.expect(f"opened {seq} {name}", got, wanted)
    bench.expect("opened nonsense", bench.ask("--export", path, "--opened", bench.write("opened", b"{}\n"))[:2], ("no answer", 2))


def other_answers(bench):
    both_on_export(bench, "another kind of file", b"hello\n")
    both_on_export(bench, "empty file", b"")
    whole = ("--database", bench.database, "--vkey", bench.vkey)
    bench.expect("no checkpoint", bench.run("audit", "verify", *whole).returncode, 2)
    bench.expect("no database", bench.run("audit", "verify", "--database", bench.path("none.db"), "--vkey", bench.vkey).returncode, 2)
    bench.expect("no key", bench.run("audit", "verify", "--database", bench.database).returncode, 4)
    bench.expect("no configuration", bench.run("audit", "verify", "--config", bench.path("none.yaml")).returncode, 2)
    bench.expect("no such verb", bench.run("audit", "mend").returncode, 4)
    bench.expect("earlier checkpoint", bench.run("audit", "verify", *whole, "--checkpoint", bench.checkpoint, "--earlier",
                                                 bench.checkpoint).returncode, 0)
    bench.expect("no such visit", bench.run("audit", "proof", "c_9999", *whole, "--checkpoint", bench.checkpoint).returncode, 2)
    text = bench.run("audit", "verify", *whole, "--checkpoint", bench.checkpoint)
    bench.expect("report for people", text.stdout.startswith("good: "), True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--mutations", type=int, default=400)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    print(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(os.path.abspath(arguments.tool), folder)
        prepare(bench)
        good_ones(bench)
        other_answers(bench)
        opened_values(bench)
        signer_refuses(bench)
        signer_runs(bench)
        shares = [(flip_export, 10), (rewrite, 6), (change_proof, 4), (shuffle_export, 3), (change_database, 3), (cut_export, 2)]
        for mutate, share in shares:
            for _ in range(arguments.mutations * share // sum(s for _, s in shares)):
                mutate(bench, dice)
    for failure in bench.failures[:40]:
        print("FAILED", failure)
    print(f"{bench.cases} cases, {len(bench.failures)} failures; both said: {bench.answers}")
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
