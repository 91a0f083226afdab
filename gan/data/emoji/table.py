#!/usr/bin/env python3
"""Writes emoji.txt, in its folder, of Unicode's emoji-test.txt (Debian's package unicode-data 15.0.0-1 has it, in
/usr/share/unicode/emoji): python3 table.py emoji-test.txt

A line @ GROUP is followed by the emoji of the group: code points, and a name. A name that is left out is that of the
line with a name before it, and its skin tones: "waving hand: light skin tone".
"""
import os
import re
import sys

TONES = {0x1F3FB: "light", 0x1F3FC: "medium-light", 0x1F3FD: "medium", 0x1F3FE: "medium-dark", 0x1F3FF: "dark"}

out = ["# Made by table.py of emoji-test.txt, version 15.0: (c) 2022 Unicode, Inc., see UNICODE-LICENSE.txt."]
named = ""
for line in open(sys.argv[1], encoding="utf-8"):
    if line.startswith("# group: "):
        out.append("@ " + line[9:].strip())
    found = re.match(r"([0-9A-F ]+?) *; (fully-qualified|component) *# \S+ E[0-9.]+ (.*)", line)
    if not found:
        continue
    codes, _, name = found.groups()
    tones = [TONES[c] for c in (int(c, 16) for c in codes.split()) if c in TONES]
    derived = named + (", " if ":" in named else ": ") + ", ".join(t + " skin tone" for t in tones)
    if tones and name == derived:
        name = ""
    else:
        named = name
    out.append((codes.replace(" ", "-") + " " + name).strip())
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "emoji.txt"), "w", encoding="utf-8") as f:
    f.write("\n".join(out) + "\n")
