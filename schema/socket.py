"""GraphQL over WebSocket, in the protocol `graphql-transport-ws` alone: all operations, and subscriptions nowhere else.

Strawberry's own handler is not used: it has one context for all operations and events of a socket, closes the socket
for a document that does not parse, and knows of no credentials that end.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import orjson
from graphql import GraphQLError
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from calendar_sync.domain.errors import CalendarSyncError, NotAuthenticated, TooManyRequests
from calendar_sync.web.authentication import services_of
from calendar_sync.web.sockets import Visitor, sockets_of
from calendar_sync.web.trace import operation_traced
from calendar_sync.web.trace_id import current_trace_id
from resolvers.context import Context
from resolvers.refusals import code_of, told
from schema import limits
from schema import socket_messages as messages
from schema.execution import Schema
from schema.http import Operation
from schema.socket_messages import Closing, Complete, Init, Ping, Pong, Subscribe

MOST_OPERATIONS = 20
INIT_SECONDS = 10.0
CHECK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SocketEndpoint:
    """An ASGI app for one path. `origin` is that of the pages that are ours; `check_every` is in seconds."""

    schema: Schema
    origin: str
    init_within: float = INIT_SECONDS
    check_every: float = CHECK_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        with sockets_of(socket).opened():
            try:
                await _Conversation(self, socket).hold()
            except* (WebSocketDisconnect, OSError):
                pass
            except* (Closing, CalendarSyncError) as ended:
                await _close(socket, ended.exceptions[0])


@dataclass(slots=True)
class _Conversation:
    """On one socket. The server writes one answer after the other, and waits where the client does not read."""

    endpoint: SocketEndpoint
    socket: WebSocket
    _operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def hold(self) -> None:
        """Until one side ends it: raises `Closing`, `WebSocketDisconnect`, or what keeps the client out or sends it
        away, in an exception group."""
        is_understood = messages.PROTOCOL in self.socket.scope["subprotocols"]
        await self.socket.accept(messages.PROTOCOL if is_understood else None)
        if not is_understood:
            raise Closing(messages.UNKNOWN_PROTOCOL, "Subprotocol not acceptable")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._end_with_the_server())
            visitor = await self._introduced()
            with sockets_of(self.socket).held_by(visitor.actor.user_id):
                await self._say(messages.ACK)
                tasks.create_task(self._recheck(visitor))
                while True:
                    await self._heed(await self._heard(), visitor, tasks)

    async def _end_with_the_server(self) -> None:
        await sockets_of(self.socket).closing.wait()
        raise Closing(messages.GOING_AWAY, "The server is going away")

    async def _introduced(self) -> Visitor:
        try:
            async with asyncio.timeout(self.endpoint.init_within):
                while not isinstance(message := await self._heard(), Init):
                    if isinstance(message, Subscribe):
                        raise Closing(messages.UNAUTHORIZED, "Unauthorized")
                    if isinstance(message, Ping):
                        await self._say(messages.PONG)
        except TimeoutError as err:
            raise Closing(messages.NO_INIT, "Connection initialisation timeout") from err
        return await Visitor.introduced(self.socket, message.payload, self.endpoint.origin)

    async def _recheck(self, visitor: Visitor) -> None:
        while True:
            await asyncio.sleep(self.endpoint.check_every)
            await visitor.recheck()

    async def _heard(self) -> Init | Ping | Pong | Subscribe | Complete:
        event = await self.socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event["code"])
        return messages.message_in(event.get("text"))

    async def _say(self, message: Mapping[str, object]) -> None:
        try:
            await self.socket.send_text(orjson.dumps(message).decode())
        except RuntimeError as err:  # the server has closed it meanwhile, and this side was not told yet
            raise WebSocketDisconnect(1006) from err
        await asyncio.sleep(0)  # who makes it say much at once does not keep the others waiting

    async def _heed(
        self, message: Init | Ping | Pong | Subscribe | Complete, visitor: Visitor, tasks: asyncio.TaskGroup
    ) -> None:
        match message:
            case Init():
                raise Closing(messages.SECOND_INIT, "Too many initialisation requests")
            case Ping():
                await self._say(messages.PONG)
            case Complete(name):
                if (task := self._operations.pop(name, None)) is not None:
                    task.cancel()
            case Subscribe(name, operation):
                if name in self._operations:
                    raise Closing(messages.DUPLICATE_ID, f"Subscriber for {name} already exists")
                if await self._may_begin(name, visitor):
                    self._operations[name] = tasks.create_task(self._serve(name, operation, visitor))

    async def _may_begin(self, name: str, visitor: Visitor) -> bool:
        """Otherwise it is said why not."""
        try:
            visitor.count_operation()
            if len(self._operations) >= MOST_OPERATIONS:
                raise limits.refusal(
                    f"A WebSocket carries {MOST_OPERATIONS} operations at a time.", "TOO_MANY_OPERATIONS"
                )
        except GraphQLError as refusal:
            await self._refuse(name, refusal)
        except TooManyRequests as refusal:
            seconds = told(refusal)["retry_after_seconds"]
            await self._refuse(
                name, limits.refusal(f"{refusal.message} Try again in {seconds} seconds.", code_of(refusal))
            )
        else:
            return True
        return False

    async def _refuse(self, name: str, error: GraphQLError) -> None:
        error.extensions = {**(error.extensions or {}), "trace_id": current_trace_id()}
        await self._say(messages.error(name, [error]))

    async def _serve(self, name: str, operation: Operation, visitor: Visitor) -> None:
        with operation_traced(self.socket) as line:
            try:
                context = Context(services_of(self.socket), visitor.actor, current_trace_id())
                kind = self.endpoint.schema.operation_type(operation.query, operation.name)
                line.kind = kind.value if kind is not None else None
                async with aclosing(self._results(kind, operation, context)) as results:
                    async for result in results:
                        line.answers += 1
                        line.error_code = _code_in(result) or line.error_code
                        if isinstance(result, PreExecutionError):
                            await self._say(messages.error(name, result.errors or ()))
                            return
                        await self._say(messages.next_(name, result))
                await self._say(messages.complete(name))
            finally:
                if self._operations.get(name) is asyncio.current_task():
                    del self._operations[name]

    async def _results(
        self, kind: OperationType | None, operation: Operation, context: Context
    ) -> AsyncGenerator[ExecutionResult]:
        schema, (query, variables, name) = self.endpoint.schema, operation
        if kind is OperationType.SUBSCRIPTION:
            events = await schema.subscribe(query, variables, context, None, name)
            async with aclosing(events):
                async for result in events:
                    yield result
            return
        answer = schema.execute(query, variables, context, None, name)
        is_doing = kind is OperationType.MUTATION
        yield await (sockets_of(self.socket).see_through(answer) if is_doing else answer)


def _code_in(result: ExecutionResult) -> str | None:
    return str((result.errors[0].extensions or {}).get("code")) if result.errors else None


async def _close(socket: WebSocket, error: BaseException) -> None:
    closing = _closing(error)
    if isinstance(error, CalendarSyncError):
        socket.state.error_code = code_of(error)
    if WebSocketState.DISCONNECTED not in {socket.client_state, socket.application_state}:
        with suppress(WebSocketDisconnect, OSError, RuntimeError):  # the client, or the server, was first
            await socket.close(closing.code, closing.reason)


def _closing(error: BaseException) -> Closing:
    if isinstance(error, Closing):
        return error
    if isinstance(error, NotAuthenticated):
        is_missing = code_of(error) == NotAuthenticated.code
        return Closing(messages.UNAUTHORIZED if is_missing else messages.FORBIDDEN, error.message)
    return Closing(messages.TRY_AGAIN_LATER, error.message if isinstance(error, CalendarSyncError) else "")
