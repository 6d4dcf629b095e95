"""The composition root: opens the store, the providers and the use cases, and closes them again."""

import logging
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from calendar_sync import oauth_clients, vendor_apis
from calendar_sync.access.service import AccessService
from calendar_sync.auto_join.decisions import DecisionService
from calendar_sync.auto_join.rules import RuleService
from calendar_sync.connections.channels import ChannelCloser
from calendar_sync.connections.endpoints import Endpoints
from calendar_sync.connections.oauth import OAuth
from calendar_sync.connections.org_calendars import OrgCalendarService
from calendar_sync.connections.service import ConnectionService
from calendar_sync.connections.tokens import Renewals
from calendar_sync.domain.providers import Provider, ProviderName
from calendar_sync.events.availability import AvailabilityService
from calendar_sync.events.feed import ChangeFeed
from calendar_sync.events.meetings import MeetingService
from calendar_sync.events.service import EventService
from calendar_sync.export.service import ExportService
from calendar_sync.push_addresses import push_addresses
from calendar_sync.request_budgets import StoredReservations
from calendar_sync.settings import Settings
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import open_keyring
from calendar_sync.sync.inbox import Inbox
from calendar_sync.sync.lease import LeasedRuns
from calendar_sync.sync.overview import ScheduleService
from calendar_sync.sync.pace import Pace
from calendar_sync.sync.pauses import told
from calendar_sync.sync.progress import ProgressService
from calendar_sync.sync.queue import MemoryQueue, StoredQueue
from calendar_sync.sync.schedule import Schedule
from calendar_sync.sync.service import SyncService
from calendar_sync.sync.slots import Slots
from calendar_sync.sync.worker import SyncWorker
from calendar_sync.webhooks.deliverer import EMBEDDED_LOOK, LOOK_EVERY, Deliverer
from calendar_sync.webhooks.service import WebhookService
from providers.authorities import usual_authorities
from providers.outgoing import Outgoing
from providers.registry import all_providers
from providers.retry import Time
from providers.shared_budgets import Reservations

