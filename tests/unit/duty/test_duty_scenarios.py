#!/usr/bin/env python3
"""Every case of tests/scenarios/duty through the verb `duty check`: verdict, exit status, findings, debts, refusals.

    test_duty_scenarios.py DRIVER       the program; run from the root of the tree

A case lays its "input" over the "base" of its file, field by field of the top level; null takes a field away.
"""
import glob
import json
import subprocess
import sys

DRIVER = sys.argv[1]
EXITS = {"OK_ON_DECLARED": 0, "NOT_APPLICABLE": 0, "WARN": 1, "BREACH": 1, "UNKNOWN": 3}
failures = []


def check(case, what, condition, seen=""):
    if not condition:
        failures.append(case)
        print(f"FAIL {case}: {what}: {seen}")


def run(text, *more):
    done = subprocess.run([DRIVER, "check", "-", *more], input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def within(expected, row):
    return all(row.get(key) == value for key, value in expected.items())


def refused(name, text, expected):
    status, out, err = run(text)
    check(name, "status 2", status == 2, status)
    check(name, "nothing printed", out == "", out)
    check(name, "place and reason", expected in err, err)


def judged(name, text, expected):
    status, out, err = run(text, "--json")
    check(name, "no complaint", err == "", err)
    report = json.loads(out) if out else {}
    check(name, "verdict " + expected["verdict"], report.get("verdict") == expected["verdict"], out)
    check(name, "exit status", status == EXITS[expected["verdict"]], status)
    for finding in expected.get("findings", []):
        check(name, f"finding {finding}", any(within(finding, f) for f in report["findings"]), out)
    for rule in expected.get("absent", []):
        check(name, f"no {rule}", all(f["rule"] != rule for f in report["findings"]), out)
    if "debts" in expected:
        seen = report["debts"]
        check(name, "debts", len(seen) == len(expected["debts"]) and all(map(within, expected["debts"], seen)), seen)
    status_text, out, _ = run(text)
    check(name, "the same status in words", status_text == status, status_text)
    check(name, "verdict in words", expected["verdict"] in out.split("\n")[0], out)
    for debt in report.get("debts", []):
        check(name, "due date in words", debt["due"] in out, out)


def main():
    count = 0
    for path in sorted(glob.glob("tests/scenarios/duty/*.json")):
        with open(path, encoding="utf-8") as file:
            scenarios = json.load(file)
        for case in scenarios["cases"]:
            count += 1
            question = {k: v for k, v in {**scenarios["base"], **case.get("input", {})}.items() if v is not None}
            text = case.get("text", json.dumps(question))
            (refused if "refused" in case else judged)(case["name"], text, case.get("refused", case.get("expect")))
    check("scenarios", "are there", count >= 50, count)
    for arguments in ([], ["check"], ["judge", "-"], ["check", "-", "--xml"]):
        check("usage", str(arguments), subprocess.run([DRIVER, *arguments], capture_output=True, check=False).returncode == 2)
    print(f"{count} cases, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
