"""FHIR over HTTP: read the request, call one function of the engine, write the answer.

Reading order: `request` (a request without HTTP's details), `negotiation` (version and format), `body` (reading what
was sent, within bounds), `service` (what is answered from), `answers` (what is sent, and its caching), `errors` (the
only place where an error becomes an OperationOutcome); then what each path does: `operations` with `preferred_id`,
`reading` with `rendering` and `paging`, `searching`, `writing` with `large_maps`, `bundles` with `transactions`;
`dispatch` (path → function, for HTTP and batch alike), `hot` ($translate as plain ASGI) with `hot_bodies`, `hot_codes`
($lookup, $validate-code, $subsumes likewise), `routes` (`build_routes`, for the app).

Must not know SQL. Blocking work runs in a thread pool; only `hot` answers on the event loop, from memory.
"""