CONCURRENT_RUNS = 8
"""Connections that one process syncs at a time, those that only wait left out."""
SPACING = timedelta(seconds=1)
"""Between the beginnings of two runs over a connection that its provider asks for."""
_BYPASSED = (
    "The database user is a superuser or has BYPASSRLS: PostgreSQL does not keep organisations apart. "
    "Let the server in as a role of its own, named with `calendar-sync migrate --application-role`."
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What the doors (GraphQL, REST, command line) call. Each use case is here once."""

    settings: Settings
    database: Database
    access: AccessService
    connections: ConnectionService
    org_calendars: OrgCalendarService
    events: EventService
    exports: ExportService
    meetings: MeetingService
    availability: AvailabilityService
    feed: ChangeFeed
    sync: SyncService
    inbox: Inbox
    schedule: Schedule
    worker: SyncWorker
    schedules: ScheduleService
    auto_join_rules: RuleService
    decisions: DecisionService
    webhooks: WebhookService
    deliverer: Deliverer
    progress: ProgressService

    async def expect_sound(self) -> None:
        """What each process looks at when it starts. Raises `Invalid` where keys of stored secrets are missing."""
        await self.connections.expect_keys()
        if self.settings.sqlite_path is None and not await self.database.keeps_apart():
            _log.warning(_BYPASSED)

    async def work(self) -> None:
        """Do the runs that are asked for by any process, ask for those that are due, and deliver webhooks.

        Until it is cancelled.
        """
        self.worker.start()
        self.deliverer.start()
        try:
            await self.schedule.run()
        finally:
            self.worker.stop_taking()
            self.deliverer.stop_taking()


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncGenerator[Services]:
    """Everything, opened in order and closed in reverse.

    Raises `StoreUnavailable`, also for a store that is not at the current version, or `Invalid` for a setting that
    cannot be used.
    """
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, connections=settings.database_connections)
        stack.push_async_callback(database.close)
        await database.ready()
        keyring = open_keyring(settings.encryption_keys, settings.sqlite_path)
        slots = Slots(CONCURRENT_RUNS)
        # One process serves a SQLite file, and shares its budgets with nobody.
        reservations = StoredReservations(database) if settings.sqlite_path is None else None
        providers = _providers(settings, Time(away=slots.away, told=told), reservations)
        http = await stack.enter_async_context(
            httpx.AsyncClient(trust_env=False, timeout=10, verify=usual_authorities())
        )
        vendors, endpoints = oauth_clients.vendors(settings), Endpoints(http, utc_now)
        renewals = Renewals(database, keyring, endpoints, vendors, utc_now)
        stack.push_async_callback(renewals.close)
        queue = MemoryQueue() if settings.sqlite_path is not None else StoredQueue(database)
        progress = ProgressService(database, utc_now)
        pace, addresses = Pace(settings.sync_interval), push_addresses(settings)
        runs = LeasedRuns(
            database=database,
            queue=queue,
            keyring=keyring,
            providers=providers,
            clock=utc_now,
            past=settings.window_past,
            future=settings.window_future,
            owner=_process_name(),
            tokens=renewals.source,
            push_addresses=addresses,
            pace=pace,
            spacing=SPACING,
            turn=slots.turn,
            most_runs={} if reservations is None else vendor_apis.most_runs(settings),
            on_change=progress.wake,
        )
        sync = SyncService(database, queue, utc_now, SPACING, on_change=progress.wake)
        worker = SyncWorker(queue, runs, slots, sync.watch)
        stack.push_async_callback(worker.close)
        stack.push_async_callback(sync.close)
        if queue.is_of_this_process:
            worker.start()
        feed = ChangeFeed.of(database)
        stack.push_async_callback(feed.close)
        inbox = Inbox(database, sync, utc_now)
        stack.push_async_callback(inbox.close)
        sender = await stack.enter_async_context(Outgoing.opened(settings.allowed_private_networks))
        look_every = EMBEDDED_LOOK if queue.is_of_this_process else LOOK_EVERY
        deliverer = Deliverer(database, keyring, sender, utc_now, settings.webhook_history, look_every=look_every)
        database.webhooks_due.append(deliverer.wake)
        stack.push_async_callback(deliverer.close)
        stack.push_async_callback(progress.close)
        first = settings.sync_interval
        oauth = OAuth(database, keyring, endpoints, vendors, oauth_clients.redirect_uri(settings), utc_now, first)
        channels = ChannelCloser(database, keyring, providers, renewals.source)
        yield Services(
            settings=settings,
            database=database,
            access=AccessService.of(settings, database, http, utc_now),
            connections=ConnectionService(database, keyring, providers, utc_now, oauth, channels, first),
            org_calendars=OrgCalendarService(database, sync.sync, utc_now, pace.spread),
            events=EventService(database),
            exports=ExportService(database, utc_now, str(settings.public_url), settings.sync_interval),
            meetings=MeetingService(database),
            availability=AvailabilityService(database),
            feed=feed,
            sync=sync,
            inbox=inbox,
            schedule=Schedule(database, queue, utc_now, settings.run_history, settings.change_history),
            worker=worker,
            schedules=ScheduleService(database, utc_now, pace, frozenset(addresses.values())),
            auto_join_rules=RuleService(database, utc_now),
            decisions=DecisionService(database, utc_now),
            webhooks=WebhookService(database, keyring, sender, utc_now),
            deliverer=deliverer,
            progress=progress,
        )


def _providers(settings: Settings, time: Time, reservations: Reservations | None) -> Mapping[ProviderName, Provider]:
    return all_providers(
        allowed_networks=settings.allowed_private_networks,
        apple_caldav_url=str(settings.apple_caldav_url),
        google=vendor_apis.google(settings, reservations),
        microsoft=vendor_apis.microsoft(settings, reservations),
        zoom=vendor_apis.zoom(settings, reservations),
        time=time,
    )


def utc_now() -> datetime:
    return datetime.now(UTC)


def _process_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
