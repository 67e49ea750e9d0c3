"""How fast Canvass is, against what its machine can do and against others: `python3 app.py bench`.

One module per measurement, each with TITLE, ABOUT, `trials` (what is run, in turn with the others' trials) and `rows`
(what the medians say). The product is measured over HTTP, as docs/sync.md describes it; nothing in it is replaced.
"""
