"""The use cases of curation. Each begins with `require(actor, …)` and writes its audit event in the same transaction.

Reading order: `people`, `projects`, `upload` (a list becomes a project), `suggest` (candidates), `engines` (the matching
engines of loaded content), `queue` (what is shown), `decisions`, `review` (the second person), `quality`, `publish`,
`concept_view`, `resources` (writing over FHIR). No HTTP, no SQL: they call `store` with the session the edge opened.
"""
