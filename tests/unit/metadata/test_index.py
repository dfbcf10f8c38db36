from __future__ import annotations

import json
import logging

import pytest
from astro_metadata_translator.indexing import process_index_data
from hypothesis import given
from hypothesis import strategies as st

from factories import translated
from underbutler.errors import BadIndexError
from underbutler.metadata.index import parse_index
from underbutler.model.metadata_entry import ContentMode, MetadataEntry
from underbutler.model.observation import MetadataSource

KEY = "night/_index.json"

names = st.sampled_from(["a.fits", "b.fits.fz", "c d.fit", "sub/e.fits.gz"])
values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers())
headers = st.dictionaries(st.sampled_from(["OBJECT", "EXPTIME", "DET-ID", "RA"]), values)


def index(content: object, key: str = KEY):
    return parse_index(json.dumps(content).encode(), bucket="raw", key=key, etag="e1")


def entries(content: object, key: str = KEY) -> dict[str, dict]:
    return {entry.target: entry.entry for entry in index(content, key).entries}


def targets(*file_names: str, key: str = KEY) -> list[str]:
    return list(entries({"__COMMON__": {}} | {name: {} for name in file_names}, key))


def test_an_entry_is_what_the_index_says_of_a_file():
    found = index({"__CONTENT__": "translated", "__COMMON__": {"a": 1}, "x.fits": {"b": 2}})

    (entry,) = found.entries
    assert entry == MetadataEntry(
        bucket="raw",
        target="night/x.fits",
        source_key=KEY,
        source=MetadataSource.INDEX,
        content=ContentMode.TRANSLATED,
        source_etag="e1",
        entry={},
    )
    assert entry.entry == {"a": 1, "b": 2}


def test_what_is_common_wins_over_what_a_file_says_itself():
    assert entries({"__COMMON__": {"a": "common"}, "x.fits": {"a": "own"}}) == {
        "night/x.fits": {"a": "common"}
    }


def test_a_file_may_say_nothing_of_its_own():
    assert entries({"__COMMON__": {"a": 1}, "x.fits": {}}) == {"night/x.fits": {"a": 1}}


def test_files_do_not_share_what_is_common():
    first, second = entries({"__COMMON__": {"a": 1}, "x.fits": {}, "y.fits": {}}).values()

    assert first is not second


@pytest.mark.parametrize("mode", ContentMode)
def test_an_index_says_what_it_holds(mode):
    found = index({"__CONTENT__": mode.value, "__COMMON__": {}, "x.fits": {}})

    assert [entry.content for entry in found.entries] == [mode]


def test_an_index_that_does_not_say_what_it_holds_holds_headers():
    assert index({"__COMMON__": {}, "x.fits": {}}).entries[0].content is ContentMode.METADATA


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no JSON"),
        (b'{"__COMMON__": {}, "x.fits": {"a": 1', "no JSON"),
        (b'{"__COMMON__": {}, "__COMMON__": {}}', "given twice"),
        (b'{"__COMMON__": {}, "x.fits": {}, "x.fits": {}}', "given twice"),
        (b'{"__COMMON__": {"a": "\xe9"}}', "no JSON"),
        (b"\x1f\x8b\x08\x00", "no JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
        (b"{}", "no __COMMON__"),
        (b'{"x.fits": {}}', "no __COMMON__"),
        (b'{"__COMMON__": []}', "__COMMON__ is no JSON object"),
        (b'{"__COMMON__": null}', "__COMMON__ is no JSON object"),
        (b'{"__COMMON__": {}, "x.fits": "text"}', "entry for 'x.fits' is no JSON object"),
        (b'{"__COMMON__": {}, "x.fits": []}', "entry for 'x.fits' lists 0 detectors"),
        (b'{"__COMMON__": {}, "__CONTENT__": "other"}', "__CONTENT__ is 'other'"),
        (b'{"__COMMON__": {}, "__CONTENT__": ["metadata"]}', "__CONTENT__ is"),
        (b'{"__COMMON__": {}, "__CONTENT__": {}}', "__CONTENT__ is"),
    ],
)
def test_what_is_no_index_is_refused_and_the_reason_named(body, why):
    with pytest.raises(BadIndexError, match=why) as caught:
        parse_index(body, bucket="raw", key=KEY)
    assert caught.value.kind == "bad-index"


def test_numbers_that_are_not_finite_are_read_as_their_writer_wrote_them():
    body = b'{"__COMMON__": {"temperature": NaN}, "x.fits": {"focus_z": -Infinity}}'
    (entry,) = parse_index(body, bucket="raw", key=KEY).entries

    assert repr(sorted(entry.entry.items())) == "[('focus_z', -inf), ('temperature', nan)]"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("x.fits", "night/x.fits"),
        ("sub/x.fits", "night/sub/x.fits"),
        ("./x.fits", "night/x.fits"),
        ("../x.fits", "x.fits"),
        ("../other/x.fits", "other/x.fits"),
        ("sub/../x.fits", "night/x.fits"),
        ("a b+c%20α.fits", "night/a b+c%20α.fits"),
        ("s3:x.fits", "night/s3:x.fits"),
        ("x..fits", "night/x..fits"),
        ("C:\\x.fits", "night/C:\\x.fits"),
    ],
)
def test_a_name_is_relative_to_the_indexs_folder(name, target):
    assert targets(name) == [target]


