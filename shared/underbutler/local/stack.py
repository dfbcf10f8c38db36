"""The local stack: PostgreSQL, an AWS emulator, and the real template deployed to it."""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from underbutler.errors import NotFoundError
from underbutler.local.background import Background
from underbutler.local.checkout import Checkout
from underbutler.local.deployment import Deployment, deploy
from underbutler.local.endpoint import Endpoint
from underbutler.local.postgres import PostgresServer, free_port

__all__ = ["INSTRUMENTS", "LocalStack", "StackState", "start_emulator"]

INSTRUMENTS = "DECam,HSC,LATISS,LSSTCam,LSSTComCam,MegaPrime"
"""Those whose raws it takes unless told otherwise."""

_EMULATOR_PATIENCE_S = 60
_STATE = "stack.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack that runs."""

    endpoint_url: str
    database_url: str
    raw_bucket: str
    outputs: Mapping[str, str]
    """Outputs of the template."""

    @property
    def endpoint(self) -> Endpoint:
        """Its AWS endpoint."""
        return Endpoint(url=self.endpoint_url)


class LocalStack:
    """A stack in a folder.

    Parameters
    ----------
    folder
        Where its state, logs and PIDs are.
    checkout
        What it is made from.
    """

    def __init__(self, folder: Path, checkout: Checkout) -> None:
        self._folder = folder
        self._checkout = checkout
        self._emulator = Background(folder, "emulator")

    @property
    def logs(self) -> Path:
        """Log of the emulator, and of the functions it runs."""
        return self._emulator.log

    @property
    def state(self) -> StackState:
        """The running stack.

        Raises
        ------
        NotFoundError
            None runs.
        """
        try:
            stored = json.loads((self._folder / _STATE).read_text())
        except FileNotFoundError as error:
            raise NotFoundError("No local stack runs.", hint="Start one: make up.") from error
        if self._emulator.process is None or not self._postgres(stored["database_url"]).is_running:
            raise NotFoundError(
                "The local stack has died.", hint=f"See {self.logs}; then make down, make up."
            )
        return StackState(**stored)

    def up(
        self,
        *,
        instruments: str = INSTRUMENTS,
        raw_bucket: str = "raw",
        port: int | None = None,
        postgres_settings: tuple[str, ...] = (),
        buckets: Mapping[str, str] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> StackState:
        """Start everything and deploy the template.

        Parameters
        ----------
        instruments, raw_bucket
            Parameters of the template.
        port
            Port of the AWS endpoint on 127.0.0.1; a free one by default.
        postgres_settings
            Further settings of the database server.
        buckets
            Parameter of the template that names a bucket, such as ``IndexBucketName`` → the
            bucket, which is made.
        tell
            Told of every step.

        Raises
        ------
        ConfigurationError
            A piece is missing, a port is taken, or a resource could not be made.
        """
        self.down()
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            tell("PostgreSQL")
            postgres = self._start_postgres(postgres_settings)
            tell("AWS emulator")
            endpoint = start_emulator(
                self._emulator, self._folder / "emulator", self._checkout, port or free_port()
            )
            tell("template.yaml")
            for bucket in (buckets or {}).values():
                endpoint.client("s3").create_bucket(Bucket=bucket)
            parameters = {
                "RawBucketName": raw_bucket,
                "Instruments": instruments,
                # More would only take the cores from each other at their start.
                "IngestConcurrency": "2",
                "VisitConcurrency": "2",
                **(buckets or {}),
            }
            state = self._deploy(endpoint, postgres.url(), parameters)
        except BaseException:
            self.down()
            raise
        (self._folder / _STATE).write_text(json.dumps(asdict(state), indent=1))
        return state

    def down(self) -> None:
        """Stop everything, and delete what it held; the logs stay."""
        self._emulator.stop()
        state = self._folder / _STATE
        marker = self._folder / "postgres"
        if marker.exists():
            PostgresServer(Path(marker.read_text()), 0).remove()
            marker.unlink()
        state.unlink(missing_ok=True)
        shutil.rmtree(self._folder / "emulator", ignore_errors=True)

    def _start_postgres(self, settings: tuple[str, ...]) -> PostgresServer:
        folder = PostgresServer.reachable_folder(f"stack-{os.getpid()}")
        server = PostgresServer(
            folder,
            free_port(),
            # So that the time from an object to its commit can be measured from outside.
            ("track_commit_timestamp=on", "max_connections=40", *settings),
        )
        (self._folder / "postgres").write_text(str(folder))
        server.start()
        return server

    def _postgres(self, url: str) -> PostgresServer:
        marker = self._folder / "postgres"
        folder = Path(marker.read_text()) if marker.exists() else self._folder
        return PostgresServer(folder, int(url.rpartition(":")[2].partition("/")[0]))

    def _deploy(
        self, endpoint: Endpoint, database_url: str, parameters: Mapping[str, str]
    ) -> StackState:
        secrets = endpoint.client("secretsmanager")
        secret = secrets.create_secret(Name="underbutler/registry", SecretString=database_url)
        outputs = deploy(
            Deployment(
                template=self._checkout.template,
                layer=self._checkout.layer,
                endpoint=endpoint,
                parameters={**parameters, "RegistrySecretArn": secret["ARN"]},
            )
        )
        return StackState(
            endpoint_url=endpoint.url,
            database_url=database_url,
            raw_bucket=parameters["RawBucketName"],
            outputs=outputs,
        )


def start_emulator(process: Background, state: Path, checkout: Checkout, port: int) -> Endpoint:
    """Start an AWS emulator on a port of 127.0.0.1, with nothing deployed to it.

    Parameters
    ----------
    process
        What it becomes.
    state
        Folder for its files.
    checkout
        Where its environment, and that of the functions, are.
    port
        TCP port.

    Raises
    ------
    ConfigurationError
        A piece is missing, the port is taken, or it does not start.
    """
    endpoint = Endpoint(url=f"http://127.0.0.1:{port}")
    state.mkdir(parents=True, exist_ok=True)
    passed_on = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    process.start(
        [str(checkout.emulator_python), "-m", "lambda_subprocess"],
        {
            **passed_on,
            "EMULATOR_LISTEN": f"127.0.0.1:{port}",
            "EMULATOR_STATE": str(state),
            "EMULATOR_LAMBDA_PYTHON": str(checkout.lambda_python),
        },
        lambda: _answers(endpoint.url),
        _EMULATOR_PATIENCE_S,
    )
    return endpoint


def _answers(url: str) -> bool:
    """Tell whether the endpoint speaks AWS: whatever it answers to an unsigned request."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
