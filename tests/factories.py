"""Things that tests are about, with sensible defaults."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from underbutler.events.object_event import EventKind, ObjectEvent
from underbutler.local.night import HscExposure, hsc_header, make_fits
from underbutler.model.data_id import DataId
from underbutler.model.dataset import RAW, DatasetRef
from underbutler.model.dataset_id import dataset_uuid
from underbutler.model.dimension_records import (
    DayObsRecord,
    ExposureRecord,
    GroupRecord,
    PhysicalFilterRecord,
    VisitRecord,
)
from underbutler.model.instrument import Camera, CameraDetector, Grouper, Instrument
from underbutler.model.metadata_entry import ContentMode, MetadataEntry
from underbutler.model.object_info import ObjectInfo
from underbutler.model.observation import ExposureMetadata, MetadataSource
from underbutler.model.raw_object import ObjectState, RawObject, classify_key
from underbutler.model.timespan import NS_PER_S, Timespan
from underbutler.model.visit import Visit

# 2026-03-01T05:00:37 TAI.
BEGIN_NS = 1_772_341_237 * NS_PER_S


def exposure_record(**overrides: Any) -> ExposureRecord:
    """An HSC exposure on the sky."""
    number = overrides.get("id", 100_000)
    fields: dict[str, Any] = {
        "instrument": "HSC",
        "id": number,
        "obs_id": f"HSCE{number:08d}",
        "physical_filter": "HSC-R",
        "group": str(number),
        "day_obs": 20260301,
        "timespan": Timespan(BEGIN_NS, BEGIN_NS + 150 * NS_PER_S),
        "exposure_time": 150.0,
        "dark_time": 150.0,
        "observation_type": "science",
        "observation_reason": "science",
        "seq_num": number,
        "seq_start": number,
        "seq_end": number,
        "target_name": "COSMOS",
        "science_program": "o26001",
        "tracking_ra": 150.1,
        "tracking_dec": 2.2,
        "sky_angle": 270.0,
        "azimuth": 115.5,
        "zenith_angle": 37.3,
        "has_simulated": False,
        "can_see_sky": True,
    }
    return ExposureRecord(**(fields | overrides))


def translated(**overrides: Any) -> dict[str, Any]:
    """Translated metadata of one HSC detector, in the JSON encoding of ``ObservationInfo``."""
    number = overrides.get("exposure_id", 100_000)
    fields: dict[str, Any] = {
        "_translator": "HSC",
        "telescope": "Subaru",
        "instrument": "HSC",
        "exposure_id": number,
        "visit_id": number,
        "observation_id": f"HSCE{number:08d}",
        "observation_type": "science",
        "observation_reason": "science",
        "exposure_group": str(number),
        "physical_filter": "HSC-R",
        "datetime_begin": [2461101.0, -0.29123842592592586],
        "datetime_end": [2461101.0, -0.2895023148148147],
        "exposure_time": 150.0,
        "exposure_time_requested": 150.0,
        "dark_time": 150.0,
        "observing_day": 20260301,
        "observing_day_offset": 0,
        "observation_counter": number,
        "group_counter_start": number,
        "group_counter_end": number,
        "object": "COSMOS",
        "science_program": "o26001",
        "tracking_radec": [150.1, 2.2],
        "boresight_rotation_angle": 270.0,
        "boresight_rotation_coord": "sky",
        "altaz_begin": [115.5, 52.7],
        "has_simulated_content": False,
        "can_see_sky": True,
        "detector_num": 0,
        "detector_name": "53",
        "detector_unique_name": "1_53",
        "detector_group": "1",
    }
    merged = fields | overrides
    return {name: value for name, value in merged.items() if value is not None}


def hsc_exposure(number: int = 100_000, **overrides: Any) -> HscExposure:
    """An exposure to make files of."""
    fields: dict[str, Any] = {
        "id": number,
        "begin_utc": datetime(2026, 3, 1, 5, 0),  # noqa: DTZ001 - as headers write it
        "target": "COSMOS",
        "ra": "10:00:24.000",
        "dec": "+02:12:00.00",
    }
    return HscExposure(**(fields | overrides))


def hsc_fits(number: int = 100_000, detector: int = 0, **cards: Any) -> bytes:
    """A FITS file of one CCD, its header changed as wanted."""
    return make_fits(hsc_header(hsc_exposure(number), detector) | cards)


def created(info: ObjectInfo, *, sequencer: str | None = None, **overrides: Any) -> ObjectEvent:
    """The event of an object that was written."""
    fields: dict[str, Any] = {
        "bucket": info.bucket,
        "key": info.key,
        "kind": EventKind.CREATED,
        "name": "ObjectCreated:Put",
        "etag": info.etag,
        "size_bytes": info.size_bytes,
        "sequencer": sequencer,
        "time": datetime(2026, 3, 1, 5, 3, tzinfo=UTC),
    }
    return ObjectEvent(**(fields | overrides))


def removed(bucket: str, key: str, *, sequencer: str | None = None) -> ObjectEvent:
    """The event of an object that was removed."""
    return ObjectEvent(
        bucket=bucket,
        key=key,
        kind=EventKind.REMOVED,
        name="ObjectRemoved:Delete",
        sequencer=sequencer,
    )


def s3_record(key: str, **overrides: Any) -> dict[str, Any]:
    """A record as AWS sends it; the key is given literally and encoded here."""
    described: dict[str, Any] = {
        "key": quote_plus(key, safe="/"),
        "size": 1024,
        "eTag": "437b930db84b8079c2dd804a71936b5f",
        "sequencer": "0055AED6DCD90281E5",
    }
    described |= overrides.pop("object", {})
    record: dict[str, Any] = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-03-01T05:03:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:camera"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "raws",
            "bucket": {
                "name": overrides.pop("bucket", "raw"),
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::raw",
            },
            "object": described,
        },
    }
    return record | overrides


def s3_message(*records: dict[str, Any]) -> str:
    """The body of a message that carries records."""
    return json.dumps({"Records": list(records)})


def sqs_event(*bodies: str) -> dict[str, Any]:
    """What Lambda's event source mapping hands to a function."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1772341380000"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:raw-events",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


