"""Tables of the registry; what each is for, in docs/architecture.md."""

from __future__ import annotations

from underbutler.registry.schema.columns import BIG, INT, METADATA, TEXT
from underbutler.registry.schema.datasets import (
    DATASET_DIMENSIONS,
    collection,
    collection_chain,
    dataset,
    dataset_file,
    dataset_tag,
    dataset_type,
    dataset_validity,
)
from underbutler.registry.schema.dimensions import (
    day_obs,
    detector,
    exposure,
    exposure_group,
    exposure_observation,
    instrument,
    patch,
    physical_filter,
    skymap,
    subfilter,
    tract,
    visit,
    visit_definition,
    visit_detector_region,
    visit_htm7,
    visit_problem,
    visit_system,
    visit_system_membership,
)
from underbutler.registry.schema.objects import (
    ingest_event,
    metadata_index,
    outbox,
    raw_object,
    registry_attribute,
)

__all__ = [
    "BIG",
    "DATASET_DIMENSIONS",
    "INT",
    "METADATA",
    "SCHEMA_VERSION",
    "TEXT",
    "collection",
    "collection_chain",
    "dataset",
    "dataset_file",
    "dataset_tag",
    "dataset_type",
    "dataset_validity",
    "day_obs",
    "detector",
    "exposure",
    "exposure_group",
    "exposure_observation",
    "ingest_event",
    "instrument",
    "metadata_index",
    "outbox",
    "patch",
    "physical_filter",
    "raw_object",
    "registry_attribute",
    "skymap",
    "subfilter",
    "tract",
    "visit",
    "visit_definition",
    "visit_detector_region",
    "visit_htm7",
    "visit_problem",
    "visit_system",
    "visit_system_membership",
]

SCHEMA_VERSION = (2, 0)
"""Major and minor; a client refuses a registry of another major."""
