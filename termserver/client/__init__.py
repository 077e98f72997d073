"""A client of the FHIR API for Python programs: `Client` and `AsyncClient`, with retries, paging, batches, a local cache.

    from termserver.client import Client

    with Client("http://localhost:8080/r4") as server:
        found = server.translate("HI", system="https://example.org/CodeSystem/diagnoses")
        print(found.best.code, found.best.origin_map)

Reading order: `answers` (what comes back), `exchange` (requests and their answers as plain data; retries), `bulk` (whole
files), `client` and `async_client` (the same methods, waiting and awaiting), `cache` (resources kept by ETag). Imports
nothing of the server, needs httpx (extra `client`).
"""

from termserver.client.answers import ClientError, Match, Translation, Validation
from termserver.client.async_client import AsyncClient
from termserver.client.bulk import FileOptions, FileTranslation
from termserver.client.cache import ResourceCache
from termserver.client.client import Client

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "FileOptions",
    "FileTranslation",
    "Match",
    "ResourceCache",
    "Translation",
    "Validation",
]
