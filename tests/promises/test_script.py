"""The script of the interfaces runs as it stands, and what it prints is what the published schema says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from config.documents import schema
from connect_store.directory import folded
from rosterdrop.generating import generate

SCRIPT = """
rosterdrop init home
rosterdrop --home home district add springfield --name "Springfield Unified" --time-zone America/Chicago --school 0042="Lincoln High" --school 0043
rosterdrop --home home district set springfield guard.limit_percent=100
rosterdrop --home home account add acme-sis --district springfield --preset vendor --password-stdin < secret
rosterdrop --home home --json batch upload springfield night1/ --wait > upload.json
rosterdrop --home home --json batch list springfield > list.json
rosterdrop --home home --json person find springfield --name "Ana" > ana.json
"""  # noqa: E501 - as the interfaces have it


@pytest.fixture(scope="module")
def after_the_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("script")
    (folder / "secret").write_text("a password for the script\n")
    made = generate(folder / "made", students=700)
    made.nights[0].rename(folder / "night1")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-e", "-c", SCRIPT], cwd=folder, env={**os.environ, "PATH": path}, check=True)
    return folder


def test_the_upload_ends_with_a_report_that_fits_the_schema(after_the_script: Path) -> None:
    report = json.loads((after_the_script / "upload.json").read_text())

    jsonschema.validate(report, schema("report"), format_checker=jsonschema.FormatChecker())
    assert report["verdict"] == "accepted"
    assert report["changes"]["student"]["created"] > 0
    assert report["files"][0]["set_aside"]["other_school"] > 0, "the made district has a third school"


def test_the_list_names_the_batch(after_the_script: Path) -> None:
    batches = json.loads((after_the_script / "list.json").read_text())["batches"]

    assert [(batch["batch"], batch["state"], batch["verdict"]) for batch in batches] == [(1, "reported", "accepted")]


def test_everybody_called_ana_is_found(after_the_script: Path) -> None:
    people = json.loads((after_the_script / "ana.json").read_text())["people"]

    assert people
    assert all("ana" in folded(f"{one['given_name']} {one['family_name']}") for one in people)
