#!/usr/bin/env python3
"""The verbs `rules` and `check-config` as a person uses them: output, exit status, and the pages made with them.

    test_rules_cli.py DRIVER       the program; run from the root of the tree
"""
import json
import os
import subprocess
import sys
import tempfile

DRIVER = sys.argv[1]
PACK = "config/rules/jp-online-care.yaml"
NOW = "2026-11-22T01:00:00Z"
failures = []


def run(*arguments, text=None):
    done = subprocess.run([DRIVER, *arguments], input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def check(what, condition, seen=""):
    if not condition:
        failures.append(what)
        print(f"FAIL {what}: {seen}")


def evaluate(gate, facts, *more):
    status, out, err = run("rules", "eval", "--pack", PACK, "--gate", gate, "--facts", "-", "--now", NOW, *more,
                           text=json.dumps(facts))
    return status, json.loads(out) if out else {}, err


def demo(story, last):
    """Everything the demo story has supplied up to a gate, as a facts file."""
    with open("tests/data/demo-facts.json", encoding="utf-8") as file:
        gates = [s for s in json.load(file)["stories"] if s["name"] == story][0]["gates"]
    facts = {}
    for gate in gates:
        for fact in gate["facts"]:
            facts[fact["fact"]] = {"value": fact["value"], "from": fact["from"], "at": NOW}
        if gate["gate"] == last:
            break
    return facts


def test_eval_passes_and_refuses():
    facts = demo("known_follow_up_at_home", "G4")
    status, decision, _ = evaluate("G4", facts)
    check("start passes", status == 0 and decision["verdict"] == "pass" and decision["failed"] == [], decision)
    check("pack is named", decision["pack"]["id"] == "jp-online-care" and len(decision["pack"]["hash"]) == 64, decision["pack"])
    del facts["dr_seen"]
    status, decision, _ = evaluate("G4", {"facts": facts})
    failed = decision["failed"]
    check("refusal is status 1", status == 1 and decision["verdict"] == "refuse" and not decision["allowed"], decision)
    check("one rule failed", [f["id"] for f in failed] == ["JP-OC-1.4-01"], failed)
    one = failed[0]
    check("clause, truth, fact", (one["clause"], one["truth"], one["fact"]) == ("V-1-(4)②ⅰ", "unknown", "dr_seen"), one)
    check("reason in both languages", one["reason"]["ja"].strip() and one["reason"]["en"].strip(), one)
    leaf = [l for l in one["leaves"] if l["fact"] == "dr_seen"][0]
    check("leaf by leaf", leaf["wanted"] == "= yes" and leaf["value"] is None and leaf["truth"] == "unknown", leaf)


def test_eval_emergency_and_acknowledgement():
    facts = demo("known_follow_up_at_home", "G4")
    del facts["chart_accessible"], facts["place_clean_safe"], facts["dr_private_space"]
    _, decision, _ = evaluate("G4", {"facts": facts, "emergency": True})
    check("E rules are deferred and listed", {o["id"]: o["kind"] for o in decision["obligations"]} ==
          {"JP-OC-2.1-04": "deferred", "JP-OC-2.2-01": "deferred"}, decision["obligations"])
    check("others still refuse", [f["id"] for f in decision["failed"]] == ["JP-OC-2.1-05"], decision["failed"])
    _, decision, _ = evaluate("G4", {"facts": facts, "acknowledged": ["jp-oc-2.2-01", "JP-OC-2.1-05"]})
    check("an override is an obligation", [(o["id"], o["kind"]) for o in decision["obligations"]] ==
          [("JP-OC-2.2-01", "acknowledged")], decision["obligations"])
    check("a plain refusal cannot be acknowledged away",
          sorted(f["id"] for f in decision["failed"]) == ["JP-OC-2.1-04", "JP-OC-2.1-05"], decision["failed"])


def test_eval_ignores_wrong_suppliers_and_old_facts():
    facts = demo("known_follow_up_at_home", "G4")
    facts["place_clean_safe"] = {"value": True, "from": "pt"}
    status, decision, _ = evaluate("G4", facts)
    check("a value from somebody else is unknown", status == 1 and
          [(f["id"], f["action"]) for f in decision["failed"]] == [("JP-OC-2.2-01", "override")], decision["failed"])
    check("and said to be ignored", decision["ignored"][0]["fact"] == "place_clean_safe", decision["ignored"])
    facts = demo("known_follow_up_at_home", "G4")
    facts["pt_private_space"]["at"] = "2026-11-21T19:00:00Z"  # six hours ago: its lifetime
    status, decision, _ = evaluate("G4", facts)
    check("an old answer is unknown", [f["id"] for f in decision["failed"]] == ["JP-OC-2.2-02"], decision["failed"])
    _, decision, _ = evaluate("G5", facts)
    check("but does not stop a running session", "JP-OC-2.2-02" not in [f["id"] for f in decision["failed"]], decision["failed"])


def test_eval_bad_input():
    cases = [
        ({"colour": "blue"}, "no such fact"),
        ({"attendees": "many"}, "cannot have this value"),
        ({"attendees": 9999}, "cannot have this value"),
        ({"place_kind": 3}, "cannot have this value"),
        ({"agreement": {"value": True, "from": "xx"}}, "wants pt px"),
        ({"agreement": {"value": True, "at": "yesterday"}}, "wants 2026"),
        ({"facts": {}, "acknowledged": ["JP-OC-9"]}, "no such rule"),
    ]
    for facts, says in cases:
        status, _, err = evaluate("G2", facts)
        check(f"bad facts {facts}", status == 2 and says in err, (status, err))
    status, _, err = run("rules", "eval", "--pack", PACK, "--gate", "G2", "--facts", "-", text='{"agreement": true, "agreement": false}')
    check("doubled keys are refused", status == 2 and "duplicate" in err, err)
    for arguments in ([], ["eval"], ["eval", "--pack", PACK], ["eval", "--pack", PACK, "--gate", "G9", "--facts", "-"],
                      ["eval", "--pack", PACK, "--pack", PACK], ["sing", "--pack", PACK]):
        status, _, err = run("rules", *arguments, text="{}")
        check(f"usage {arguments}", status == 2 and err.startswith("usage:"), (status, err))
    status, _, err = run("rules", "lint", "--pack", "no-such.yaml")
    check("missing pack", status == 2 and err.startswith("no-such.yaml:1:"), err)


def test_facts_and_lint():
    status, out, _ = run("rules", "facts", "--pack", PACK)
    facts = {f["name"]: f for f in json.loads(out)["facts"]}
    check("facts are typed", status == 0 and facts["place_kind"]["type"] == "enum" and "residence" in facts["place_kind"]["values"])
    check("facts have suppliers and doors", facts["dr_seen"]["from"] == ["pt", "px"] and
          facts["dr_seen"]["door"] == "patient:doctor_name_seen")
    check("facts have both languages", all(f["text"]["ja"] and f["text"]["en"] for f in facts.values()))
    status, out, _ = run("rules", "lint", "--pack", PACK)
    check("the pack has no faults", status == 0 and json.loads(out)["faults"] == [], out)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "p.yaml")
        with open(PACK, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as target:
            target.write(source.read().replace("meets: {fact: chart_accessible, is: yes}", "meets: {fact: dr_private_space, is: yes}"))
        status, out, _ = run("rules", "lint", "--pack", path)
        check("an unused fact is a fault", status == 1 and json.loads(out)["faults"][0]["fact"] == "chart_accessible", out)


def test_payer_relaxes_nothing():
    """JP-OC-0-02: insured and private care follow the same rules; only the note on the claim is for insured care."""
    with open(PACK, encoding="utf-8") as file:
        blocks = file.read().split("\nrules:\n")[1].split("  - id: ")[1:]
    asking = [block.split()[0] for block in blocks if "fact: payer," in block]
    check("who asks for the payer", asking == ["JP-OC-0-02", "JP-OC-1.5-13"], asking)


def test_pages_are_up_to_date():
    with open("config/rules/DOORS.md", encoding="utf-8") as file:
        check("DOORS.md", file.read() == run("rules", "doors", "--pack", PACK)[1], "run: tsunagi rules doors")
    with open("config/rules/README.md", encoding="utf-8") as file:
        check("README.md", file.read().endswith("\n\n" + run("rules", "table", "--pack", PACK)[1]), "run: tsunagi rules table")


def test_check_config():
    status, out, _ = run("check-config", "--reference")
    with open("config/tsunagi.yaml", encoding="utf-8") as file:
        check("tsunagi.yaml", status == 0 and file.read() == out, "run: tsunagi check-config --reference")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a", "b"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                            "30", "-subj", f"/CN={name}.example", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt"],
                           check=True, capture_output=True)
            os.chmod(f"{folder}/{name}.key", 0o600)
        with open("config/development.yaml", encoding="utf-8") as file:
            text = file.read().replace("@HOME@/tls", f"{folder}/a").replace("@HOME@", folder).replace("@WEB@", folder)
        text = text.replace("../config", os.path.abspath("config")).replace("announce:", "workers: 2\n  announce:")
        path = f"{folder}/tsunagi.yaml"

        def with_text(content):
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
            return run("check-config", path)

        status, out, err = with_text(text)
        check("a good configuration", status == 0 and err == "", (status, err))
        for line in ("candidate: worker 0  127.0.0.1  UDP port 40000", "candidate: worker 1  ::1  UDP port 40001",
                     "candidate: every worker  ::1  TCP port 40000",
                     "/CN=a.example  expires 20", "rule pack: jp-online-care ", "port: 8443  # default; a whole number, 1 to 65535"):
            check(f"says {line}", line in out, out)
        check("does not warn of UDP alone", "warning: media.tcp_port" not in out, out)
        status, out, err = with_text(text.replace("  tcp_port: 40000\n", ""))
        check("warns of UDP alone", status == 0 and "warning: media.tcp_port is 0" in out and "TCP port" not in out.split("candidate:", 1)[1], out)
        status, _, err = with_text(text.replace("tcp_port: 40000", "tcp_port: 8443"))
        check("the port of the pages", status == 2 and "media.tcp_port: is the port of the pages" in err, err)
        status, _, err = with_text(text.replace("a.key", "b.key"))
        check("a key of another certificate", status == 2 and "b.key:1: is not the key of the certificate" in err, err)
        status, out, err = with_text(text.replace("drain_limit: 10s", "drain_limit: soon"))
        check("a wrong value", status == 2 and out == "" and err.startswith(path + ":") and err.count("\n") == 1 and
              "drain_limit: is not a time with a unit; allowed: " in err, err)
        status, _, err = with_text(text.replace(os.path.abspath("config/rules/jp-online-care.yaml"), f"{folder}/a.crt"))
        check("a pack that is none", status == 2 and "a.crt:1:" in err, err)
        check("no arguments", run("check-config")[0] == 2)


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
        print(f"ran {name}")
print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)
