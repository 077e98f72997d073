"""What the values of a laboratory list say where its unit is missing: a median tells g/L from mmol/L.

A local list may carry the deciles of the values that were reported under a code. Whether haemoglobin is counted in g/L, g/dL or
mmol/L is plain from a median of 135, 13.5 or 8.4. `UNITS_BY_MEDIAN` holds, for tests whose units differ between laboratories, the
range in which the median of a hospital's or a health centre's values lies in each unit: the usual reference interval, widened by
half on either side for the sick. Where two units are possible the values decide nothing.

Source of the intervals: common clinical knowledge (adult reference intervals as Nordic laboratories print them); written for this
project.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from termserver.matching.labs import SPECIMENS, analyte_of, axes_of_name
from termserver.matching.normalise.common import fold

_COLUMN = re.compile(
    r"decil|desiil|detsiil|percentil|persentiil|protsentiil|procentil|kvantil|quantil|fraktil|tiundamork|hundradsm"
)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?")
LEAST_VALUES = 5
_IN_BLOOD = {"serum or plasma", "blood", "red cells", "white cells", "capillary blood", "arterial blood"}
Units = tuple[tuple[str, float, float], ...]

# beginnings of what is measured, folded → units with the range of a median in them
UNITS_BY_MEDIAN: tuple[tuple[str, Units], ...] = (
    ("hba1c hb-a1 glykohemoglobin hemoglobiini-a1 hemoglobin-a1", (("mmol/mol", 25, 120), ("%", 4, 13))),
    ("hemoglob haemoglob hemoglo hb hgb", (("g/L", 80, 190), ("g/dL", 8, 19), ("mmol/L", 5, 7.9))),
    ("glukos gluk gluc gluko gliukoz glikoz", (("mmol/L", 3, 16), ("mg/dL", 54, 290))),
    ("kreatini krea kreat creatini", (("umol/L", 35, 400), ("mg/dL", 0.4, 4.5))),
    ("natrium naatrium natrij natris sodium na", (("mmol/L", 110, 170),)),
    ("kalium kaalium kalij kalis potassium k", (("mmol/L", 2.5, 7),)),
    ("klorid kloorid chlorid hlorid cl", (("mmol/L", 80, 125),)),
    ("kalsium kalcium kaltsium kalcij kalcis calcium ca", (("mmol/L", 0.8, 3.4), ("mg/dL", 7, 13))),
    ("magnesium magneesium magnij magnis mg", (("mmol/L", 0.5, 1.2), ("mg/dL", 1.4, 2.9))),
    ("fosfat fosfaat fosfor phosph pi", (("mmol/L", 0.5, 2), ("mg/dL", 2.2, 6.5))),
    ("urea karbamid uurea sliekale slapal", (("mmol/L", 2, 20), ("mg/dL", 24, 130))),
    ("urat uraat uric uritsyra kusihape", (("umol/L", 150, 700), ("mg/dL", 2.6, 11))),
    ("bilirubin", (("umol/L", 3, 60), ("mg/dL", 0.15, 2.9))),
    ("kolesterol cholester holester", (("mmol/L", 2.5, 8), ("mg/dL", 100, 310))),
    ("triglycer triglyser trigluts trigliceri", (("mmol/L", 0.5, 4), ("mg/dL", 45, 350))),
    ("albumin", (("g/L", 20, 55), ("g/dL", 2, 5.5), ("umol/L", 300, 830))),
    ("protein proteiini valk", (("g/L", 45, 90), ("g/dL", 4.5, 9))),
    ("jarn raud rauta jern dzelzs gelezis iron fe", (("umol/L", 5, 35), ("ug/dL", 40, 195))),
    ("ferritin", (("ug/L", 10, 900),)),
    ("transferrin", (("g/L", 1.2, 4.2), ("mg/dL", 120, 420))),
    ("tyroxin tyroksin turoksiin thyrox tiroksin t4", (("pmol/L", 8, 30), ("nmol/L", 45, 190), ("ng/dL", 0.5, 2.4))),
    ("tyreotrop tsh turotrop thyrotrop tirotrop", (("mIU/L", 0.2, 12),)),
    ("kobalamin cobalamin b12", (("pmol/L", 100, 900), ("ng/L", 950, 1300))),
    ("kortisol cortisol", (("nmol/L", 80, 900), ("ug/dL", 3, 33))),
    ("crp", (("mg/L", 0.4, 120),)),
    ("leukocyt leukosyt leukotsuut leukocit lpk", (("10*9/L", 2, 20), ("/uL", 2000, 20000))),
    ("trombocyt trombosyt trombotsuut trombocit thrombocyt tpk plt", (("10*9/L", 80, 600), ("/uL", 80000, 600000))),
    ("erytrocyt erytrosyt erutrotsuut eritrocit erythrocyt epk", (("10*12/L", 2.5, 7),)),
    ("hematokrit haematocrit hematocrit evf hct", (("%", 22, 60), ("L/L", 0.2, 0.6))),
    ("mcv", (("fL", 65, 120),)),
    ("mch", (("pg", 20, 42),)),
    ("laktaattidehyd laktatdehyd laktaatdehyd lactatedehyd", (("U/L", 60, 900), ("ukat/L", 1, 15))),
    ("laktat laktaat lactat", (("mmol/L", 0.4, 6), ("mg/dL", 7, 55))),
    (
        "kreatiinkinaas kreatinkinas ck alat asat alt ast ldh afos alp ggt gt amylas amulaas amilaz",
        (("U/L", 8, 400), ("ukat/L", 0.1, 6.5)),
    ),
    ("litium liitium litij litis lithium", (("mmol/L", 0.2, 1.5),)),
    ("digoksin digoxin", (("nmol/L", 0.5, 3), ("ug/L", 0.35, 0.49))),
    ("folat folaat foolhap", (("nmol/L", 12, 60), ("ug/L", 2, 11))),
    ("d-vitamin vitamin-d vitamiin d-vitamiini 25-oh", (("nmol/L", 45, 160), ("ng/mL", 12, 44))),
)


@dataclass(frozen=True, slots=True)
class ReadUnit:
    """A unit told by values.

    Parameters
    ----------
    median
        Of the values.
    """

    unit: str
    median: float

    @property
    def remark(self) -> str:
        """What a curator should know."""
        return f"no unit is given; values around {self.median:g} are those of {self.unit}"


def deciles_of(context: Mapping[str, str]) -> tuple[float, ...]:
    """The values in a context's column of deciles or percentiles, rising; none where there is no such column.

    Infinite and missing ends (`_`, `NA`) are left out. At least five values that never fall are asked for.

    >>> deciles_of({"percentiles": "[ 0, 84, 86, 88, 89, 91, _ ]"})
    (0.0, 84.0, 86.0, 88.0, 89.0, 91.0)
    >>> deciles_of({"detsiilid": "3,1; 3,6; 3,8; 4; 4,1"}), deciles_of({"unit": "1 2 3 4 5"})
    ((3.1, 3.6, 3.8, 4.0, 4.1), ())
    """
    for column, text in context.items():
        if _COLUMN.search(fold(column)):
            # "3,1; 3,6": where another sign parts the numbers, a comma is a decimal one
            parted = text.replace(",", ".") if re.search(r"[;|]", text) else re.sub(r",\s*", " ; ", text)
            values = tuple(float(number) for number in _NUMBER.findall(parted))
            if len(values) >= LEAST_VALUES and all(a <= b for a, b in pairwise(values)):
                return values
    return ()


def unit_of_values(term: str, context: Mapping[str, str]) -> ReadUnit | None:
    """The unit that a test's values are in, where its deciles tell it.

    >>> unit_of_values("B-Hb", {"deciles": "98;112;120;126;131;135;139;144;150"}).unit
    'g/L'
    >>> unit_of_values("B -Hemoglobiini", {"deciles": "6.1;6.9;7.2;7.4;7.5;7.7;7.8;8.8;9.2"}).unit
    'mmol/L'
    >>> unit_of_values("B-Hb", {}), unit_of_values("Vikt", {"deciles": "50;60;70;80;90"})
    (None, None)
    >>> unit_of_values("U-Alb", {"deciles": "5;9;25;60;120"})  # the ranges are those of blood
    """
    values = deciles_of(context)
    specimen = axes_of_name(term).specimen
    if not values or (specimen and SPECIMENS[specimen - 1] not in _IN_BLOOD):
        return None
    median = values[len(values) // 2]
    first, *others = [*re.split(r"[\s,;:()/]+", fold(analyte_of(term)).strip()), ""]
    if others[0][:1].isdigit():  # "CA 19-9" is not calcium
        return None
    for beginnings, units in UNITS_BY_MEDIAN:
        if any(_begins(first, beginning) for beginning in beginnings.split()):
            fitting = [unit for unit, low, high in units if low <= median <= high]
            return ReadUnit(fitting[0], median) if len(fitting) == 1 else None
    return None


def _begins(word: str, beginning: str) -> bool:
    """Short beginnings are whole words: `k` is potassium, "kol" is not."""
    return word == beginning if len(beginning) <= 4 else word.startswith(beginning)
