"""The words of the house: frozen, slotted dataclasses without input or output.

Reading order: `folding`, `extension`, `coding`, `relationship`, `issue`, `code_system`, `value_set`, `concept_map`,
`results` (what the terminology engine answers), `source_list`, `candidate`, `decision`, `person`, `project`, `job`,
`audit_event`.
R5-shaped inside; R4 is rendered at the edge by `termserver.fhir`.
"""
