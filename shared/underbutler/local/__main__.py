"""The local stack from the command line: ``python -m underbutler.local``, or ``make demo``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from underbutler.errors import UnderbutlerError

__all__ = ["main"]


def main() -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m underbutler.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="run the demo")
    demo.add_argument("--keep", action="store_true", help="leave the stack running")
    up = commands.add_parser("up", help="start the stack")
    up.add_argument("--port", type=int, help="port of the AWS endpoint; a free one by default")
    up.add_argument("--instruments", help="instruments to register; by default all six")
    commands.add_parser("down", help="stop the stack, and delete what it held")
    commands.add_parser("status", help="tell where the stack is")
    arguments = parser.parse_args()
    try:
        _run(arguments)
    except UnderbutlerError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _run(arguments: argparse.Namespace) -> None:
    from underbutler.local.checkout import Checkout
    from underbutler.local.stack import INSTRUMENTS, LocalStack

    checkout = Checkout()
    folder: Path = checkout.build / "stack"
    stack = LocalStack(folder, checkout)
    match arguments.command:
        case "demo":
            from underbutler.local.demo import run_demo

            run_demo(folder, checkout, keep=arguments.keep)
            return
        case "down":
            stack.down()
            print("The stack is down.")
            return
        case "up":
            wanted = arguments.instruments or INSTRUMENTS
            state = stack.up(port=arguments.port, instruments=wanted, tell=print)
        case _:
            state = stack.state
    print(f"AWS endpoint  {state.endpoint_url}\nregistry      {state.database_url}")
    print(f"raw bucket    s3://{state.raw_bucket}\nlog           {stack.logs}")


if __name__ == "__main__":
    main()
