#!/usr/bin/env bash
# transformers serve over a tiny random model: transformers_serve.sh BIN FOLDER PORT
set -euo pipefail
bin=$1 folder=$2 port=$3
here=$(cd "$(dirname "$0")" && pwd)
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false
export HF_HOME="$folder/home"
mkdir -p "$HF_HOME/hub" # its list of models reads this folder
[ -f "$folder/tiny/config.json" ] || "$bin/python" "$here/tiny_llama.py" "$folder/tiny"
exec "$bin/transformers" serve "$folder/tiny" --host 127.0.0.1 --port "$port" --device cpu
