"""Local terms in, candidates with evidence out. Texts and arrays only: no database, no HTTP, no training libraries at run time.

Reading order: `engine` (what callers use), `queries` (a row made ready), `target_columns`, `index` and `index_files` (the targets
made ready), `search` (candidates), `features`, `ranker`, `calibration`, `evidence`; beside them `own_model`, `lexical`,
`hashing`, `labs`, `memory`, `transformer`, `target_search`, `normalise/`. `evaluation` measures, `training/` makes what lies in
`weights/`.
"""