# When tests do what they do, unless they say otherwise.
NOW = datetime(2026, 3, 1, 5, 4, tzinfo=UTC)


def instrument(name: str = "HSC", *, detectors: int = 4, **overrides: Any) -> Instrument:
    """A camera of a few detectors in a row."""
    corners = ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.0, 0.1))
    fields: dict[str, Any] = {
        "name": name,
        "class_name": f"test.{name}",
        "visit_max": 10**9,
        "exposure_max": 10**9,
        "detector_max": 200,
        "visit_system": 0,
        "grouper": Grouper.ONE_TO_ONE,
        "camera": Camera(
            detectors=tuple(
                CameraDetector(
                    id=number,
                    full_name=f"1_{number:02d}",
                    raft="1",
                    name_in_raft=f"{number:02d}",
                    purpose="SCIENCE",
                    nx=2048,
                    ny=4176,
                    field_angle_corners_deg=tuple((x + 0.1 * number, y) for x, y in corners),
                )
                for number in range(detectors)
            ),
            focal_plane_x_flipped=False,
        ),
        "bands": {"HSC-G": "g", "HSC-R": "r"},
    }
    return Instrument(**(fields | overrides))


def exposure_metadata(
    source: MetadataSource = MetadataSource.HEADER,
    detector: int = 0,
    uri: str = "s3://raw/f.fits",
    **overrides: Any,
) -> ExposureMetadata:
    """An exposure as a file gives it."""
    record = exposure_record(**overrides)
    return ExposureMetadata(record=record, source=source, detector=detector, uri=uri)


def save_exposures(transaction: Any, *exposures: ExposureMetadata | ExposureRecord) -> None:
    """Write exposures into a registry, after what they refer to."""
    dimensions = transaction.dimensions
    known = {item.name for item in dimensions.instruments()}
    all_of_them = [
        item
        if isinstance(item, ExposureMetadata)
        else ExposureMetadata(
            record=item, source=MetadataSource.HEADER, detector=0, uri="s3://raw/f.fits"
        )
        for item in exposures
    ]
    for record in (item.record for item in all_of_them):
        if record.instrument not in known:
            dimensions.register_instrument(instrument(record.instrument))
            known.add(record.instrument)
        dimensions.add_physical_filters(
            [
                PhysicalFilterRecord(
                    instrument=record.instrument, name=record.physical_filter, band="unknown"
                )
            ]
        )
        dimensions.add_groups([GroupRecord(instrument=record.instrument, name=record.group)])
        dimensions.add_days(
            [DayObsRecord(instrument=record.instrument, id=record.day_obs, timespan=None)]
        )
    dimensions.save_exposures(all_of_them, replace=True)


def raw_object(key: str = "night/f.fits", **overrides: Any) -> RawObject:
    """An object that was seen and registered."""
    fields: dict[str, Any] = {
        "bucket": "raw",
        "key": key,
        "kind": classify_key(key),
        "state": ObjectState.REGISTERED,
        "size_bytes": 8640,
        "etag": "437b930db84b8079c2dd804a71936b5f",
        "attempts": 1,
    }
    return RawObject(**(fields | overrides))


def metadata_entry(target: str, source_key: str, **overrides: Any) -> MetadataEntry:
    """What an index says of a file."""
    fields: dict[str, Any] = {
        "bucket": "raw",
        "target": target,
        "source_key": source_key,
        "source": MetadataSource.INDEX,
        "content": ContentMode.TRANSLATED,
        "source_etag": "etag-of-the-index",
        "entry": {"instrument": "HSC"},
    }
    return MetadataEntry(**(fields | overrides))


def raw_ref(exposure: int = 100_000, detector: int = 0, run: str = "HSC/raw/all") -> DatasetRef:
    """A raw of HSC."""
    data_id = DataId({"instrument": "HSC", "exposure": exposure, "detector": detector})
    number = dataset_uuid("raw", run, data_id)
    return DatasetRef(id=number, dataset_type=RAW, data_id=data_id, run=run)


def visit(number: int = 100_000, *exposures: int, **overrides: Any) -> Visit:
    """A visit of exposures, of the one with its own number by default."""
    fields: dict[str, Any] = {
        "record": VisitRecord(
            instrument="HSC",
            id=number,
            name=f"HSCE{number:08d}",
            day_obs=20260301,
            physical_filter="HSC-R",
            seq_num=number,
            timespan=Timespan(BEGIN_NS, BEGIN_NS + 150 * NS_PER_S),
            exposure_time=150.0,
            target_name="COSMOS",
            observation_reason="science",
            science_program="o26001",
            azimuth=115.5,
            zenith_angle=37.3,
            region=b"region",
        ),
        "systems": (0,),
        "exposures": exposures or (number,),
        "detector_regions": {0: b"region of 0", 1: b"region of 1"},
        "htm7": (131_072, 131_073),
    }
    return Visit(**(fields | overrides))
