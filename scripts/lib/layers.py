"""Compares the import lines of every source file with the layer table of docs/Architecture.md."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
text = (root / "docs" / "Architecture.md").read_text()
allowed = {}
for line in text.splitlines():
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    if len(cells) == 4 and re.fullmatch(r"`\w+`", cells[0]):
        names = re.findall(r"`(\w+)`", cells[2] + " " + cells[3])
        allowed[cells[0].strip("`")] = set(names)

system = {"Foundation", "FoundationEssentials", "Synchronization", "Glibc", "Darwin", "Swift", "Dispatch"}
problems = []
for target in sorted(path for path in (root / "Sources").iterdir() if path.is_dir()):
    files = [f for f in target.rglob("*.swift") if not f.name.endswith(".pb.swift")]
    if not files and not list(target.rglob("*.pb.swift")):
        continue
    if target.name not in allowed:
        problems.append(f"{target.name} is not in the layer table of docs/Architecture.md")
        continue
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = re.match(r"\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:package|public|internal|private|fileprivate)\s+)?import\s+(?:struct\s+|class\s+|enum\s+|func\s+)?(\w+)", line)
            if found and found[1] not in system | allowed[target.name]:
                problems.append(f"{file.relative_to(root)}:{number}: {target.name} may not import {found[1]}")
        length = len(file.read_text().splitlines())
        if length > 400:
            problems.append(f"{file.relative_to(root)}: {length} lines, 400 are the limit")
if not allowed:
    problems.append("docs/Architecture.md has no layer table")
print("\n".join(problems), file=sys.stderr)
sys.exit(1 if problems else 0)
