"""The pages in docs/rules are those that the catalogue renders."""

from rosterdrop.rule_pages import pages
from tests.promises.pages import ROOT


def test_the_committed_pages_are_rendered_from_the_catalogue() -> None:
    rendered = {f"docs/{path}": text for path, text in pages()}
    committed = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in ROOT.glob("docs/rules/**/*.*")}
    stale = {path for path in rendered.keys() | committed.keys() if rendered.get(path) != committed.get(path)}
    assert not stale, f"run make docs, and remove pages that it does not write: {sorted(stale)}"
