#!/usr/bin/env bash
# Train with several processes on one machine or more.
#   tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]
# PROCESSES counts this machine only. Over several machines, run it on each
# with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
set -euo pipefail

if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG PROCESSES [arguments of tools/train.py]" >&2
    exit 2
fi
config=$1
processes=$2
shift 2

exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$(dirname "${BASH_SOURCE[0]}")/train.py" \
    "$config" --launcher pytorch "$@"
