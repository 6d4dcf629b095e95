"""What a user can bring about by what they ask for, answered as data."""

from enum import StrEnum

import strawberry

from schema.types.described import describe


class ErrorCode(StrEnum):
    VALIDATION_ERROR = "VALIDATION_ERROR"
    RANGE_TOO_LARGE = "RANGE_TOO_LARGE"
    CONFLICT = "CONFLICT"
    OPERATION_NOT_ALLOWED = "OPERATION_NOT_ALLOWED"
    INSUFFICIENT_PERMISSIONS = "INSUFFICIENT_PERMISSIONS"
    CONSENT_FAILED = "CONSENT_FAILED"
    NOT_FOUND = "NOT_FOUND"
    CONNECTION_NOT_FOUND = "CONNECTION_NOT_FOUND"
    CALENDAR_NOT_FOUND = "CALENDAR_NOT_FOUND"
    EVENT_NOT_FOUND = "EVENT_NOT_FOUND"
    ORG_CALENDAR_NOT_FOUND = "ORG_CALENDAR_NOT_FOUND"
    EXPORT_FEED_NOT_FOUND = "EXPORT_FEED_NOT_FOUND"
    AUTO_JOIN_RULE_NOT_FOUND = "AUTO_JOIN_RULE_NOT_FOUND"
    WEBHOOK_ENDPOINT_NOT_FOUND = "WEBHOOK_ENDPOINT_NOT_FOUND"
    WEBHOOK_DELIVERY_NOT_FOUND = "WEBHOOK_DELIVERY_NOT_FOUND"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    PROVIDER_DISCONNECTED = "PROVIDER_DISCONNECTED"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    PROVIDER_RATE_LIMITED = "PROVIDER_RATE_LIMITED"
    PROVIDER_BAD_RESPONSE = "PROVIDER_BAD_RESPONSE"
    PROVIDER_CALENDAR_GONE = "PROVIDER_CALENDAR_GONE"
    PROVIDER_CURSOR_EXPIRED = "PROVIDER_CURSOR_EXPIRED"
    DOUBTFUL_SNAPSHOT = "DOUBTFUL_SNAPSHOT"
    SYNC_TAKEN_OVER = "SYNC_TAKEN_OVER"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    CURSOR_COMPACTED = "CURSOR_COMPACTED"
    CURSOR_UNKNOWN = "CURSOR_UNKNOWN"
    HISTORY_COMPACTED = "HISTORY_COMPACTED"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    INTERNAL_ERROR = "INTERNAL_ERROR"

    @classmethod
    def of(cls, code: str) -> "ErrorCode":
        """A code this version does not know, as an older or newer one stored it, is an internal error."""
        return cls.__members__.get(code, cls.INTERNAL_ERROR)


