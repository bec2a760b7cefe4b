"""Runs the programs of docs/clients.md as they stand there: python snippets.py FIREDRILL [NODE_MODULES]

Its first command serves; then each program runs once, and has to print an answer. One whose
interpreter or compiler is not installed is left out, with a word.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "clients.md"
# By the name of the block: the file and the command.
HOW = {
    "python": ("ask.py", [sys.executable, "ask.py"]),
    "js": ("ask.mjs", ["node", "ask.mjs"]),
    "go": ("ask.go", ["go", "run", "ask.go"]),
    "java": ("Ask.java", ["java", "Ask.java"]),
    "sh": ("ask.sh", ["sh", "ask.sh"]),
}


def main(firedrill, modules=None):
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    (_, serve), *programs = blocks
    words = shlex.split(serve)
    assert words[:2] == ["firedrill", "serve"], words
    port = int(words[words.index("--listen") + 1])
    server = subprocess.Popen([firedrill, *words[1:]], cwd=ROOT, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    failed = 0
    try:
        wait_for(port)
        for language, text in programs:
            failed += not ran(language, text, modules)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=10)
    return 1 if failed else 0


def wait_for(port):
    for _ in range(100):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server does not answer")


def has_openai(modules):
    return modules and pathlib.Path(modules, "openai").is_dir()


def ran(language, text, modules):
    """Whether the program ends well and prints something; true where it cannot run."""
    name, command = HOW[language]
    if not shutil.which(command[0]) or language == "js" and not has_openai(modules):
        print("left out:", language, "is not installed")
        return True
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, name).write_text(text)
        if language == "js":
            os.symlink(pathlib.Path(modules).resolve(), pathlib.Path(folder, "node_modules"))
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    # Go and Java print the status first; an SDK raises.
    good = done.returncode == 0 and re.match(r"(?![345]\d\d )\S", done.stdout)
    told = "" if good else done.stderr
    print("ok   " if good else "WRONG", language, json.dumps(done.stdout[:60]), told)
    return good


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
