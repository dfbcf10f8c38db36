from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from factories import NOW, raw_object, raw_ref
from interleaving import together
from registry_dump import count, nothing_written
from underbutler.errors import ConflictError, NotFoundError, RefusedByRegistryError
from underbutler.model.collection import Collection, CollectionType
from underbutler.model.dataset import RAW, DatasetFile, DatasetRef, DatasetType
from underbutler.registry import schema
from underbutler.registry.registry import Registry

RUN, TAGGED, CHAINED, CALIBRATION = CollectionType
BIAS = DatasetType.from_names("bias", ["instrument", "detector"], "ExposureF", is_calibration=True)


def insert(registry: Registry, *refs: DatasetRef) -> None:
    with registry.begin() as transaction:
        datasets = transaction.datasets
        kind = datasets.register_dataset_type(RAW)
        for ref in refs:
            run = datasets.register_collection(ref.run)
            datasets.insert([ref], dataset_type=kind, run=run, now=NOW)


def file_of(ref: DatasetRef, **overrides: Any) -> DatasetFile:
    fields = {"dataset_id": ref.id, "uri": f"s3://raw/{ref.id}.fits", "formatter": "fits-raw"}
    return DatasetFile(**(fields | overrides))


def save_files(registry: Registry, *files: DatasetFile) -> None:
    with registry.begin() as transaction:
        transaction.datasets.save_files(files)


def files(registry: Registry, *refs: DatasetRef) -> dict[UUID, list[DatasetFile]]:
    with registry.read() as transaction:
        return transaction.datasets.files([ref.id for ref in refs])


def collections(registry: Registry) -> list[Collection]:
    with registry.read() as transaction:
        return transaction.datasets.collections()


def flatten(registry: Registry, *names: str) -> list[str]:
    with registry.read() as transaction:
        return transaction.datasets.flatten(names)


def make_collections(registry: Registry, chains: Mapping[str, Sequence[str]], *runs: str) -> None:
    """Make runs, and chains of what is there before them."""
    with registry.begin() as transaction:
        numbers = {name: transaction.datasets.register_collection(name) for name in runs}
        for name, children in chains.items():
            numbers[name] = transaction.datasets.register_collection(name, CHAINED)
            for position, child in enumerate(children):
                transaction.connection.execute(
                    sa.insert(schema.collection_chain).values(
                        parent=numbers[name], position=position, child=numbers[child]
                    )
                )


def test_dataset_types_are_read_back_as_they_were_registered(registry: Registry):
    with registry.begin() as transaction:
        for kind in (RAW, BIAS):
            transaction.datasets.register_dataset_type(kind)
        assert transaction.datasets.dataset_types() == [BIAS, RAW]


def test_a_dataset_type_registered_again_keeps_its_number_and_changes_no_row(registry: Registry):
    with registry.begin() as transaction:
        number = transaction.datasets.register_dataset_type(RAW)
    with nothing_written(registry), registry.begin() as transaction:
        assert transaction.datasets.register_dataset_type(RAW) == number


@pytest.mark.parametrize(
    "change",
    [
        {"dimensions": frozenset({"instrument"})},
        {"storage_class": "Catalog"},
        {"is_calibration": True},
    ],
)
def test_a_name_stands_for_one_dataset_type_only(registry: Registry, change: dict[str, Any]):
    with registry.begin() as transaction:
        transaction.datasets.register_dataset_type(RAW)
        with pytest.raises(ConflictError, match="'raw'"):
            transaction.datasets.register_dataset_type(replace(RAW, **change))


def test_a_collection_registered_again_keeps_its_number_and_changes_no_row(registry: Registry):
    with registry.begin() as transaction:
        number = transaction.datasets.register_collection("HSC/raw/all")
    with nothing_written(registry), registry.begin() as transaction:
        assert transaction.datasets.register_collection("HSC/raw/all") == number


def test_a_name_stands_for_one_collection_only(registry: Registry):
    with registry.begin() as transaction:
        transaction.datasets.register_collection("c", TAGGED)
        with pytest.raises(ConflictError, match="'c' is a TAGGED, not a RUN"):
            transaction.datasets.register_collection("c")


def test_collections_of_all_types_are_listed_by_name_with_the_children_of_chains_in_order(
    registry: Registry,
):
    make_collections(registry, {"chain": ["b", "a"]}, "a", "b")
    with registry.begin() as transaction:
        transaction.datasets.register_collection("Z", CALIBRATION, "it's documented: %s")
    assert collections(registry) == [
        Collection(name="Z", type=CALIBRATION, doc="it's documented: %s"),
        Collection(name="a", type=RUN),
        Collection(name="b", type=RUN),
        Collection(name="chain", type=CHAINED, children=("b", "a")),
    ]


def test_names_registered_by_several_at_once_have_one_number(postgres_registry: Registry):
    def register() -> tuple[int, int]:
        with postgres_registry.begin() as transaction:
            datasets = transaction.datasets
            return datasets.register_dataset_type(RAW), datasets.register_collection("run")

    assert len(set(together([register] * 8))) == 1


def test_chains_are_searched_depth_first_in_place(registry: Registry):
    make_collections(registry, {"in": ["b", "c"], "out": ["a", "in", "d"]}, *"abcd")
    assert flatten(registry, "out") == ["a", "b", "c", "d"]


def test_a_collection_is_searched_once_where_it_comes_first(registry: Registry):
    make_collections(registry, {"in": ["b", "a"], "out": ["in", "b"]}, *"abc")
    assert flatten(registry, "c", "out", "a", "c") == ["c", "b", "a"]


