"""Models: which slope, half-spread and displacement follow from given market parameters?

Pure functions of the papers by Avellaneda & Stoikov and by Guéant, Lehalle & Fernandez-Tapia.
They import the domain and `pricing.validation` only. Read `avellaneda_stoikov.py` first, then
`glft.py`.
"""
