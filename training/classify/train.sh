#!/bin/sh
# Trains the HS6 classifier with one command, training/classify/train.sh, or measures it: train.sh --measure [--write] (./dev eval-classify);
# train.sh --gate trains the gate before it (models/classify/vague.glv).
# Reads $GREENLANE_DATA/descriptions (default: ../shared/data beside the project) and training/lexicon. Training writes models/classify/hs6.glm
# and its golden vectors, measuring (with --write) the figures and the curve of the model card. What models of the folds say is kept under
# $GREENLANE_BUILD/eval-classify. CLASSIFY_VENV names the Python environment that is made when it is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${CLASSIFY_VENV:-$here/../../.venv/classify}
if [ ! -e "$venv/complete" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    "$venv/bin/pip" install --quiet --no-deps fasttext-wheel==0.9.2 || echo "fastText cannot be installed here: it is left out of the comparison" >&2
    : >"$venv/complete"
fi
script=train.py
case ${1:-} in
--measure) shift; script=evaluate.py ;;
--gate) shift; script=vague.py ;;
esac
cd "$here"
# Sums depend on the number of threads: one, so that a run can be repeated.
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONHASHSEED=0 exec "$venv/bin/python" -B "$script" "$@"
