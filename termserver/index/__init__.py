"""Read structures derived from content: immutable, shared by mapping files into memory, rebuilt at any time.

Reading order: `revision_watch` (did content change?), `concept_table` (codes, displays, flags by ordinal),
`hierarchy` (ancestors, descendants, subsumption), `parts` (what a part of the index is), the parts `concepts_part`,
`concept_bodies` (names and properties), `text` (search in designations) and `attributes` with `text_pool` and
`kept_masks` (SNOMED CT: what `constraint_index` gives to expression constraints), `property_columns` (values of
properties, in memory),
`cache` and `builder` (from the store or the loader into the index folder and back), `code_index`,
`translation_table`, `table_files` and `table_builder` ($translate from memory).

Built from `store`; must not know the engines or HTTP. Nothing here is truth: deleting the folder loses no data.
"""
