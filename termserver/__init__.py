"""termserver: local code lists in nine languages become curated, served FHIR ConceptMaps.

Reading order: `model` (the words of the house), `store` (the truth), `index` (read structures derived
from it), `terminology` and `matching` (the two engines), `curation` (the use cases), `rest` and `ui`
(the edges), `app`, `worker` and `cli` (the wiring). The layers and what each must not do are drawn in
`docs/contributors/architecture.md`; `lint-imports` checks them.
"""

__version__ = "0.1.0"
