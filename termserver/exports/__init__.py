"""Maps as files, one file a format: FHIR for machines, tables for people, Usagi and OMOP for research, SSSOM, RF2, Snap2SNOMED.

Reading order: `registry` (which formats there are; `write_map`), `rows` (a published map as rows), `table_writer`
(every table goes through it), then a file a format. Writers take a `MapExport` and yield bytes; they must not know the
store. `termserver/docs/formats.md` says what each format keeps and loses.
"""
