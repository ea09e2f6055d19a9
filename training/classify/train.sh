#!/bin/sh
# Trains the HS6 classifier with one command: training/classify/train.sh [--measure-only] [--epochs N]
# Reads $GREENLANE_DATA/descriptions (default: ../shared/data beside the project) and training/lexicon; writes models/classify and
# the golden vectors. CLASSIFY_VENV names the Python environment that is made when it is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${CLASSIFY_VENV:-$here/../../.venv/classify}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
fi
cd "$here"
# The sums of a matrix product depend on the number of threads: two, so that a run can be repeated.
OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=2 PYTHONHASHSEED=0 exec "$venv/bin/python" -B train.py "$@"
