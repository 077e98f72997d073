"""FHIR JSON ↔ model, for R4, R4B and R5: pure functions, the only place where FHIR's field names are known.

Reading order: `versions` and `media_types` (which FHIR version and format, by path and MIME type), `schema` (the
elements of all types), `primitives`, `xml_reader` and `xml_writer`, `conformity` (is this a resource?),
`json_stream`, `elements` (typed reading with the place of the fault), `extensions`, `coding`, `concept_map` with
`map_groups` and `map_group_writer`, `concept_map_stream` (one too large for memory), `code_system`, `naming_system`,
`value_set` with `value_set_parts` and `expansion`, `metadata`, `standing` (what extensions say of them), `parameters` (one reader
for GET queries and POSTed Parameters), then one file an operation: `translate_parameters` and `match_template`,
`terminology_parameters`, `lookup_parameters`, `expand_parameters`, `closure_parameters`, `compare_parameters`;
`operation_outcome`, `operation_definitions`, `capability` and `terminology_capabilities`, `bundle`, `search_parameters`,
`subsets`, `json_patch`, `fhirpath_patch`.

Must not do input or output, and must not know the store or the engines.
"""
