"""WebSockets on the wire: nothing piles up in memory for a client that sends but does not read."""

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class SocketTransport(WebSocketsSansIOProtocol):
    """Uvicorn's, which answers each ping although the answers before it are not taken, and waits without end for a
    client to take the last of them. Here what a client sends waits until it reads, and one that is gone is cut off."""

    def pause_writing(self) -> None:
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    async def receive(self) -> ASGIReceiveEvent:
        event = await super().receive()
        if not self.writable.is_set():
            self.transport.pause_reading()
        return event

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._cut()

    def shutdown(self) -> None:
        super().shutdown()
        self._cut()

    def _cut(self) -> None:
        if not self.writable.is_set():
            self.transport.abort()
