#!/bin/sh
# Submit a study as a job array and, once all of it is done, the merge:
#   examples/slurm/submit.sh SHARDS STUDY OUT [OPTIONS, such as --data DIR]
# RUN_STUDY and MERGE_STUDY name the programs where they are not on the PATH; OUT must be on a file system that all nodes
# share. Submit again with the same arguments to go on after a failure: shards that are complete end at once.
set -eu
shards=$1
study=$(realpath "$2")
out=$(realpath -m "$3")
shift 3
here=$(dirname "$(realpath "$0")")
array=$(sbatch --parsable --array="1-$shards" "$here/array.sbatch" "$study" "$out" "$@")
sbatch --dependency="afterok:${array%%;*}" --kill-on-invalid-dep=yes "$here/merge.sbatch" "$study" "$out" "$@"
