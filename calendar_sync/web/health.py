"""`/health/live` and `/health/ready`, for whoever starts and watches the process. They need no credentials."""

from starlette.requests import Request
from starlette.responses import Response

from calendar_sync.web.authentication import services_of
from calendar_sync.web.operations import Operation, answer
from calendar_sync.web.shapes import Health


async def live(request: Request) -> Response:
    return answer(Health())


async def ready(request: Request) -> Response:
    await services_of(request).database.still_ready()
    return answer(Health())


OPERATIONS = (
    Operation(
        method="GET",
        path="/health/live",
        handler=live,
        name="live",
        summary="Is the process up?",
        description="Answers as long as the process serves requests at all.",
        answers={200: Health},
        is_open=True,
    ),
    Operation(
        method="GET",
        path="/health/ready",
        handler=ready,
        name="ready",
        summary="Can requests be served?",
        description="Answers 200 when the store does.",
        answers={200: Health},
        errors={503: ["STORE_UNAVAILABLE"]},
        is_open=True,
    ),
)
