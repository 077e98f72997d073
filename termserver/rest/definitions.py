"""GET OperationDefinition, and GET OperationDefinition/ID: what each operation of this server takes and gives."""

from __future__ import annotations

from collections.abc import Callable

from termserver.errors import BadInput, NotFound
from termserver.fhir.bundle import write_search_set
from termserver.fhir.elements import Json
from termserver.fhir.operation_definitions import OPERATIONS, write_operation_definition
from termserver.rest.answers import Answer
from termserver.rest.paging import page_links, read_page
from termserver.rest.request import FhirRequest

_SEARCHED: dict[str, Callable[[Json], object]] = {
    "_id": lambda definition: definition["id"],
    "code": lambda definition: definition["code"],
    "url": lambda definition: definition["url"],
}
_OF_ANSWER = ("_format", "_pretty", "_count", "_offset", "_summary", "_total")


def serve_definitions(request: FhirRequest, date: str) -> Answer:
    """Read one, or search by `_id`, `code` and `url`.

    Parameters
    ----------
    date
        Of the software's release.

    Raises
    ------
    NotFound
        If there is no operation of that id.
    BadInput
        If a search parameter is unknown.
    """
    every = [write_operation_definition(operation, request.base_url, date) for operation in OPERATIONS]
    if len(request.path) == 1:
        return Answer(_search(request, every))
    found = next((item for item in every if request.path[1:] == (item["id"],)), None)
    if found is None:
        raise NotFound(f"There is no OperationDefinition with the id '{'/'.join(request.path[1:])[:200]}'")
    return Answer(found)


def _search(request: FhirRequest, every: list[Json]) -> Json:
    page = read_page(request.query)
    for name, value in request.query:
        if name in _SEARCHED:
            every = [item for item in every if _SEARCHED[name](item) in value.split(",")]
        elif name not in _OF_ANSWER:
            known = ", ".join(_SEARCHED)
            raise BadInput(
                f"Parameter '{name[:80]}': OperationDefinition is not searched by it; by {known}", expression=name[:80]
            )
    url = f"{request.base_url}/OperationDefinition"
    shown = every[page.offset : page.offset + page.count]
    links = page_links(url, request.query, len(every), page)
    return write_search_set([(f"{url}/{item['id']}", item) for item in shown], total=len(every), links=links)
