"""One transaction, and what can be done in it."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.store.accounts import Accounts
from calendar_sync.store.auto_join_rules import AutoJoinRules
from calendar_sync.store.budgets import RequestBudgets
from calendar_sync.store.busy_times import BusyTimes
from calendar_sync.store.calendars import Calendars
from calendar_sync.store.changes import Changes
from calendar_sync.store.channels import Channels
from calendar_sync.store.connections import Connections
from calendar_sync.store.consents import Consents
from calendar_sync.store.credentials import Credentials
from calendar_sync.store.events import Events
from calendar_sync.store.export_feeds import ExportFeeds
from calendar_sync.store.meetings import Meetings
from calendar_sync.store.org_calendars import OrgCalendars
from calendar_sync.store.requests import Requests
from calendar_sync.store.runs import Runs
from calendar_sync.store.schedules import Schedules
from calendar_sync.store.webhook_deliveries import WebhookDeliveries
from calendar_sync.store.webhook_endpoints import WebhookEndpoints
from calendar_sync.store.webhook_log import WebhookLog
from calendar_sync.store.webhook_outbox import WebhookOutbox


class Transaction:
    """Commits as a whole or not at all (`Database.begin`). What goes in and comes out are the domain's dataclasses."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.accounts = Accounts(connection)
        self.connections = Connections(connection)
        self.requests = Requests(connection)
        self.consents = Consents(connection)
        self.credentials = Credentials(connection)
        self.calendars = Calendars(connection)
        self.org_calendars = OrgCalendars(connection)
        self.channels = Channels(connection)
        self.events = Events(connection)
        self.meetings = Meetings(connection)
        self.busy_times = BusyTimes(connection)
        self.runs = Runs(connection)
        self.schedules = Schedules(connection)
        self.changes = Changes(connection)
        self.auto_join_rules = AutoJoinRules(connection)
        self.webhooks = WebhookOutbox(connection)
        self.webhook_endpoints = WebhookEndpoints(connection)
        self.webhook_deliveries = WebhookDeliveries(connection)
        self.webhook_log = WebhookLog(connection)
        self.export_feeds = ExportFeeds(connection)
        self.budgets = RequestBudgets(connection)
        self.after_commit: list[Callable[[], Awaitable[None]]] = []
        """What is to be done once the transaction is committed. It must not fail: nobody could undo the rest."""
