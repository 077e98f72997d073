"""Files in, rows and concepts out: every format the house reads, as streams. No store, no HTTP.

Reading order: `source` (what a loader returns), `registry` (which loader reads a file), `recipe` (`source.toml`),
then the formats.

Tables a person uploads: `text_encoding`, `archive`, `table` (delimited text and spreadsheets as rows of cells),
`column_roles`, `language_guess`, `sniff` (a guess with preview), `row_checks`, `table_rows`, `personal_ids` with
`identity_numbers`. Publishers' formats: `code_table`, `fixed_width`, `fhir_json`, `fhir_xml`, `usagi`, `finnkode`,
`rf2`, `loinc`, `who_icd_10`.

A loader refuses a row with a `RowProblem` and goes on; it raises `BadFile` where nothing sensible can be read. It must
not store, must not hold a whole release in memory, and must not open the network.
"""
