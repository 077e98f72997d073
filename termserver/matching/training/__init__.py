"""Training of what the engine ships: own model, ranker, calibration. Runs from `termserver train`, never in a server.

Reading order: `sources` (files → parallel terms), `held_out` (what training must not see), `fit_own_model`, `rows` (gold maps →
ranked examples), `fit_ranker`, `model_card`, `run`. Reads CSV files; writes one folder of weights.
"""
