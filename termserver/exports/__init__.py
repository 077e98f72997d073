"""Maps as files, one file a format: FHIR for machines, CSV for people, Usagi for OMOP teams.

Reading order: `registry` (which formats there are; `write_map`), `rows` (a published map as rows), `concept_map`,
`csv_table`, `usagi`. Writers take what is complete and yield bytes; they must not know the store.
"""
