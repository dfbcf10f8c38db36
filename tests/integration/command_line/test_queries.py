"""Queries, and the page about all commands."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import tempfile
from pathlib import Path

import pytest

from command_lines import (
    COMMANDS,
    QUERIES,
    Ended,
    common_user,
    datasets,
    done,
    refused,
    run,
    write_night,
)
from new_camera import write_new_camera


@pytest.mark.parametrize("query", QUERIES, ids=" ".join)
def test_json_csv_and_table_hold_the_same_rows(query, ingested: Path):
    command, *options = query
    by_form = {
        form: done(command, ingested, *options, "-o", form).out for form in ("json", "csv", "table")
    }
    rows = json.loads(by_form["json"])
    texts = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    assert rows
    assert list(csv.DictReader(io.StringIO(by_form["csv"]))) == texts
    heading, _, *lines = [line for line in by_form["table"].splitlines() if line.strip()]
    assert heading.split() == list(rows[0])
    assert [line.split() for line in lines] == [" ".join(row.values()).split() for row in texts]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("query-datasets", ()), ("query-collections", ()), ("query-dimension-records", ("visit",))],
)
def test_nothing_found_is_no_error(command, arguments, repo: Path):
    assert done(command, repo, *arguments, "-o", "json").rows() == []
    assert run(command, repo, *arguments) == Ended(status=0, out="", err="Nothing matches.\n")


@pytest.mark.parametrize(
    ("condition", "number"),
    [
        ("", 4),
        ("instrument='HSC' AND day_obs IN (20260301..20260303)", 4),
        ("exposure = 100002", 2),
        ("exposure = 100002 AND NOT detector = 0", 1),
        ("exposure.target_name = 'COSMOS' AND detector IN (1, 7)", 2),
        ("visit = 100000", 2),
        ("exposure.day_obs < 20260301", 0),
    ],
)
def test_conditions_choose_datasets(condition, number, ingested: Path):
    assert len(datasets(ingested, "--where", condition)) == number


@pytest.mark.parametrize(
    ("condition", "message", "place"),
    [
        ("exposure = 1 AND", "cannot be read", 16),
        ("exposure = ", "cannot be read", 10),
        ("1 = exposur", "Did you mean exposure", 4),
        ("exposure = 'x'", "compared with what is a number", 11),
        ("day_obs = 1 AND instrument = 3", "compared with", 29),
    ],
)
@pytest.mark.parametrize("command", [("query-datasets",), ("query-dimension-records", "visit")])
def test_a_wrong_condition_is_pointed_at(command, condition, message, place, ingested: Path):
    name, *rest = command
    ended = run(name, ingested, *rest, "--where", condition)
    assert (ended.status, ended.out) == (2, "")
    first, shown, pointer = ended.err.splitlines()
    assert message in first
    assert shown == f"  {condition}"
    assert pointer.index("^") - 2 == place


@pytest.mark.parametrize(
    ("status", "command", "arguments", "said"),
    [
        (4, "query-datasets", ("rawr",), "There is no dataset type 'rawr'. Known: raw."),
        (4, "query-datasets", ("raw", "--collections", "none"), "no collection 'none'"),
        (4, "query-datasets", ("raw", "--collections", "HSC/raw/all,none"), "no collection 'none'"),
        (2, "query-datasets", ("raw", "--order-by", "beauty"), "'beauty' means nothing"),
        (2, "query-dimension-records", ("vist",), "no dimension element 'vist'. Known: instrument"),
        (2, "query-dimension-records", ("visit", "--order-by", "beauty"), "means nothing"),
    ],
)
def test_names_that_mean_nothing_are_named(status, command, arguments, said, ingested: Path):
    assert said in refused(status, command, ingested, *arguments)


def test_names_of_types_and_collections_may_be_globs(ingested: Path):
    assert len(datasets(ingested, "r*")) == 4
    assert run("query-datasets", ingested, "calib*").err == "Nothing matches.\n"
    assert done("query-collections", ingested, "HSC/*", "-o", "json").rows()[0]["type"] == "RUN"


def test_rows_are_sorted_by_what_is_asked(ingested: Path):
    rows = datasets(ingested, "--order-by", "-exposure", "--order-by", "detector")
    assert [(row["exposure"], row["detector"]) for row in rows] == [
        (100_002, 0),
        (100_002, 1),
        (100_000, 0),
        (100_000, 1),
    ]


@pytest.mark.parametrize(
    ("limit", "number", "said"),
    [
        (0, 4, ""),
        (3, 3, ""),
        (4, 4, ""),
        (-4, 4, ""),
        (-3, 3, "There are more than 3 results: give --limit 0 for all.\n"),
    ],
)
def test_a_negative_limit_warns_and_a_positive_one_does_not(limit, number, said, ingested: Path):
    ended = run("query-datasets", ingested, "--limit", limit, "-o", "json")
    assert (ended.status, len(ended.rows()), ended.err) == (0, number, said)


def test_regions_are_shown_on_request_alone(ingested: Path):
    plain = done("query-dimension-records", ingested, "visit", "-o", "json").rows()
    regions = done("query-dimension-records", ingested, "visit", "--regions", "-o", "json").rows()
    assert "region" not in plain[0]
    assert bytes.fromhex(regions[0]["region"])[:1] == b"p"


def test_times_are_shown_as_tai(ingested: Path):
    rows = done("query-dimension-records", ingested, "exposure", "-o", "json").rows()
    assert rows[0]["timespan.begin"] == "2026-03-01 05:00:37.000000000"


def test_the_examples_of_the_page_print_what_it_shows(tmp_path: Path):
    write_night(tmp_path / "night")
    write_new_camera(tmp_path / "new")
    page = (Path(__file__).parents[3] / "docs/reference/cli.md").read_text(encoding="utf-8")
    examples = re.findall(
        r"^```console\n\$ underbutler (.*?)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    assert len(examples) == len(COMMANDS)
    (tmp_path / "corrections").mkdir()
    for line, shown in examples:
        if line.startswith("update-exposures"):
            correction = tmp_path / "corrections/HSC-HSCE00100000.yaml"
            correction.write_text("OBJECT: M31\n", encoding="utf-8")
        ended = done(*shlex.split(line.replace("/data/", f"{tmp_path}/")))
        printed = ended.out.replace(f"{tmp_path}/", "/data/")
        assert plain(printed) == plain(shown), line


def plain(text: str) -> list[list[str]]:
    """The words of a text without its rules, blank lines and durations."""
    durations = re.sub(r" \d+\.\d\d? *$", " SECONDS", text, flags=re.MULTILINE)
    return [words for line in durations.replace("─", "").splitlines() if (words := line.split())]


def test_a_repository_can_be_read_by_those_who_may_not_write_it(ingested: Path):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        copy = Path(shutil.copytree(ingested, Path(folder, "repo")))
        for path in (*copy.rglob("*"), copy):
            path.chmod(0o555 if path.is_dir() else 0o444)
        with common_user():
            found = datasets(copy)
        copy.chmod(0o755)
    assert found == datasets(ingested)


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("type = 'RUN'", ["HSC/raw/all"]),
        ("name = 'HSC/raw/all' AND NOT type IN ('TAGGED', 'CHAINED')", ["HSC/raw/all"]),
        ("type != 'RUN' OR name < 'HSC'", []),
    ],
)
def test_collections_are_found_by_a_condition(ingested: Path, where: str, names: list[str]):
    ended = done("query-collections", ingested, "--where", where, "-o", "json")
    assert [row["name"] for row in json.loads(ended.out)] == names


@pytest.mark.parametrize("where", ["run = 'x'", "type = 1", "name IN (1..3)", "name", "type = 'R"])
def test_a_condition_that_means_nothing_of_collections_is_refused(
    ingested: Path, repo: Path, where: str
):
    # Also where there are none.
    for place in (ingested, repo):
        ended = run("query-collections", place, "--where", where)
        assert (ended.status, ended.out) == (2, "")
        assert ended.err.rstrip().endswith("^")