def test_an_empty_chain_is_nothing_to_search(registry: Registry):
    make_collections(registry, {"empty": []}, "a")
    assert flatten(registry, "empty", "a") == ["a"]


@pytest.mark.parametrize("names", [("missing",), ("a", "missing")])
def test_a_collection_that_is_missing_is_named(registry: Registry, names: tuple[str, ...]):
    make_collections(registry, {}, "a")
    with pytest.raises(NotFoundError, match="'missing'") as caught:
        flatten(registry, *names)
    assert caught.value.kind == "missing-collection"


def test_a_dataset_is_written_with_its_data_id(registry: Registry):
    ref = raw_ref(2**62, 111)
    insert(registry, ref)
    with registry.read() as transaction:
        (row,) = transaction.connection.execute(sa.select(schema.dataset)).mappings()
    assert {name: row[name] for name in ("id", *schema.DATASET_DIMENSIONS) if row[name]} == {
        "id": ref.id,
        **ref.data_id,
    }


def test_datasets_inserted_again_change_no_row(registry: Registry):
    refs = [raw_ref(detector=number) for number in range(3)]
    insert(registry, *refs)
    with nothing_written(registry):
        insert(registry, *reversed(refs))


def test_when_a_dataset_was_ingested_is_kept(registry: Registry):
    insert(registry, raw_ref())
    with nothing_written(registry), registry.begin() as transaction:
        transaction.datasets.insert([raw_ref()], dataset_type=1, run=1, now=NOW + timedelta(days=1))


def test_one_data_id_may_be_in_several_runs(registry: Registry):
    insert(registry, raw_ref(run="a"), raw_ref(run="b"))
    assert count(registry, schema.dataset) == 2


def test_a_run_holds_one_dataset_of_a_type_and_data_id_only(registry: Registry):
    insert(registry, raw_ref())
    with pytest.raises(RefusedByRegistryError):
        insert(registry, replace(raw_ref(), id=UUID(int=1)))


def test_a_file_is_read_back_as_it_was_written(registry: Registry):
    ref = raw_ref()
    insert(registry, ref)
    with registry.begin() as transaction:
        (number,) = transaction.objects.save([raw_object()], NOW).values()
    written = file_of(
        ref,
        uri="s3://raw/ä 'q' %23.fits",
        hdu=2**31 - 1,
        size_bytes=2**50,
        etag="e",
        version_id="v",
        checksum="c",
        raw_object_id=number,
    )
    save_files(registry, written)
    assert files(registry, ref) == {ref.id: [written]}


def test_components_of_a_dataset_are_files_of_their_own(registry: Registry):
    ref = raw_ref()
    insert(registry, ref)
    parts = [file_of(ref, component=name) for name in ("wcs", "image")]
    save_files(registry, *parts)
    assert files(registry, ref) == {ref.id: parts[::-1]}


def test_a_file_takes_the_place_of_the_one_before(registry: Registry):
    ref = raw_ref()
    insert(registry, ref)
    save_files(registry, file_of(ref, etag="older"))
    save_files(registry, file_of(ref, uri="s3://raw/other.fits"))
    assert files(registry, ref) == {ref.id: [file_of(ref, uri="s3://raw/other.fits")]}


def test_files_saved_again_change_no_row(registry: Registry):
    refs = [raw_ref(detector=number) for number in range(3)]
    insert(registry, *refs)
    save_files(registry, *map(file_of, refs))
    with nothing_written(registry):
        save_files(registry, *map(file_of, reversed(refs)))


def test_a_file_of_no_dataset_is_refused(registry: Registry):
    with pytest.raises(RefusedByRegistryError):
        save_files(registry, file_of(raw_ref()))


def test_datasets_that_are_no_longer_where_they_were_stay_without_a_file(registry: Registry):
    refs = [raw_ref(detector=number) for number in range(4)]
    insert(registry, *refs)
    save_files(registry, *(file_of(ref, uri="s3://raw/f.fits") for ref in refs[:3]))
    save_files(registry, file_of(refs[3]))
    with registry.begin() as transaction:
        transaction.datasets.drop_files(
            {"s3://raw/f.fits": {refs[1].id, refs[3].id}, "s3://raw/none.fits": set()}
        )
    assert set(files(registry, *refs)) == {refs[1].id, refs[3].id}
    assert count(registry, schema.dataset) == 4


def test_no_files_to_save_find_or_drop_are_no_error(registry: Registry):
    with nothing_written(registry), registry.begin() as transaction:
        transaction.datasets.save_files([])
        transaction.datasets.drop_files({})
        assert (transaction.datasets.files([]), transaction.datasets.stored_at([])) == ({}, [])


def test_datasets_are_found_by_the_uri_of_their_file(registry: Registry):
    refs = [raw_ref(detector=number) for number in range(3)]
    insert(registry, *refs)
    stored = [file_of(ref, uri=f"s3://raw/ä '{ref.data_id['detector']}' %.fits") for ref in refs]
    save_files(registry, *stored)
    with registry.read() as transaction:
        found = transaction.datasets.stored_at([stored[2].uri, stored[0].uri, "s3://raw/none"])
    assert found == [(refs[0], stored[0]), (refs[2], stored[2])]


def test_deleting_a_dataset_takes_its_file_along(registry: Registry):
    insert(registry, raw_ref())
    save_files(registry, file_of(raw_ref()))
    with registry.begin() as transaction:
        transaction.connection.execute(sa.delete(schema.dataset))
    assert count(registry, schema.dataset_file) == 0
