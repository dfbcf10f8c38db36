"""Datasets queried, found and located."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from client_raws import FILES, copy_to_run, data_id, found, path_of, statements_of, write_raw
from factories import raw_ref
from underbutler import Butler, DatasetRefURIs, ObjectUri
from underbutler.butler.raw_ingest import ingest_locations
from underbutler.errors import (
    DataIdError,
    NotFoundError,
    QuerySyntaxError,
    UserError,
)
from underbutler.model.dataset import DatasetFile


def test_datasets_are_found_with_all_that_follows_from_their_data_id(full: Butler):
    ref = full.query_datasets("raw", **data_id())[0]
    assert ref == raw_ref()
    assert ref.implied == {
        "band": "r",
        "physical_filter": "HSC-R",
        "day_obs": 20260301,
        "group": "100000",
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [(100_000, 0), (100_002, 0), (100_004, 0), (100_000, 1)]),
        ({"exposure": 100_000}, [(100_000, 0), (100_000, 1)]),
        ({"data_id": {"exposure": 100_000}, "detector": 1}, [(100_000, 1)]),
        ({"exposure": np.int64(100_002)}, [(100_002, 0)]),
        ({"band": "r", "detector": 1}, [(100_000, 1)]),
        ({"band": "g"}, []),
        ({"visit": 100_004}, [(100_004, 0)]),
        ({"instrument": "LSSTCam"}, []),
        ({"where": "exposure > 100000"}, [(100_002, 0), (100_004, 0)]),
        ({"where": "exposure = number", "bind": {"number": 100_002}}, [(100_002, 0)]),
        ({"order_by": "-exposure", "limit": 2}, [(100_004, 0), (100_002, 0)]),
        ({"order_by": ["exposure", "-detector"], "limit": 2}, [(100_000, 1), (100_000, 0)]),
        ({"limit": 0}, []),
    ],
    ids=str,
)
def test_a_query_answers_what_is_asked_in_order(options, expected, full: Butler):
    assert found(full, **options) == expected


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"exposure": "100000"}, DataIdError, "exposure must be int, not '100000'"),
        ({"exposure": 1.5}, DataIdError, "exposure must be int, not 1.5"),
        ({"exposure": None}, DataIdError, "exposure must be int, not None"),
        ({"exposure": [100_000]}, DataIdError, "exposure must be int"),
        ({"exposure": True}, DataIdError, "exposure must be int, not True"),
        ({"instrument": 3}, DataIdError, "instrument must be str, not 3"),
        ({"beauty": 3}, QuerySyntaxError, "'beauty' means nothing here"),
        ({"where": "beauty = 3"}, QuerySyntaxError, "'beauty' means nothing here"),
        ({"where": "exposure ="}, QuerySyntaxError, "cannot be read"),
        ({"where": "exposure = number"}, QuerySyntaxError, "number"),
        ({"order_by": "beauty"}, QuerySyntaxError, "'beauty' means nothing here"),
        ({"collections": "none"}, NotFoundError, "There is no collection 'none'"),
    ],
    ids=str,
)
def test_a_query_that_makes_no_sense_is_refused_alike_on_all_databases(
    options, error, said, full: Butler
):
    with pytest.raises(error, match=said):
        full.query_datasets("raw", **options)


@pytest.mark.parametrize("method", ["query_datasets", "find_dataset", "get", "getURI", "getURIs"])
def test_an_unknown_dataset_type_is_told_from_the_known_ones(method, full: Butler):
    with pytest.raises(NotFoundError, match=r"no dataset type 'rawr'\. Known: raw") as refused:
        getattr(full, method)("rawr", **data_id())
    assert refused.value.kind == "missing-dataset-type"


def test_of_equal_data_ids_the_first_collection_wins(own: Butler):
    copy_to_run(own, "u/me")
    for order in (["u/me", "HSC/raw/all"], ["HSC/raw/all", "u/me"]):
        (ref,) = own.query_datasets("raw", order, **data_id())
        assert ref.run == order[0]
        assert own.find_dataset("raw", data_id(), collections=order) == ref
    everything = own.query_datasets("raw", find_first=False, **data_id())
    assert {ref.run for ref in everything} == {"u/me", "HSC/raw/all"}


def test_a_butlers_own_collections_are_searched_by_default(own: Butler):
    copy_to_run(own, "u/me")
    location = own.repository.root.key
    with Butler(location, collections="u/me") as narrow:
        assert found(narrow) == [(100_000, 0)]
        assert len(found(narrow, "HSC/raw/all")) == 2


def test_dimension_records_are_found_by_the_same_means(full: Butler):
    (record,) = full.query_dimension_records("exposure", exposure=100_002)
    assert (record["obs_id"], record["day_obs"]) == ("HSCE00100002", 20260301)
    assert record["timespan_end"] - record["timespan_begin"] == 150 * 10**9
    names = [
        record["obs_id"]
        for record in full.query_dimension_records("exposure", order_by="-exposure", limit=2)
    ]
    assert names == ["HSCE00100004", "HSCE00100002"]
    with pytest.raises(DataIdError, match="exposure must be int"):
        full.query_dimension_records("exposure", exposure="100000")


def test_a_dataset_is_found_by_its_data_id_however_it_is_given(full: Butler):
    assert (
        full.find_dataset("raw", data_id())
        == full.find_dataset("raw", **data_id())
        == full.find_dataset("raw", {"instrument": "HSC"}, exposure=100_000, detector=0)
        == full.find_dataset("raw", data_id(np.int32(100_000), np.uint8(0)))
        == raw_ref()
    )


def test_no_dataset_is_none(full: Butler):
    assert full.find_dataset("raw", data_id(detector=9)) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs detector, exposure, instrument"),
        ({"instrument": "HSC", "exposure": 100_000}, "needs detector"),
        ({**data_id(), "exposure": "100000"}, "exposure must be int, not '100000'"),
        ({**data_id(), "detector": False}, "detector must be int, not False"),
        ({**data_id(), "instrument": None}, "instrument must be str, not None"),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["find_dataset", "get", "getURI", "getURIs"])
def test_a_data_id_that_leaves_a_choice_is_refused(method, given, said, full: Butler):
    with pytest.raises(DataIdError, match=said):
        getattr(full, method)("raw", given)


@pytest.mark.parametrize("method", ["get", "getURI", "getURIs"])
def test_a_dataset_that_is_not_there_is_named_by_its_data_id(method, full: Butler):
    with pytest.raises(NotFoundError, match=r"no raw with \{detector: 9, exp") as missed:
        getattr(full, method)("raw", data_id(detector=9))
    assert missed.value.kind == "no-dataset"


@FILES
def test_a_raw_is_one_file_where_it_was_ingested(exposure, full: Butler, raws: Path):
    uri = full.getURI("raw", data_id(exposure))
    assert str(uri) == f"file://{path_of(raws, exposure)}"
    assert full.getURIs("raw", data_id(exposure)) == DatasetRefURIs(uri, {})
    assert full.getURI(raw_ref(exposure)) == uri


def test_where_a_file_is_does_not_depend_on_whether_it_is_there(butler: Butler, tmp_path: Path):
    path = write_raw(tmp_path, 100_006)
    ingest_locations(butler.client, [str(path)])
    path.unlink()
    assert butler.getURI("raw", data_id(100_006)).key == str(path)


def test_what_is_stored_in_components_has_no_single_uri(own: Butler):
    registry = own.client.registry
    with registry.begin() as transaction:
        transaction.datasets.drop_files({str(own.getURI(raw_ref())): ()})
        transaction.datasets.save_files(
            [
                DatasetFile(dataset_id=raw_ref().id, uri=f"s3://b/{name}", component=name)
                for name in ("image", "mask")
            ]
        )
    components = {name: ObjectUri("s3", "b", name) for name in ("image", "mask")}
    assert own.getURIs(raw_ref()) == DatasetRefURIs(None, components)
    with pytest.raises(UserError, match="Use getURIs"):
        own.getURI(raw_ref())
    with pytest.raises(NotFoundError, match="stored in components"):
        own.get(raw_ref())


@pytest.mark.parametrize("method", ["get", "getURI", "getURIs"])
def test_what_is_stored_nowhere_is_told_by_its_name(method, own: Butler):
    copy_to_run(own, "u/me")
    with pytest.raises(NotFoundError, match=r"raw@.*u/me.*stored nowhere") as missed:
        getattr(own, method)("raw", data_id(), collections="u/me")
    assert missed.value.kind == "no-file"


def test_uris_of_many_datasets_are_one_question(full: Butler, raws: Path):
    refs = full.query_datasets("raw")
    with statements_of(full) as sent:
        uris = full.get_many_uris(refs)
    assert len(sent) == 1
    assert {uri.primaryURI.key for uri in uris.values()} == {str(p) for p in raws.iterdir()}


@pytest.mark.parametrize(
    "contradiction", [{"physical_filter": "nope"}, {"day_obs": 19990101}, {"exposure.obs_id": "x"}]
)
def test_a_data_id_that_contradicts_itself_finds_nothing(full: Butler, contradiction):
    values = data_id()
    assert full.find_dataset("raw", values) is not None
    assert full.find_dataset("raw", {**values, **contradiction}) is None


def test_a_data_id_of_an_unknown_dimension_is_refused(full: Butler):
    with pytest.raises(UserError, match="zork"):
        full.find_dataset("raw", data_id(), zork=1)


def test_a_negative_limit_is_a_caution(full: Butler):
    everything = full.query_datasets("raw")
    assert full.query_datasets("raw", limit=-len(everything)) == everything
    with pytest.warns(UserWarning, match="more than 1"):
        assert full.query_datasets("raw", limit=-1) == everything[:1]
    with pytest.warns(UserWarning, match="more than 1"):
        assert len(full.query_dimension_records("exposure", limit=-1)) == 1


@pytest.mark.parametrize("limit", [2**70, -(2**70), "3", 1.5, True])
def test_a_limit_that_is_no_number_of_results_is_refused(full: Butler, limit):
    with pytest.raises(UserError, match="limit"):
        full.query_datasets("raw", limit=limit)


def test_none_is_no_condition_and_no_order(full: Butler):
    assert full.query_datasets("raw", where=None, order_by=None) == full.query_datasets("raw")
