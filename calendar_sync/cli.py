"""The command line, `calendar-sync`: serve, worker, migrate, users, keys, secrets, schema, sandbox.

Exit status 0 on success, 2 on wrong usage, 1 otherwise, with one line on standard error that says what to do.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import NoReturn

import uvloop
from pydantic import ValidationError

from calendar_sync.domain.errors import CalendarSyncError
from calendar_sync.settings import Settings

Command = Callable[[argparse.Namespace, Settings], Coroutine[None, None, None]]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script."""
    options = _parser().parse_args(arguments)
    sys.exit(_run(options))


def _run(options: argparse.Namespace) -> int:
    command: Command = options.command
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(command(options, Settings()))
    except CalendarSyncError as error:
        return _complain(error.message)
    except ValidationError as error:
        return _complain(_first_fault(error))
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _complain(message: str) -> int:
    print(f"calendar-sync: {message}", file=sys.stderr)
    return 1


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_input=False, include_url=False)[0]
    name = "_".join(str(part) for part in fault["loc"][:1]).upper()
    return f"CALENDAR_SYNC_{name}: {fault['msg'].removeprefix('Value error, ')}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="calendar-sync", description="Keeps every calendar in one event store.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the API server")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_port, default=8000)
    serve.add_argument("--no-worker", action="store_true", help="leave background work to `worker` processes")
    serve.set_defaults(command=_serve)

    worker = commands.add_parser("worker", help="do background work only, beside any number of others")
    worker.set_defaults(command=_worker)

    migrate = commands.add_parser("migrate", help="bring the store to the current version")
    migrate.add_argument(
        "--application-role", metavar="NAME", help="let this role of PostgreSQL do what a running server does"
    )
    migrate.set_defaults(command=_migrate)

    users = commands.add_parser("users", help="manage users").add_subparsers(required=True, metavar="ACTION")
    create_user = users.add_parser("create", help="add a user and print it as JSON")
    create_user.add_argument("email", metavar="EMAIL")
    create_user.add_argument("--organization", metavar="NAME")
    create_user.add_argument("--admin", action="store_true")
    create_user.set_defaults(command=_create_user)

    keys = commands.add_parser("keys", help="manage API keys").add_subparsers(required=True, metavar="ACTION")
    create_key = keys.add_parser("create", help="make a key for a user and print it, this once, as JSON")
    create_key.add_argument("email", metavar="EMAIL")
    create_key.add_argument("--name", default="default")
    create_key.add_argument("--expires-in-days", type=_days, metavar="N")
    create_key.set_defaults(command=_create_key)
    revoke_key = keys.add_parser("revoke", help="end a key")
    revoke_key.add_argument("email", metavar="EMAIL")
    revoke_key.add_argument("id", metavar="ID")
    revoke_key.set_defaults(command=_revoke_key)

    secrets = commands.add_parser("secrets", help="manage stored secrets").add_subparsers(
        required=True, metavar="ACTION"
    )
    rotate = secrets.add_parser(
        "rotate", help="encrypt all stored secrets under the first key; safe to stop and repeat"
    )
    rotate.set_defaults(command=_rotate_secrets)

    schema = commands.add_parser("schema", help="print the GraphQL schema")
    schema.set_defaults(command=_schema)

    sandbox = commands.add_parser("sandbox", help="serve with simulated calendars already connected")
    sandbox.add_argument("--port", type=_port, default=8000)
    sandbox.set_defaults(command=_sandbox)
    return parser


def _port(text: str) -> int:
    return _between(0, 65_535, text)


def _days(text: str) -> timedelta:
    return timedelta(days=_between(1, 36_500, text))


def _between(least: int, most: int, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"must be a number from {least} to {most}")
    return int(text)


# Each command imports what it needs: `--help` and `schema` should not wait for a database driver.


async def _serve(options: argparse.Namespace, settings: Settings) -> None:
    from calendar_sync.server import serve

    await serve(settings, options.host, options.port, works=not options.no_worker)


async def _worker(_: argparse.Namespace, settings: Settings) -> None:
    from calendar_sync.worker import work

    await work(settings)


async def _migrate(options: argparse.Namespace, settings: Settings) -> None:
    from calendar_sync.server import migrate

    await migrate(settings, options.application_role)


async def _create_user(options: argparse.Namespace, settings: Settings) -> None:
    from calendar_sync.services import open_services

    async with open_services(settings) as services:
        user = await services.access.create_user(options.email, options.organization, options.admin)
    print(json.dumps({"user_id": user.id, "organization_id": user.organization_id, "email": user.email}))


async def _create_key(options: argparse.Namespace, settings: Settings) -> None:
    from calendar_sync.services import open_services

    async with open_services(settings) as services:
        key, text = await services.access.create_key(options.email, options.name, options.expires_in_days)
    print(json.dumps({"id": key.id, "api_key": text}))


async def _revoke_key(options: argparse.Namespace, settings: Settings) -> None:
    from calendar_sync.services import open_services

    async with open_services(settings) as services:
        await services.access.revoke_key(options.email, options.id)


async def _rotate_secrets(_: argparse.Namespace, settings: Settings) -> None:
    from calendar_sync.store.database import Database
    from calendar_sync.store.keyring import open_keyring
    from calendar_sync.store.reencryption import reencrypt

    keyring = open_keyring(settings.encryption_keys, settings.sqlite_path)
    database = await Database.open(settings.database_url)
    try:
        await database.ready()
        counted = await reencrypt(database, keyring)
    finally:
        await database.close()
    print(json.dumps({"reencrypted": counted.done, "unreadable": counted.unreadable}))
    if counted.unreadable:
        raise CalendarSyncError(
            "Some secrets are under a key that is not in CALENDAR_SYNC_ENCRYPTION_KEYS: add it and repeat."
        )


async def _schema(_: argparse.Namespace, __: Settings) -> None:
    from schema.root import schema

    print(schema.as_str(), flush=True)


async def _sandbox(options: argparse.Namespace, settings: Settings) -> None:
    from calendar_sync.sandbox import run_sandbox

    await run_sandbox(settings, options.port)


if __name__ == "__main__":
    main()
