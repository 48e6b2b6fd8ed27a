#!/usr/bin/env bash
# llama.cpp's server (of llama-cpp-python) over a tiny random model: llamacpp_serve.sh BIN FOLDER PORT INTERRUPT
# INTERRUPT true: a new request cuts every stream that runs, the server's own default.
set -euo pipefail
bin=$1 folder=$2 port=$3 interrupt=$4
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
[ -f "$folder/tiny.gguf" ] || "$bin/python" "$here/tiny_gguf.py" "$folder/tiny.gguf"
exec "$bin/python" -m llama_cpp.server --model "$folder/tiny.gguf" --model_alias tiny --embedding true --n_ctx 512 \
  --n_threads 1 --interrupt_requests "$interrupt" --host 127.0.0.1 --port "$port"
