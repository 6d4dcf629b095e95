"""Runs the commands that the documents show, with what a machine may lack: `curl` and `sqlite3` in Python."""

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str) -> Sequence[str]:
    """The blocks of code of a language, in their order."""
    return [body for found, body in _BLOCK.findall(document) if found == language]


def run(script: str, folder: Path, **environment: str) -> str:
    """What the script's last command prints. It finds our own command, and the commands that are not installed."""
    path = os.pathsep.join((str(_stand_ins(folder)), str(Path(sys.executable).parent), os.environ["PATH"]))
    return _done(["sh", "-ec", script], folder, {**os.environ, **environment, "PATH": path})


def _done(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _stand_ins(folder: Path) -> Path:
    """A folder for PATH: empty where the machine has them all."""
    folder = folder / "bin"
    folder.mkdir(exist_ok=True)
    for name in ("curl", "sqlite3"):
        if shutil.which(name) is None:
            script = folder / name
            script.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.docs.{name} "$@"\n')
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder
