"""The two languages of SNOMED CT: expression constraints (ECL) and post-coordinated expressions. Pure functions.

Reading order: `syntax_tree` (what a constraint is), `tokens`, `parser` with `filter_parser` (text → tree, with the place
of every mistake), `printing` (tree → text), `evaluate` with `refinements` and `filters` (tree → set of concepts, over
any `Substrate`), `expressions` (the compositional grammar).

Must not know the store, an index or FHIR: what it is evaluated against is the Protocol in `substrate`.

Source: SNOMED CT Expression Constraint Language 2.2; SNOMED CT Compositional Grammar 2.4.
"""
