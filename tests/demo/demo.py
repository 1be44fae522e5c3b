#!/usr/bin/env python3
"""Runs `tsunagi demo --json` and holds its last line against what it promises."""
import json
import re
import subprocess
import sys


def main():
    run = subprocess.run([sys.argv[1], "demo", "--json"], capture_output=True, text=True, timeout=140)
    sys.stderr.write(run.stderr)
    line = run.stdout.strip().split("\n")[-1]
    print(line)
    report = json.loads(line)
    wrong = []

    def expect(what, holds):
        if not holds:
            wrong.append(what)

    expect("exit status 0", run.returncode == 0)
    expect("closed clean", report["state"] == "closed_clean")
    for direction in ("patient_to_physician", "physician_to_patient"):
        media = report["media"][direction]
        # ten seconds of consultation and the checks before it: 20 ms Opus frames, 15 pictures a second
        expect(f"{direction}: sound was decoded", media["audio_packets"] > 400)
        expect(f"{direction}: pictures were decoded", media["video_frames"] > 100)
        expect(f"{direction}: a profile of ours", media["srtp_profile"] in ("AEAD_AES_128_GCM", "AEAD_AES_256_GCM", "AES_CM_128_HMAC_SHA1_80"))
    expect("decisions at lobby, admission, start and close", report["rules"]["decisions"] >= 4)
    expect("nothing refused", report["rules"]["refused"] == 0)
    expect("the pack is named", report["rules"]["pack"] == "jp-online-care" and report["rules"]["version"])
    expect("records", report["audit"]["records"] > 50)
    expect("verified root", report["audit"]["verified"] is True and re.fullmatch("[0-9a-f]{64}", report["audit"]["root"]))
    for what in wrong:
        print(f"not so: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
