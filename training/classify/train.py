"""Trains the HS6 classifier that ships: on all rows, with the temperatures, ceilings and threshold that rows held out say (calibrate.py).

Writes models/classify/hs6.glm and its golden vectors, stages/classify/golden_model.tsv. How good it is: evaluate.py.
"""
import os

import calibrate
import golden
from data import Rows
from export import write_if_changed
from recipe import log, out_of_fold, whole
from text import normalise

NAME = "hs6-4"


def main():
    rows = Rows()
    settings = calibrate.settings(out_of_fold(rows))
    shipped = whole(rows)
    shipped.temperatures, shipped.ceilings, shipped.abstain_ppm = settings.temperatures, settings.ceilings, round(settings.cut * 1e6)
    shipped.mix = rows.chapter_mix()
    data = shipped.to_bytes(NAME)
    write_if_changed(os.path.join(golden.ROOT, "models", "classify", "hs6.glm"), data)
    log(f"models/classify/hs6.glm: {len(data)} bytes")
    golden.write_model_vectors(lambda raw: shipped.classify(normalise(raw)))
    golden.write_text_vectors()


if __name__ == "__main__":
    main()
