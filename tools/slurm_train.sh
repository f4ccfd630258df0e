#!/usr/bin/env bash
# Train as a Slurm job.
#   tools/slurm_train.sh PARTITION JOB CONFIG WORK_DIR [arguments of train.py]
# Settable: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS.
set -euo pipefail

if [ $# -lt 4 ]; then
    echo "usage: $0 PARTITION JOB CONFIG WORK_DIR [arguments of train.py]" >&2
    exit 2
fi
partition=$1
job=$2
config=$3
work_dir=$4
shift 4

gpus=${GPUS:-8}
gpus_per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}

# SRUN_ARGS holds several arguments: it is split on purpose.
# shellcheck disable=SC2086
exec srun \
    --partition="$partition" \
    --job-name="$job" \
    --gres="gpu:$gpus_per_node" \
    --ntasks="$gpus" \
    --ntasks-per-node="$gpus_per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$(dirname "${BASH_SOURCE[0]}")/train.py" \
    "$config" --work-dir "$work_dir" --launcher slurm "$@"
