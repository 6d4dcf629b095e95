"""The table of contents: everything that can be asked, and what answers it."""

from collections.abc import AsyncGenerator

import strawberry
from strawberry.schema.config import StrawberryConfig

import resolvers.auto_join
import resolvers.availability
import resolvers.changes
import resolvers.connections
import resolvers.events
import resolvers.export_feeds
import resolvers.meetings
import resolvers.organization_calendars
import resolvers.sync
import resolvers.viewer
import resolvers.webhooks
from schema.execution import Schema
from schema.types.auto_join import (
    AutoJoinPreviewResult,
    AutoJoinRule,
    DeleteAutoJoinRuleResult,
    JoinAll,
    SaveAutoJoinRuleResult,
)
from schema.types.availability import Availability, FreeBusy
from schema.types.calendar import Calendar
from schema.types.change import EventChange, EventChangeConnection
from schema.types.connection import ConnectedAccount
from schema.types.event import Event
from schema.types.event_list import EventConnection
from schema.types.export_feed import CreateExportFeedResult, ExportFeed, RevokeExportFeedResult
from schema.types.meeting import Meeting
from schema.types.mutations import (
    ConnectCalendarResult,
    DisconnectResult,
    SelectCalendarsResult,
    SetAutoJoinResult,
)
from schema.types.organization_calendar import (
    CreateOrganizationCalendarResult,
    DeleteOrganizationCalendarResult,
    OrganizationCalendar,
    SyncOrganizationCalendarResult,
)
from schema.types.progress import SyncProgress
from schema.types.provider import Provider
from schema.types.scalars import scalars
from schema.types.schedule import SyncBacklog
from schema.types.sync import SyncResult, SyncRun
from schema.types.unreadable_event import UnreadableEvent
from schema.types.viewer import Viewer
from schema.types.webhook import WebhookDeliveryConnection, WebhookEndpoint
from schema.types.webhook_mutations import (
    CreateWebhookEndpointResult,
    DeleteWebhookEndpointResult,
    RedeliverWebhookResult,
    RedeliverWebhooksResult,
    RotateWebhookSecretResult,
    SendTestWebhookResult,
    UpdateWebhookEndpointResult,
)


@strawberry.type(description="What can be read. Everything is limited to what is yours.")
class Query:
    me: Viewer = strawberry.field(resolver=resolvers.viewer.me, description="Who asks.")
    providers: list[Provider] = strawberry.field(
        resolver=resolvers.connections.providers, description="The services that calendars can be read from."
    )
    connections: list[ConnectedAccount] = strawberry.field(
        resolver=resolvers.connections.connections, description="The accounts that are connected."
    )
    connection: ConnectedAccount | None = strawberry.field(
        resolver=resolvers.connections.connection,
        description="One connected account; `null` if there is none, or it is not yours.",
    )
    calendars: list[Calendar] = strawberry.field(
        resolver=resolvers.connections.calendars,
        description="The calendars of the connected accounts, selected or not.",
    )
    events: EventConnection = strawberry.field(
        resolver=resolvers.events.events, description="Events by their start: each occurrence of a series is one."
    )
    event: Event | None = strawberry.field(
        resolver=resolvers.events.event, description="One event; `null` if there is none, or it is not yours."
    )
    meeting: Meeting | None = strawberry.field(
        resolver=resolvers.meetings.meeting,
        description="One meeting; `null` if there is none, or it is in none of your calendars.",
    )
    free_busy: FreeBusy = strawberry.field(
        resolver=resolvers.availability.free_busy,
        description="When you are busy, by all or some of your calendars: each moment once, however many events take "
        "it. What is transparent, cancelled or declined takes no time; what is tentative, or what you have not "
        "accepted, takes it tentatively.",
    )
    availability: Availability = strawberry.field(
        resolver=resolvers.availability.availability,
        description="When you are free to meet: slots of a length within working hours, by all or some of your "
        "calendars.",
    )
    changes: EventChangeConnection = strawberry.field(
        resolver=resolvers.changes.changes,
        description="What was created, updated and removed, in the order in which it was stored: follow `endCursor` "
        "page by page, and ask again from the last one whenever you like. Nothing is left out, nothing comes twice. "
        "Without `after`, from the earliest change that is kept. To begin with what is there now, take "
        "`latestChangeCursor`, then list `events`, then follow from that cursor. A cursor behind which changes are no "
        "longer kept is refused (`CURSOR_COMPACTED`): begin again in the same way.",
    )
    latest_change_cursor: str = strawberry.field(
        resolver=resolvers.changes.latest_change_cursor,
        description="The place of now: `changes` after it are those that were stored since this was asked.",
    )
    unreadable_events: list[UnreadableEvent] = strawberry.field(
        resolver=resolvers.events.unreadable_events,
        description="Events that could not be understood, the last seen first. All others of their calendar are kept.",
    )
    sync_runs: list[SyncRun] = strawberry.field(
        resolver=resolvers.sync.sync_runs, description="What syncing has done, the newest run first."
    )
    sync_run: SyncRun | None = strawberry.field(
        resolver=resolvers.sync.sync_run, description="One run; `null` if there is none, or it is not yours."
    )
    sync_backlog: SyncBacklog = strawberry.field(
        resolver=resolvers.sync.sync_backlog,
        description="How all accounts of the organisation stand with their syncs. Only its administrators may ask.",
    )
    auto_join_rules: list[AutoJoinRule] = strawberry.field(
        resolver=resolvers.auto_join.auto_join_rules,
        description="The rules that decide which meetings a bot joins, in the order in which they are tried.",
    )
    join_all: JoinAll = strawberry.field(
        resolver=resolvers.auto_join.join_all,
        description="Whether all meetings are joined that no other rule decides.",
    )
    preview_auto_join_rule: AutoJoinPreviewResult = strawberry.field(
        resolver=resolvers.auto_join.preview_auto_join_rule,
        description="Which of the next meetings a rule would join, and which would be joined no more, before it is "
        "saved.",
    )
    organization_calendars: list[OrganizationCalendar] = strawberry.field(
        resolver=resolvers.organization_calendars.organization_calendars,
        description="The organisation's calendars, the oldest first. Only its administrators may ask.",
    )
    webhook_endpoints: list[WebhookEndpoint] = strawberry.field(
        resolver=resolvers.webhooks.webhook_endpoints,
        description="Where you have webhooks sent to, the oldest endpoint first.",
    )
    webhook_deliveries: WebhookDeliveryConnection | None = strawberry.field(
        resolver=resolvers.webhooks.webhook_deliveries,
        description="What was sent to an endpoint, or is to be, the newest message first; `null` if there is none, or "
        "it is not yours.",
    )
    export_feeds: list[ExportFeed] = strawberry.field(
        resolver=resolvers.export_feeds.export_feeds,
        description="The feeds by which calendar programs read your calendars, the oldest first; without addresses.",
    )


