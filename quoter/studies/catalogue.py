"""Catalogue of all studies, by the name that `quoter simulate` takes."""

from quoter.studies.as_tables import study as as_tables
from quoter.studies.common.options import Study
from quoter.studies.crash import study as crash
from quoter.studies.gamma import study as gamma
from quoter.studies.hedge import study as hedge
from quoter.studies.slicing import study as slicing
from quoter.studies.toxic import study as toxic
from quoter.studies.widening import study as widening

STUDIES: dict[str, Study] = {
    "as-tables": as_tables,
    "gamma": gamma,
    "widening": widening,
    "toxic": toxic,
    "crash": crash,
    "slicing": slicing,
    "hedge": hedge,
}