describe(
    ErrorCode,
    "What went wrong, for a program to act on. The same codes stand in REST errors, and in the `extensions.code` of "
    "GraphQL errors.",
    {
        ErrorCode.VALIDATION_ERROR: "A field has a wrong value; `field` names it.",
        ErrorCode.RANGE_TOO_LARGE: "It asks for a longer time than is answered at once.",
        ErrorCode.CONFLICT: "It contradicts what is there.",
        ErrorCode.OPERATION_NOT_ALLOWED: "It cannot be done.",
        ErrorCode.INSUFFICIENT_PERMISSIONS: "The credentials do not reach this far.",
        ErrorCode.CONSENT_FAILED: "The consent page did not lead to an account: start again.",
        ErrorCode.NOT_FOUND: "There is no such thing, or it is not yours.",
        ErrorCode.CONNECTION_NOT_FOUND: "There is no such connected account, or it is not yours.",
        ErrorCode.CALENDAR_NOT_FOUND: "There is no such calendar, or it is not yours.",
        ErrorCode.EVENT_NOT_FOUND: "There is no such event, or it is not yours.",
        ErrorCode.ORG_CALENDAR_NOT_FOUND: "The organisation has no such calendar.",
        ErrorCode.EXPORT_FEED_NOT_FOUND: "There is no such feed, or it is not yours.",
        ErrorCode.AUTO_JOIN_RULE_NOT_FOUND: "There is no such rule, or it is not yours.",
        ErrorCode.WEBHOOK_ENDPOINT_NOT_FOUND: "There is no such webhook endpoint, or it is not yours.",
        ErrorCode.WEBHOOK_DELIVERY_NOT_FOUND: "There is no such delivery (any more), or it is not yours.",
        ErrorCode.ADDRESS_REFUSED: "The address may not be reached from here, or no calendar is there.",
        ErrorCode.PROVIDER_DISCONNECTED: "The provider refuses the credentials: connect the account (again).",
        ErrorCode.PROVIDER_UNAVAILABLE: "The provider does not answer just now: try again later.",
        ErrorCode.PROVIDER_RATE_LIMITED: "The provider wants to be asked less often: try again later.",
        ErrorCode.PROVIDER_BAD_RESPONSE: "The provider's answer cannot be understood. What is stored is kept.",
        ErrorCode.PROVIDER_CALENDAR_GONE: "The provider no longer has the calendar.",
        ErrorCode.PROVIDER_CURSOR_EXPIRED: "The provider forgot where the last sync ended: the next starts over.",
        ErrorCode.DOUBTFUL_SNAPSHOT: "Far fewer events are listed than before: none is removed until asked again.",
        ErrorCode.SYNC_TAKEN_OVER: "Another run has taken the account over.",
        ErrorCode.STORE_UNAVAILABLE: "The database is not available just now: nothing was written, try again.",
        ErrorCode.CURSOR_COMPACTED: "What follows the cursor is no longer kept: list events again, and go on from "
        "`latestChangeCursor`.",
        ErrorCode.CURSOR_UNKNOWN: "The server was restored from a backup that is older than the cursor: list events "
        "again, and go on from `latestChangeCursor`.",
        ErrorCode.HISTORY_COMPACTED: "What was at that time is no longer kept.",
        ErrorCode.RATE_LIMIT_EXCEEDED: "Too many requests: slow down.",
        ErrorCode.INTERNAL_ERROR: "A fault of this server; it stands in its log.",
    },
)


@strawberry.interface(
    description="Why something was not done. Every `…Failed` is one, so `... on Failure` catches all."
)
class Failure:
    code: ErrorCode = strawberry.field(description="What went wrong, for a program to act on.")
    message: str = strawberry.field(description="What went wrong, in one sentence for the user.")
    field: str | None = strawberry.field(description="The input that is to blame, as in `input.caldav.url`.")
    retry_after_seconds: int | None = strawberry.field(description="When to try again, where the provider says so.")


@strawberry.type(description="The account was not connected.")
class ConnectFailed(Failure):
    pass


@strawberry.type(description="The choice of calendars was not changed.")
class SelectCalendarsFailed(Failure):
    pass


@strawberry.type(description="The account was not disconnected.")
class DisconnectFailed(Failure):
    pass


@strawberry.type(description="Auto-join was not changed.")
class SetAutoJoinFailed(Failure):
    pass


@strawberry.type(description="The calendar was not made the organisation's.")
class CreateOrganizationCalendarFailed(Failure):
    pass


@strawberry.type(description="The calendar is the organisation's still, if it was.")
class DeleteOrganizationCalendarFailed(Failure):
    pass


@strawberry.type(description="The organisation's calendar was not synced.")
class SyncOrganizationCalendarFailed(Failure):
    pass


@strawberry.type(description="No feed was made.")
class CreateExportFeedFailed(Failure):
    pass


@strawberry.type(description="No feed was revoked.")
class RevokeExportFeedFailed(Failure):
    pass


@strawberry.type(description="The rule was not made or changed.")
class AutoJoinRuleFailed(Failure):
    pass


@strawberry.type(description="There was no such rule to delete.")
class DeleteAutoJoinRuleFailed(Failure):
    pass
