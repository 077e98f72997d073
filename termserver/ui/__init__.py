"""The pages for terminologists: read the request, call one use case, write HTML.

Reading order: `routes` (every URL on one page), `edge` (what each page gets: session, person, form, and how errors
become pages), `pages_*` (one file a part of the work), `row_filter`, `words` (texts and numbers for people),
`highlight`, `templates/`, `static/`.

Must not: hold rules of curation, touch SQL, import `rest`; no inline script or style (the Content-Security-Policy
forbids both), no state between requests.
"""
