"""What a manifest says, and what of it is so (reference 3.1; oneroster-csv 3.8)."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.documents import schema
from config.tables import table_of
from sftp_gateway.names import OUR_MANIFEST, folded
from sftp_gateway.receiving import ArrivedFile, Mismatch
from sftp_gateway.sets import manifests
from sftp_gateway.sets.manifests import LARGEST, Judged, Manifest, Promise, judged, parsed, unhashed

CONTENT = b"sourcedId\n1\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def file(name: str, generation: int = 1, size: int = len(CONTENT)) -> ArrivedFile:
    return ArrivedFile(
        name=name,
        table=table_of(name),
        path=Path(name),
        size=size,
        inode=generation,
        mtime_ns=generation,
        generation=generation,
        by_gateway=True,
        arrived_at=datetime(2026, 11, 24, tzinfo=UTC),
    )


def entry(name: str = "users.csv", **facts: Any) -> dict[str, Any]:
    return {"name": name, "size": len(CONTENT)} | facts


def document(*entries: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"files": list(entries)} | more).encode()


def read(content: bytes, name: str = OUR_MANIFEST) -> Manifest:
    manifest = parsed(name, content)
    assert manifest is not None
    return manifest


@pytest.mark.parametrize(
    "content",
    [
        document(entry(sha256=SHA256.upper())),
        document(entry(sha256=SHA256), format=1, created="2026-11-24T02:00:00-06:00"),
        b"\xef\xbb\xbf" + document(entry(sha256=SHA256)),
        document(entry(sha256=SHA256)).decode().encode("utf-16"),
    ],
)
def test_a_manifest_as_vendors_write_it(content: bytes) -> None:
    assert read(content).promises == (Promise(name="users.csv", size=12, sha256=SHA256),)


@pytest.mark.parametrize(
    ("content", "fault", "place"),
    [
        (b"{", "not_json", None),
        (b"", "not_json", None),
        (b"[" * 100_000, "not_json", None),
        (b"\xff\xfe\xff", "not_json", None),
        (document(entry(size=12.0)), "not_json", None),
        (b" " * (LARGEST + 1), "too_large", None),
        (b"[]", "schema", "$"),
        (document(), "schema", "$.files"),
        (document(entry(), format=2), "schema", "$.format"),
        (document(entry(), entry("classes.csv", size="12")), "schema", "$.files[1].size"),
        (document(entry(size=True)), "schema", "$.files[0].size"),
        (document(entry(size=-1)), "schema", "$.files[0].size"),
        (document(entry(sha256="abc")), "schema", "$.files[0].sha256"),
        (document(entry(sha265=SHA256)), "schema", "$.files[0]"),
        (document(entry("export/users.csv")), "schema", "$.files[0].name"),
        (document(entry("..")), "schema", "$.files[0].name"),
        (document(entry("new\nline.csv")), "schema", "$.files[0].name"),
        (document(entry("users.csv"), entry("Users.csv")), "schema", "$.files[1].name"),
        (document(entry("Rosterdrop-Manifest.json")), "schema", "$.files[0].name"),
        (document(*(entry(f"{number}.csv") for number in range(501))), "schema", "$.files"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_never_satisfied_and_told(content: bytes, fault: str, place: str) -> None:
    verdict = judged(read(content), [file("users.csv")], {})
    (mismatch,) = verdict.mismatches
    assert not verdict.satisfied
    assert (mismatch.file, mismatch.fault, mismatch.found) == (OUR_MANIFEST, fault, place)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    assert parsed(OUR_MANIFEST, content) is not None
    parsed("manifest.csv", content)


def test_the_schema_is_published_with_a_word_for_each_key() -> None:
    files = schema("manifest")["properties"]["files"]["items"]["properties"]
    assert all(key["description"] for key in (*schema("manifest")["properties"].values(), *files.values()))


PROMISED = read(document(entry(sha256=SHA256)))


@pytest.mark.parametrize(
    ("files", "sha256", "verdict"),
    [
        ([file("users.csv", 7)], {7: SHA256}, Judged(satisfied=True)),
        ([file("USERS.CSV", 7)], {7: SHA256}, Judged(satisfied=True)),
        ([file("users.csv", 7), file("Users.csv", 8)], {7: SHA256}, Judged(satisfied=True)),
        ([file("users.csv", 7)], {}, Judged(satisfied=False)),
        ([], {}, ("missing", 12, None)),
        ([file("users.csv", 7, size=11)], {}, ("size", 12, 11)),
        ([file("users.csv", 7)], {7: "0" * 64}, ("sha256", SHA256, "0" * 64)),
    ],
)
def test_what_is_promised_is_compared_with_what_is_there(
    files: list[ArrivedFile], sha256: dict[int, str], verdict: Judged | tuple[Any, Any, Any]
) -> None:
    if not isinstance(verdict, Judged):
        fault, promised, found = verdict
        mismatch = Mismatch(manifest=OUR_MANIFEST, file="users.csv", fault=fault, promised=promised, found=found)
        verdict = Judged(satisfied=False, mismatches=(mismatch,))
    assert judged(PROMISED, files, sha256) == verdict


def test_names_are_alike_however_their_letters_are_composed() -> None:
    promised = read(document(entry("Schu\u0308ler.csv")))
    assert judged(promised, [file("SCH\u00dcLER.csv")], {}).satisfied


def test_only_files_of_the_right_size_are_hashed() -> None:
    files = [file("users.csv", 1), file("classes.csv", 2, size=1), file("notes.csv", 3)]
    promised = read(document(entry(sha256=SHA256), entry("classes.csv", sha256=SHA256), entry("notes.csv")))
    assert [one.name for one in unhashed([promised], files)] == ["users.csv"]


ONEROSTER = (
    b"\xef\xbb\xbfpropertyName,value\r\nmanifest.version,1.0\r\nfile.users,bulk\r\nfile.enrollments,Delta\r\n"
    b'"file.orgs","bulk"\r\nfile.classes,absent\r\nfile.results,absent\r\nsource.systemName,"Acme, Inc."\r\n'
)


def test_a_oneroster_manifest_says_which_files_come() -> None:
    manifest = read(ONEROSTER, "Manifest.csv")
    assert [promise.name for promise in manifest.promises] == ["users.csv", "enrollments.csv", "orgs.csv"]
    assert manifest.speaks_of == {"users", "classes", "enrollments"}


def test_only_tables_that_a_oneroster_manifest_promises_are_missed() -> None:
    verdict = judged(read(ONEROSTER, "manifest.csv"), [file("users.csv")], {})
    assert [mismatch.file for mismatch in verdict.mismatches] == ["enrollments.csv"]
    present = [file("users.csv"), file("enrollments.csv")]
    assert judged(read(ONEROSTER, "manifest.csv"), present, {}) == Judged(satisfied=False)
    assert judged(read(ONEROSTER, "manifest.csv"), [*present, file("orgs.csv")], {}) == Judged(satisfied=True)


TOO_MANY = b"file.users,bulk\n" + b"".join(b"file.%d,bulk\n" % number for number in range(500))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"sourcedId,name\n1,x\n",
        b"\xff\xfe",
        b'file.users,"bulk',
        b"file.orgs,bulk\n",
        b"x" * 2 * LARGEST,
        TOO_MANY,
    ],
)
def test_a_manifest_csv_that_makes_no_sense_is_a_file_like_any_other(content: bytes) -> None:
    assert parsed("manifest.csv", content) is None


def test_the_largest_manifest_of_the_largest_drop_is_judged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(name: str) -> str:
        asked.append(name)
        return folded(name)

    monkeypatch.setattr(manifests, "folded", counted)
    files = [file(f"{number}.csv", number) for number in range(2000)]
    promised = read(document(*[entry(f"{number}.csv") for number in range(500)]))
    asked.clear()
    assert judged(promised, files, {}).satisfied
    assert len(asked) < 3 * (len(files) + len(promised.promises))
