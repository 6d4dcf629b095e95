"""What is installed is ours, pinned, and names no machine and no index."""

import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


@pytest.mark.parametrize("name", ["calendar_sync", "schema", "resolvers", "providers", "simulators"])
def test_our_top_level_names_are_ours_alone(name: str) -> None:
    assert set(packages_distributions().get(name, [])) <= {"calendar-sync"}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text())
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_tests_run_against_the_versions_that_users_get() -> None:
    users, tests = (dict(PIN.findall((ROOT / lock).read_text())) for lock in LOCKS)
    assert {name: tests.get(name) for name in users} == users


def test_the_lock_of_the_pages_names_no_registry() -> None:
    assert "http" not in re.sub(r'"(url|funding)": "[^"]*"', "", (ROOT / "frontend" / "package-lock.json").read_text())


def test_nothing_tracked_names_a_registry_or_a_machine() -> None:
    hosts = "|".join(
        ("py" + "pi\\.org", "files\\.python" + "hosted", "registry\\.npm" + "js", "deb\\.deb" + "ian\\.org")
    )
    found = subprocess.run(
        ["git", "grep", "-nIE", hosts, "--", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
