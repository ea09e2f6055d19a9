#!/usr/bin/env python3
"""Checks of the tree that no compiler makes; each is an ordinary test (label check).

usage: check.py NAME [BUILD_DIR]
  format      the C sources are as clang-format 14 writes them
  includes    includes point down only: cli -> stages -> lib/stage, lib/customs -> lib/io -> lib/base; never stage -> stage
  headers     each header compiles alone
  machine     no path of a machine and no host of a package registry is in the tree
  readmes     each folder of the tree says in a README what belongs there
  shell       the shell scripts parse with dash
  docs        generated pages are what the built command generates
  units       systemd reads the unit of deploy/ without a complaint, and finds it hardened
Exit: 0 done, 1 something is wrong (each on a line), 77 cannot be checked here.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIP = re.compile(r"^(build[^/]*|run|\.cache|\.git|\.venv)$")
SKIPPED = 77


def files(*suffixes):
    """Paths from the root of all files of the tree, built and fetched ones left out."""
    for folder, folders, names in os.walk(ROOT):
        top = folder == ROOT
        folders[:] = sorted(n for n in folders if n != "__pycache__" and not (top and SKIP.match(n)))
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def text(path):
    with open(os.path.join(ROOT, path), "rb") as file:
        return file.read().decode("utf-8", "replace")


def check_format(_build):
    if shutil.which("clang-format-14") is None:
        print("skipped: there is no clang-format-14 here")
        sys.exit(SKIPPED)
    sources = list(files(".c", ".h"))
    result = subprocess.run(["clang-format-14", "--dry-run", "--Werror", *sources], cwd=ROOT, capture_output=True, text=True)
    lines = [line for line in result.stderr.splitlines() if "error:" in line]
    return sorted({line.split(":")[0] + ": not formatted: ./dev format" for line in lines})


def layer(path):
    """(rank, unit) of a source: an include may only go to a lower rank, or to the same unit."""
    parts = path.split("/")
    if parts[0] == "lib":
        return {"base": 0, "io": 1, "customs": 2, "stage": 3}[parts[1]], "lib/" + parts[1]
    if parts[0] == "stages":
        return 4, "stages/" + parts[1]
    if parts[0] == "cli":
        return 5, "cli"
    return 6, parts[0]


def check_includes(_build):
    wrong = []
    for path in files(".c", ".h"):
        rank, unit = layer(path)
        for number, line in enumerate(text(path).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            name = match.group(1)
            beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
            for candidate in (beside, os.path.join("lib", name), os.path.join("stages", name)):
                if os.path.exists(os.path.join(ROOT, candidate)):
                    break
            else:
                continue  # generated: of the schemas, below everything
            other_rank, other = layer(candidate)
            if other != unit and other_rank >= rank:
                wrong.append(f"{path}:{number}: {unit} may not include {candidate}")
            if {unit, other} == {"lib/customs", "lib/stage"}:
                wrong.append(f"{path}:{number}: lib/customs and lib/stage do not know each other: {candidate}")
    return wrong


def check_headers(build):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    options = {}
    for command in commands:
        for word in re.findall(r"(?:-I|-isystem )\S+", command["command"]):
            options[word] = None
    flags = " ".join(options).split() + ["-I" + ROOT]
    compiler = os.environ.get("CC", "cc")
    wrong = []
    for path in files(".h"):
        result = subprocess.run([compiler, "-std=c11", "-D_GNU_SOURCE", "-DGL_VERSION=\"0\"", '-DGL_SOURCE_DIR=""', '-DGL_BINARY_DIR=""', "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                                 *flags, "-x", "c", "-"], cwd=ROOT, input=f'#include "{path}"\n', capture_output=True, text=True)
        if result.returncode != 0:
            first = [line for line in result.stderr.splitlines() if "error" in line]
            wrong.append(f"{path}: does not compile alone: {first[0] if first else result.stderr[:200]}")
    return wrong


# Written so that they do not match themselves.
MACHINE = re.compile(r"(?<![\w.$}])/(?:work|home|farm|mnt|Users)/\w|(?<![\w.$}])/root/\w|/tmp/b-\w")
HOSTS = re.compile(r"deb[.]debian[.]org|archive[.]ubuntu[.]com|pypi[.]org|pythonhosted[.]org|maven[.]org|maven[.]apache[.]org|npmjs[.]org|"
                   r"golang[.]org|crates[.]io|docker[.]io|ghcr[.]io|quay[.]io")


def check_machine(_build):
    wrong = []
    for path in files():
        if path.startswith("tools/check.py"):
            continue
        content = text(path)
        if "\0" in content:
            continue
        for number, line in enumerate(content.splitlines(), 1):
            for what, pattern in (("a path of a machine", MACHINE), ("a host of a package registry", HOSTS)):
                match = pattern.search(line)
                if match:
                    wrong.append(f"{path}:{number}: {what}: {match.group(0)}")
    return wrong


def check_readmes(_build):
    folders = ["", "lib", "stages", "schemas", "cli", "config", "models", "training", "tools", "deploy", "tests"]
    folders += ["stages/" + n for n in sorted(os.listdir(os.path.join(ROOT, "stages"))) if os.path.isdir(os.path.join(ROOT, "stages", n))]
    folders += ["tests/" + n for n in ("chain", "formats", "broker", "e2e", "bench", "support")]
    return [f"{folder}/README.md: is missing" for folder in folders if not os.path.exists(os.path.join(ROOT, folder, "README.md"))]


def check_shell(_build):
    wrong = []
    for path in ["dev", *files(".sh")]:
        result = subprocess.run(["sh", "-n", path], cwd=ROOT, capture_output=True, text=True)
        wrong += [f"{path}: {line}" for line in result.stderr.splitlines()]
        for number, line in enumerate(text(path).splitlines(), 1):
            if re.match(r"\s*(local|function)\s|.*\[\[ ", line):
                wrong.append(f"{path}:{number}: not POSIX sh: {line.strip()}")
    return wrong


GENERATED = {"docs/CONFIGURATION.md": "configuration", "docs/METRICS.md": "metrics"}


def check_docs(build):
    wrong = []
    for path, page in GENERATED.items():
        result = subprocess.run([os.path.join(build, "bin", "greenlane"), "docs", page], capture_output=True, check=False)
        if result.returncode != 0:
            wrong.append(f"greenlane docs {page}: exit {result.returncode}: {result.stderr.decode()[-300:]}")
        elif not os.path.exists(os.path.join(ROOT, path)) or result.stdout != text(path).encode():
            wrong.append(f"{path}: is not what `greenlane docs {page}` prints: ./dev docs")
    return wrong


EXPOSURE = 15  # of 100: what `systemd-analyze security` may find at most


def check_units(_build):
    if shutil.which("systemd-analyze") is None:
        print("skipped: there is no systemd-analyze here")
        sys.exit(SKIPPED)
    wrong = []
    with tempfile.TemporaryDirectory() as root:
        units = os.path.join(root, "etc", "systemd", "system")
        os.makedirs(units)
        shutil.copy(os.path.join(ROOT, "deploy", "systemd", "greenlane@.service"), units)
        if re.search(r"^ProcSubset=pid", text("deploy/systemd/greenlane@.service"), re.M):
            wrong.append("deploy/systemd/greenlane@.service: ProcSubset=pid hides the boot id that lib/stage/store.c trusts a store by")
        for program in ("usr/bin/greenlane-ingest", "bin/kill"):  # what it starts must be there
            path = os.path.join(root, program)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as file:
                file.write("#!/bin/sh\n")
            os.chmod(path, 0o755)
        for command in (["verify", "--man=no", "--recursive-errors=no"], ["security", "--offline=true", f"--threshold={EXPOSURE}"]):
            result = subprocess.run(["systemd-analyze", *command, "--root=" + root, "greenlane@ingest.service"], capture_output=True, text=True,
                                    check=False)
            if result.returncode != 0 or (command[0] == "verify" and result.stderr.strip()):
                said = (result.stderr + result.stdout).strip().splitlines()
                wrong.append(f"deploy/systemd/greenlane@.service: systemd-analyze {command[0]}: {said[-3:]}")
    return wrong


def main():
    checks = {name[6:]: function for name, function in globals().items() if name.startswith("check_")}
    if len(sys.argv) < 2 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    wrong = checks[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else None)
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
