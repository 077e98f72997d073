"""Files in, rows and concepts out: every format the house reads, as streams. No store, no HTTP.

Reading order: `source` (what a loader returns), `registry` (which loader reads a file), `recipe` (`source.toml`),
then the formats.

Tables a person uploads: `text_encoding`, `archive`, `table` (delimited text and spreadsheets as rows of cells),
`table_header`, `column_roles`, `language_guess`, `sniff` (a guess with preview), `row_checks`, `table_rows`,
`personal_ids` with `identity_numbers`. Publishers' formats: `code_table` with `code_hierarchy`, `fixed_width` and
`json_records`, `unknown_table`, `fhir_json` and `fhir_xml` with `fhir_code_system`, `usagi`, `rf2` and `loinc` with
`release_files` and `sorted_rows`, `who_icd_10`. Turned into each other: `code_system_rows`, `supplement`.

A loader refuses a row with a `RowProblem` and goes on; it raises `BadFile` where nothing sensible can be read. It must
not store, must not hold a whole release in memory, and must not open the network.
"""
