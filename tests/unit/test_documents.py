"""What the documents say, against what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "shared" / "underbutler"
PAGES = sorted(
    path
    for folder in (ROOT, ROOT / "docs", ROOT / "infra")
    for path in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-zA-Z-]+):", MAKEFILE, re.MULTILINE))
PAGE_OF_CODES = (ROOT / "docs" / "reference" / "codes.md").read_text()
WHERE_CODES_ARE_GIVEN = ("events", "ingest", "metadata", "visits")
COMMANDS = {
    path.stem.replace("_", "-")
    for path in (PACKAGE / "cli").glob("*.py")
    if path.stem not in ("__init__", "__main__", "output")
}


def blocks(page: Path, *languages: str) -> list[str]:
    """Find the fenced blocks of a page."""
    found = re.findall(r"^ *```(\w+)\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


def codes_of(page: str) -> set[str]:
    return set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))


def slugs(folders: tuple[str, ...], pattern: str) -> set[str]:
    """Find the string constants of a form in parts of the package."""
    return {
        node.value
        for folder in folders
        for path in (PACKAGE / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(pattern, node.value)
    }


def test_there_are_pages():
    assert {"README.md", "codes.md", "deployment.md", "glossary.md"} <= {p.name for p in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_to_be_made_can_be_made(page: Path):
    told = re.findall(r"(?:^|`|\$ )make ([a-zA-Z][a-zA-Z-]*)", page.read_text(), re.MULTILINE)
    assert set(told) <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_told_exist(page: Path):
    told = re.findall(r"(?:^|`|\$ )underbutler ([a-z][a-z-]*)", page.read_text(), re.MULTILINE)
    assert set(told) <= COMMANDS


def test_the_changelog_names_every_command():
    assert {name for name in COMMANDS if f"`{name}`" not in CHANGELOG} == {"create"}
    assert "`underbutler create`" in CHANGELOG


def test_every_target_of_the_makefile_says_what_it_is_for():
    phony = re.search(r"^\.PHONY: (.*?[^\\])$", MAKEFILE, re.MULTILINE | re.DOTALL)
    assert phony
    explained = set(re.findall(r"^([a-zA-Z-]+):.*## \S", MAKEFILE, re.MULTILINE))
    assert set(phony[1].replace("\\", " ").split()) == explained


def test_the_project_s_check_is_the_one_of_the_makefile():
    assert "make check" in (ROOT / ".ci" / "run").read_text()
    assert re.search(r"^check: test lint types template", MAKEFILE, re.MULTILINE)


def test_the_two_commands_stand_in_the_readme():
    assert "make demo\nmake test\n" in blocks(ROOT / "README.md", "sh")


def test_every_code_that_is_given_is_explained():
    given = slugs(WHERE_CODES_ARE_GIVEN, r"[a-z]+(-[a-z]+)+")
    # The name of a formatter.
    assert given - codes_of(PAGE_OF_CODES) == {"fits-raw"}


def test_every_code_that_is_explained_is_given():
    given = slugs((*WHERE_CODES_ARE_GIVEN, "model", "."), r"[a-z]+(-[a-z]+)*")
    assert codes_of(PAGE_OF_CODES) - given == set()


def test_every_module_of_the_package_has_its_place_in_the_architecture():
    page = (ROOT / "docs" / "architecture.md").read_text()
    parts = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert {part for part in parts if f"`shared/underbutler/{part}`" not in page} == set()


def test_every_table_of_the_registry_is_in_the_architecture():
    from underbutler.registry.schema import METADATA

    page = (ROOT / "docs" / "architecture.md").read_text()
    told = set(re.findall(r"`(\w+)`", page))
    assert set(METADATA.tables) - told == set()
