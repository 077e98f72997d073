"""FHIR JSON ↔ model, for R4, R4B and R5: pure functions, the only place where FHIR's field names are known.

Reading order: `versions` (which FHIR version, by path and MIME type), `elements` (typed reading with the place of
the fault), `extensions`, `coding`, `concept_map` with `map_groups` and
`map_group_writer`, `code_system`, `value_set` with `value_set_parts` and `expansion`, `standing` (what extensions
say of them), `parameters` (one reader for GET queries and POSTed Parameters), then one file an operation:
`translate_parameters` and `match_template`, `terminology_parameters`, `lookup_parameters`, `expand_parameters`,
`closure_parameters`;
`operation_outcome`, `capability` and `terminology_capabilities`, `bundle`, `search_parameters`.

Must not do input or output, and must not know the store or the engines.
"""
