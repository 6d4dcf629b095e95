"""The pages' assets: pinned by hash, fetched at once or not at all."""

import json
import shutil
from pathlib import Path

import pytest

from frontend import build

ROOT = Path(__file__).parents[2]


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """A copy of what `make install` fetched."""
    return Path(shutil.copytree(build.VENDOR, tmp_path / "vendor"))


@pytest.mark.parametrize("project", ["frontend", "tests/browser", "tests/simulators/zoom/typings"])
def test_the_lock_names_no_host_and_a_hash_for_each_package(project: str) -> None:
    text = (ROOT / project / "package-lock.json").read_text()
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name.startswith("node_modules/")}

    assert "://" not in text
    assert packages
    assert [name for name, one in packages.items() if not one.get("link") and "integrity" not in one] == []


def test_what_was_fetched_is_not_fetched_again(vendor: Path) -> None:
    assert build.is_built(vendor)


@pytest.mark.parametrize("name", ["manifest.json", "graphiql/graphiql.min.js"])
def test_what_was_changed_or_lost_is_fetched_again(vendor: Path, name: str) -> None:
    changed, lost = vendor, Path(shutil.copytree(vendor, vendor.parent / "lost"))
    (changed / name).write_text((changed / name).read_text() + "x")
    (lost / name).unlink()

    assert not build.is_built(changed)
    assert not build.is_built(lost)
    assert not build.is_built(vendor.parent / "never")


def test_without_a_registry_it_says_so_and_keeps_what_is_there(vendor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:1/")
    monkeypatch.setenv("npm_config_cache", str(vendor.parent / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    with pytest.raises(build.BuildFailed, match="is the package registry reachable"):
        build.build(vendor)

    assert build.is_built(vendor)
    assert [path.name for path in vendor.parent.iterdir() if path.name.startswith(".vendor")] == []
