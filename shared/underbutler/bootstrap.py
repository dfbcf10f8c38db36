"""The only place that builds adapters: once per cold start, or once per client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import URL

from underbutler.errors import ConfigurationError, TransientError
from underbutler.ingest.ingest_raws import IngestRaws
from underbutler.ingest.metadata_reader import MetadataReader
from underbutler.ingest.read_pool import ReadPool
from underbutler.ingest.stored_corrections import StoredCorrections
from underbutler.model.strict_json import load_json
from underbutler.model.uri import ObjectUri
from underbutler.queues.none import NoQueues
from underbutler.queues.sqs import SqsQueues
from underbutler.registry.engine import connect_registry, registry_url
from underbutler.registry.registry import Registry
from underbutler.settings import AwsSettings, FunctionSettings
from underbutler.store.routed import RoutedStore

if TYPE_CHECKING:
    from underbutler.ingest.ports import HeaderTranslator

__all__ = [
    "Client",
    "Functions",
    "build_client",
    "build_functions",
    "make_store",
    "make_translator",
]


def make_translator(corrections: StoredCorrections | None = None) -> HeaderTranslator:
    """Make the translator of headers, importing what it takes."""
    from underbutler.metadata.translate import HeaderTranslator as Translator

    return Translator(corrections)


def make_store() -> RoutedStore:
    """Make the store of local files and of the S3 that the environment names."""
    return RoutedStore(AwsSettings.from_environment())


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What the client library works with."""

    registry: Registry
    store: RoutedStore
    corrections: StoredCorrections | None = None
    """Where curators keep corrections of headers."""

    def ingest_raws(self) -> IngestRaws:
        """Make the use case that a listing feeds."""
        return IngestRaws(
            registry=self.registry,
            store=self.store,
            make_translator=self.make_translator,
            sender=NoQueues(),
        )

    def metadata_reader(self) -> MetadataReader:
        """Make the reader of files' metadata."""
        return MetadataReader(self.store, self.make_translator, ReadPool())

    def make_translator(self) -> HeaderTranslator:
        """Make the translator of headers."""
        return make_translator(self.corrections)


def build_client(database: str | URL, corrections: ObjectUri | None = None) -> Client:
    """Build what a client works with.

    Parameters
    ----------
    database
        URL of the registry's database.
    corrections
        Folder or prefix of header corrections.

    Raises
    ------
    ConfigurationError
        The database is none that a registry runs on, or holds no registry of ours.
    """
    registry = Registry(connect_registry(database, pool_size=4))
    registry.check_version()
    store = make_store()
    return Client(
        registry=registry,
        store=store,
        corrections=StoredCorrections(store, corrections) if corrections else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """What the Lambda functions work with."""

    settings: FunctionSettings
    registry: Registry
    store: RoutedStore
    queues: SqsQueues

    def ingest_raws(self) -> IngestRaws:
        """Make the use case that the queue of raw events feeds."""
        return IngestRaws(
            registry=self.registry,
            store=self.store,
            make_translator=self._make_translator,
            sender=self.queues,
            buckets=self.settings.raw_buckets,
            announces_folders=self.settings.index_bucket is not None,
        )

    def _make_translator(self) -> HeaderTranslator:
        place = self.settings.corrections
        return make_translator(StoredCorrections(self.store, place) if place else None)


def build_functions(*, check_version: bool = True) -> Functions:
    """Build what the functions work with, from the environment that the template sets.

    Parameters
    ----------
    check_version
        Whether to refuse a registry of another schema; not for the function that migrates it.

    Raises
    ------
    ConfigurationError
        A setting is missing or wrong.
    """
    settings = FunctionSettings.from_environment()
    aws = AwsSettings.from_environment()
    registry = Registry(connect_registry(_database_url(settings.registry_secret_arn, aws)))
    if check_version:
        registry.check_version()
    return Functions(
        settings=settings,
        registry=registry,
        store=RoutedStore(aws),
        queues=SqsQueues(settings.queue_urls, aws),
    )


def _database_url(secret_arn: str, aws: AwsSettings) -> URL:
    """Fetch the registry's database URL: the secret itself, or a JSON object as RDS writes it."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client: Any = boto3.client(
        "secretsmanager", region_name=aws.region, endpoint_url=aws.endpoint_url
    )
    try:
        secret: str = client.get_secret_value(SecretId=secret_arn)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise TransientError(f"The registry's secret cannot be fetched: {error}") from error
    if not secret.lstrip().startswith("{"):
        return registry_url(secret.strip())
    try:
        fields = load_json(secret)
        return URL.create(
            "postgresql+psycopg2",
            username=fields["username"],
            password=fields["password"],
            host=fields["host"],
            port=int(fields.get("port", 5432)),
            database=fields.get("dbname", "underbutler"),
            query={"sslmode": "require"},
        )
    except (ValueError, KeyError) as error:
        # Not the secret itself: it must not get into a log.
        raise ConfigurationError(
            f"The secret {secret_arn} is neither a database URL nor RDS's JSON object."
        ) from error
