"""Whether JSON is of a type of Zoom's own typings, as TypeScript's compiler sees it. They come from the package index:

.venv/bin/python -m tests.simulators.zoom.typings
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
_MODULES = PROJECT / "node_modules"
_STAMP = _MODULES / ".version"
_INPUTS = ("package.json", "package-lock.json", ".npmrc")
_OPTIONS = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext")


class NoTypings(Exception):
    """Says in one sentence what to do."""


def install() -> None:
    """Raises `NoTypings`."""
    if not _is_installed():
        npm = str(Path(sys.executable).with_name("npm"))
        done = _run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", directory=PROJECT)
        if done.returncode != 0:
            raise NoTypings(f"npm could not fetch Zoom's typings. It says: {' '.join(done.stderr.split())[:500]}")
        _STAMP.write_text(_version())


def problems(samples: Sequence[tuple[str, object]]) -> str:
    """What the compiler says against samples, each the name of a type and JSON that should be of it: nothing at best.

    A type is named with its module: `meetings.MeetingsListMeetingsResponse`. Members that the type does not know are
    problems, too. Raises `NoTypings`.
    """
    if not _is_installed():
        raise NoTypings(
            "Zoom's typings are not installed: run `make test`, or `python -m tests.simulators.zoom.typings`."
        )
    with tempfile.TemporaryDirectory(prefix="typings-") as folder:
        (Path(folder) / "samples.ts").write_text(_program(samples))
        node = str(Path(sys.executable).with_name("node"))
        compiler = str(_MODULES / "typescript" / "bin" / "tsc")
        done = _run(node, compiler, *_OPTIONS, "--moduleResolution", "bundler", "samples.ts", directory=Path(folder))
    return done.stdout if done.returncode != 0 else ""


def _program(samples: Sequence[tuple[str, object]]) -> str:
    modules = sorted({name.partition(".")[0] for name, _ in samples})
    imports = [f'import type * as {module} from "{_MODULES}/@zoom/rivet/{module}/{module}";' for module in modules]
    held = [f"export const s{at}: {name} = {json.dumps(value)};" for at, (name, value) in enumerate(samples)]
    return "\n".join([*imports, *held])


def _is_installed() -> bool:
    return _STAMP.exists() and _STAMP.read_text() == _version()


def _version() -> str:
    return hashlib.sha256(b"\0".join((PROJECT / name).read_bytes() for name in _INPUTS)).hexdigest()


def _run(*command: str, directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
