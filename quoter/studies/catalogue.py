"""All studies by name."""

from quoter.studies import as_tables, crash, gamma, hedge, slicing, toxic, widening
from quoter.studies.options import Study

STUDIES: dict[str, Study] = {
    "as-tables": as_tables,
    "gamma": gamma,
    "widening": widening,
    "toxic": toxic,
    "crash": crash,
    "slicing": slicing,
    "hedge": hedge,
}
