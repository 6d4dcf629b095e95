"""Collections in pages, by `$top` and `$skip`, and resources by `$select`."""

from urllib.parse import quote, urlencode

from simulators.microsoft.calls import Call
from simulators.microsoft.times import JsonObject

USUAL_PAGE = 10


def listed(call: Call, items: list[JsonObject]) -> JsonObject:
    """A page of items, with the link to the next one where there are more. Raises `GraphError`."""
    given = call.parameters
    top = given.number("top", call.preferences.page_size or USUAL_PAGE, 1, 1000)
    skip = given.number("skip", 0, 0, 2**31)
    page = {"value": [selected(item, given.names("select")) for item in items[skip : skip + top]]}
    if skip + top >= len(items):
        return page
    following = [*given.asked("skip"), ("$skip", str(skip + top))]
    return {"@odata.nextLink": f"{call.url}?{urlencode(following, quote_via=quote, safe='$:,')}"} | page


def selected(resource: JsonObject, names: list[str]) -> JsonObject:
    """What `$select` wants of a resource: the id always."""
    if not names:
        return resource
    wanted = {name.lower() for name in names} | {"id"}
    return {name: value for name, value in resource.items() if name.lower() in wanted or name.startswith("@")}
