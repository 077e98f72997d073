"""Maps that others made, read as concept maps: FHIR, SSSOM, RF2 map reference sets, Snap2SNOMED, OMOP, any table.

Reading order: `map_lines` (a line of a file, and how lines become elements), a file a format, `registry` (which file is
what; `read_maps`). What a format says beyond R5's ConceptMap is kept as declared properties of the target.
"""
