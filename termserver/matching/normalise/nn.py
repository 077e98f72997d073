"""Words of Norwegian (nynorsk) that the engine treats apart; `*` stands for any ending, words are folded."""

TYPED_WORDS: dict[str, str] = {
    "unspecified": "uns uspesifis*",
    "other": "andre anna annan",
    "chronic": "kronisk*",
    "acute": "akutt*",
    "left": "venstre",
    "right": "hogre",
    "without": "ikkje ingen utan",
    "congenital": "medfodd*",
    "female": "kvinn* livmor*",
    "male": "mann mannleg* menn",
    "newborn": "nyfodd*",
    "pregnancy": "gravid* svangerskap*",
    "partial": "delvis ufullstendig*",
    "malignant": "kreft* vondarta",
    "benign": "godarta",
}

ABBREVIATIONS: dict[str, str] = {
    "uns": "uspesifisert",
    "u": "utan",
    "m": "med",
}
