#!/bin/sh
# Trains the risk model: models/risk/model.ubj and golden.tsv, from $GREENLANE_DATA/declarations/kcs/train.csv. Seeded: the same data
# give the same bytes. `train.sh tune` prints what the choices give on splits of train.csv by time instead, and writes nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${GREENLANE_DATA:=$root/../shared/data}"
venv=${GREENLANE_RISK_VENV:-$root/build/risk-venv}
export GREENLANE_DATA PYTHONDONTWRITEBYTECODE=1
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
fi
exec "$venv/bin/python" "$here/train.py" "${1:-train}"
