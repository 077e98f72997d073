"""Texts made comparable: folding, skeletons, numbers, abbreviations and typed words of each language.

Reading order: `common` (rules of all languages), `tables` (which language has which table, and the axes of typed words), then
one module of words a language: `sv nb nn da fi is_ et lv lt en la`. Nothing here reads files or knows of targets.
"""
