"""The terminology engine: whole answers to FHIR's terminology operations, issues included, without FHIR's JSON.

Reading order: `service` (the engine, one a process), `registry` (what is loaded, at one catalogue revision),
`versions` (which version is meant), `content` and `overlay` (a code system's concepts, stored or brought by a
request), `library` (all that one request may see), `languages` (which name to show), then one file an operation:
`translate` (with `implicit_maps`, and `translate_plan`, the same compiled), `lookup`, `subsumes`, `validate_code` and
`validate_in_value_set` (with `included_systems`, `included_version`, `membership`, `coding_checks`, `finding`, `messages`,
`standing`, `validation_answer`), `expand`
with `selection`, `selection_parts`, `filters`, `regex` and `implicit_value_sets` (which concepts), `expansion_entry`,
`expansion_tree` and `concept_status` (what is said of them), `compare`, `closure`.

Must not know HTTP, and raises only the errors of `termserver.errors`.
"""