@strawberry.type(description="What can be done.")
class Mutation:
    sync_calendars: SyncResult = strawberry.mutation(
        resolver=resolvers.sync.sync_calendars,
        description="Read what changed in your calendars, and wait until it is stored, unless told not to. An account "
        "that is being read already is waited for, not read twice. One that fails is in `errors` and does not "
        "hold up the others.",
    )
    connect_calendar: ConnectCalendarResult = strawberry.mutation(
        resolver=resolvers.connections.connect_calendar,
        description="Connect an account. What you give is checked with its provider and kept encrypted. An account "
        "that is connected already keeps its identifiers and events.",
    )
    select_calendars: SelectCalendarsResult = strawberry.mutation(
        resolver=resolvers.connections.select_calendars,
        description="Choose which calendars of an account are read. Those of the rest are forgotten, not touched.",
    )
    disconnect: DisconnectResult = strawberry.mutation(
        resolver=resolvers.connections.disconnect,
        description="Forget an account, its credentials and all events read from it. Nothing changes at the provider.",
    )
    set_auto_join: SetAutoJoinResult = strawberry.mutation(
        resolver=resolvers.events.set_auto_join,
        description="Keep the bot out of an event, or let the rules decide again.",
    )
    create_auto_join_rule: SaveAutoJoinRuleResult = strawberry.mutation(
        resolver=resolvers.auto_join.create_auto_join_rule,
        description="Make a rule. The first rule that matches a meeting decides whether it is joined.",
    )
    update_auto_join_rule: SaveAutoJoinRuleResult = strawberry.mutation(
        resolver=resolvers.auto_join.update_auto_join_rule,
        description="Change a rule: what is left out stays as it is, and `null` sets it to its default.",
    )
    delete_auto_join_rule: DeleteAutoJoinRuleResult = strawberry.mutation(
        resolver=resolvers.auto_join.delete_auto_join_rule, description="Delete a rule."
    )
    create_auto_join_rule_from_event: SaveAutoJoinRuleResult = strawberry.mutation(
        resolver=resolvers.auto_join.create_auto_join_rule_from_event,
        description="Make a rule for meetings like this one. It goes before all rules there are.",
    )
    set_join_all: JoinAll = strawberry.mutation(
        resolver=resolvers.auto_join.set_join_all,
        description="Have all meetings joined that no other rule decides, or no longer.",
    )
    create_organization_calendar: CreateOrganizationCalendarResult = strawberry.mutation(
        resolver=resolvers.organization_calendars.create_organization_calendar,
        description="Make a calendar of your own account the organisation's, as an administrator. An account in which "
        "it is not known yet is synced first. A calendar can be the organisation's once.",
    )
    delete_organization_calendar: DeleteOrganizationCalendarResult = strawberry.mutation(
        resolver=resolvers.organization_calendars.delete_organization_calendar,
        description="Let go of a calendar of the organisation, as an administrator. The account stays connected.",
    )
    sync_organization_calendar: SyncOrganizationCalendarResult = strawberry.mutation(
        resolver=resolvers.organization_calendars.sync_organization_calendar,
        description="Sync the account that a calendar of the organisation comes by, as an administrator, and wait "
        "until it is done. A run that is under way already is joined.",
    )
    create_webhook_endpoint: CreateWebhookEndpointResult = strawberry.mutation(
        resolver=resolvers.webhooks.create_webhook_endpoint,
        description="Have what happens in your calendars sent to an address of yours, signed by Standard Webhooks. The "
        "secret is told this once.",
    )
    update_webhook_endpoint: UpdateWebhookEndpointResult = strawberry.mutation(
        resolver=resolvers.webhooks.update_webhook_endpoint,
        description="Change where and what is sent, or switch the endpoint off and on. While it is off nothing new is "
        "written for it; what waits is kept, and sent when it is on again.",
    )
    rotate_webhook_secret: RotateWebhookSecretResult = strawberry.mutation(
        resolver=resolvers.webhooks.rotate_webhook_secret,
        description="Make a new secret. For a while each message carries a signature by the one before as well, so "
        "that you can change over without losing any.",
    )
    delete_webhook_endpoint: DeleteWebhookEndpointResult = strawberry.mutation(
        resolver=resolvers.webhooks.delete_webhook_endpoint,
        description="Send nothing more there, and forget what was sent.",
    )
    send_test_webhook: SendTestWebhookResult = strawberry.mutation(
        resolver=resolvers.webhooks.send_test_webhook,
        description="Send a message of the type `webhook.test`, whatever the endpoint asks for.",
    )
    redeliver_webhook: RedeliverWebhookResult = strawberry.mutation(
        resolver=resolvers.webhooks.redeliver_webhook,
        description="Send a message again, under its identifier, with all attempts; behind whatever waits with the "
        "same key. One that waits for its next attempt has it now.",
    )
    redeliver_webhooks: RedeliverWebhooksResult = strawberry.mutation(
        resolver=resolvers.webhooks.redeliver_webhooks,
        description="Send all messages of a time again that failed, or whatever came of them; the oldest first.",
    )
    create_export_feed: CreateExportFeedResult = strawberry.mutation(
        resolver=resolvers.export_feeds.create_export_feed,
        description="Make a secret address at which Google Calendar, Outlook, Apple Calendar and any other program can "
        "subscribe to your calendars. Whoever has the address can read them until it is revoked.",
    )
    revoke_export_feed: RevokeExportFeedResult = strawberry.mutation(
        resolver=resolvers.export_feeds.revoke_export_feed,
        description="Take a secret address back: nothing can be read there any more.",
    )


@strawberry.type(description="What can be followed: how it is, and each change from then on.")
class Subscription:
    changes: AsyncGenerator[EventChange] = strawberry.subscription(
        resolver=resolvers.changes.follow,
        description="The changes of `Query.changes` as they are stored, one by one, from any place on and without a "
        "gap between what was stored and what comes. Keep the `cursor` of the last one to go on from it another time. "
        "Ends with `CURSOR_COMPACTED` where what was not told yet is no longer kept.",
    )
    sync_progress: AsyncGenerator[SyncProgress, None] = strawberry.subscription(
        resolver=resolvers.sync.sync_progress,
        description="What is being done over your accounts, whichever process does it: first how it stands with each, "
        "then each change of any, page by page. Of changes that come faster than they are taken only the last is told, "
        "but the end of a run that was told of always is. An account that is connected meanwhile is told of as well.",
    )


schema = Schema(
    query=Query, mutation=Mutation, subscription=Subscription, config=StrawberryConfig(scalar_map=scalars())
)
"""With everything that guards it."""


def sdl() -> str:
    """What `calendar-sync schema` prints, byte for byte `schema.graphql`."""
    return schema.as_str().rstrip("\n") + "\n"
