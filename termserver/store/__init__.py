"""All SQL of the house; the only package that imports sqlalchemy.

Reading order: `engine` (database, sessions, migrations), `tables` (what is where), then a file for each thing:
`code_systems`, `value_sets`, `concept_maps`, `naming_systems` (content: immutable, versioned), `resource_versions`
(FHIR's history of them), `resources` (all four alike), `projects`, `rows`, `candidates`, `decisions`, `people`,
`jobs`, `audit_log` (curation: transactional). Functions take a session and speak in dataclasses of `model`; they
flush and never commit: the edge that opened the session commits once. `staged_loads` is the exception: a release goes
in by many short transactions and becomes visible in the caller's.
"""