@pytest.mark.parametrize(
    ("key", "target"),
    [
        ("_index.json", "x.fits"),
        ("/_index.json", "/x.fits"),
        ("a//b/_index.json", "a//b/x.fits"),
        ("/a/_index.json", "/a/x.fits"),
        ("a/../b/_index.json", "a/../b/x.fits"),
        ("./_index.json", "./x.fits"),
        ("/data/raws/_index.json", "/data/raws/x.fits"),
    ],
)
def test_the_indexs_own_folder_is_taken_literally(key, target):
    assert targets("x.fits", key=key) == [target]


@pytest.mark.parametrize(
    "name",
    [
        "../../x.fits",
        "../../raw/x.fits",
        "sub/../../../x.fits",
        "/etc/x.fits",
        "/night/x.fits",
        "file:///etc/x.fits",
        "http://169.254.169.254/x.fits",
        "s3://other/x.fits",
        "s3://k:s@raw/x.fits",
        "gs://raw/x.fits",
        "a\x00.fits",
        "\ud800.fits",
        "k" * 1020 + ".fits",
    ],
)
def test_a_name_that_is_no_key_of_the_bucket_is_left_out_and_named(name):
    found = index({"__COMMON__": {}, name: {}, "x.fits": {}})

    assert [entry.target for entry in found.entries] == ["night/x.fits"]
    assert len(found.problems) == 1
    assert "leads out of the bucket" in found.problems[0]
    assert found.problems[0].isprintable()


@pytest.mark.parametrize("key", ["/data/_index.json", "/_index.json"])
def test_a_local_index_names_no_file_above_the_root(key):
    found = index({"__COMMON__": {}, "../../../x.fits": {}}, key)

    assert found.entries == ()


@pytest.mark.parametrize("name", ["x.txt", "x.json", "_index.json", "sub/", "", ".", "..", "../.."])
def test_a_name_that_is_none_of_a_fits_file_is_left_out(name):
    found = index({"__COMMON__": {}, name: {}})

    assert found.entries == ()
    assert len(found.problems) == 1


def test_ten_thousand_files_are_ten_thousand_entries():
    content = {"__COMMON__": {"a": 1}} | {
        f"{number}.fits": {"n": number} for number in range(10_000)
    }

    assert len(index(content).entries) == 10_000


@given(headers, st.dictionaries(names, headers))
def test_headers_are_merged_as_astro_metadata_translator_merges_them(common, own):
    content = {"__CONTENT__": "metadata", "__COMMON__": common, **own}
    expected = process_index_data(content)

    assert entries(content) == {f"night/{name}": header for name, header in expected.items()}


def test_translated_metadata_are_merged_as_astro_metadata_translator_merges_them():
    files = {f"{number}.fits": {"detector_num": number} for number in range(3)}
    common = translated()
    del common["detector_num"], common["_translator"]
    content = {"__CONTENT__": "translated", "__COMMON__": common, **files}
    expected = process_index_data(content, force_dict=True)

    for name, info in expected.items():
        simple = json.loads(json.dumps(info.to_simple()))
        found = entries(content)[f"night/{name}"]
        assert {key: found.get(key) for key in simple if key != "_translator"} == {
            key: value for key, value in simple.items() if key != "_translator"
        }


@pytest.mark.parametrize(
    "content",
    [
        {"x.fits": {}},
        {"__COMMON__": [], "x.fits": {}},
        {"__COMMON__": {}, "x.fits": []},
        {"__CONTENT__": "other", "__COMMON__": {}},
    ],
)
def test_what_astro_metadata_translator_refuses_is_refused(content):
    with pytest.raises(ValueError):
        process_index_data(content)
    with pytest.raises(BadIndexError):
        index(content)


def test_a_missing_content_is_taken_as_astro_metadata_translator_takes_it(caplog):
    content = {
        "__COMMON__": {"OBJECT": "COSMOS"},
        "x.fits": {"observation_id": "a", "instrument": "b"},
    }
    with caplog.at_level(logging.CRITICAL):
        expected = process_index_data(content)

    assert entries(content) == {"night/x.fits": expected["x.fits"]}


@given(st.binary() | st.text().map(str.encode))
def test_arbitrary_bytes_raise_nothing_but_a_bad_index(body):
    with pytest.raises(BadIndexError):
        parse_index(body, bucket="raw", key=KEY)


@given(st.dictionaries(st.text(), headers), st.text())
def test_whatever_names_an_index_has_its_targets_are_keys(files, folder):
    found = index({"__COMMON__": {}} | files, f"{folder}/_index.json" if folder else KEY)

    for entry in found.entries:
        assert 0 < len(entry.target.encode()) <= 1024
        assert "\x00" not in entry.target
    assert len(found.entries) + len(found.problems) == len(
        files.keys() - {"__COMMON__", "__CONTENT__"}
    )
