#!/usr/bin/env bash
# gpu.sh: on a machine with a GPU, the tests that need it, then the measurements beside PyTorch. Bench/README.md says what is counted.
#   --device D    what is tested and measured: cuda, or opencl [cuda]
#   --app DIR     published projects, each in a folder of its name, for a machine without the SDK [what is built in artifacts/bin]
#   --out DIR     where tables and logs go [gpu-results]
#   --minutes N   begin no further measurement after so many minutes, those of the tests included [9]
#   --tune        before measuring, let gpucnn tune choose the algorithms of the networks that are measured
#   --no-checks   measure alone
# What follows -- is handed to the bench: -- --only matrix, -- --quick.
set -uo pipefail
device=cuda app= out=gpu-results minutes=9 tune= checks=1
while (($#)); do
  case "$1" in
    --device | --app | --out | --minutes) [ $# -ge 2 ] || { echo "$1 expects a value." >&2; exit 2; }; declare "${1#--}=$2"; shift 2 ;;
    --tune) tune=1; shift ;;
    --no-checks) checks=; shift ;;
    --) shift; break ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
began=$SECONDS status=0

# The program of a project, published or built.
program() {
  local file
  file=$(ls "${app:-$root/artifacts/bin}/$1"/{,release/}"$2" 2>/dev/null | head -1)
  [ -n "$file" ] || { echo "There is no $2 in ${app:-artifacts/bin}/$1: publish $1, or build it with dotnet build -c Release $1." >&2; exit 1; }
  echo "$file"
}
bench=$(program Bench GpuCnn.Bench.dll) || exit 1
tests=$(program Tests GpuCnn.Tests.dll) || exit 1
cli=$(program Cli gpucnn.dll) || exit 1

# The first Python that has PyTorch; without one there is no other side.
for python in ${GPUCNN_PYTHON:-} python3 /usr/bin/python3; do
  if "$python" -c 'import torch' 2>/dev/null; then
    GPUCNN_PYTHON=$(command -v "$python")
    export GPUCNN_PYTHON
    break
  fi
done

echo "== devices"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit --format=csv,noheader 2>/dev/null
dotnet "$cli" devices

if [ -n "$checks" ]; then
  kind=${device%%:*}
  case "$kind" in
    cuda) fixtures='FullyQualifiedName~CudaHardwareTests|FullyQualifiedName~<CudaSampleDevice>' ;;
    *) fixtures='FullyQualifiedName~<OpenClSampleDevice>' ;;
  esac
  echo "== checks"
  # Every kernel on the device, then networks on it against PyTorch's numbers and ours on the CPU.
  GPUCNN_REQUIRE=$kind GPUCNN_LONG_TESTS=1 timeout 240 dotnet "$tests" --no-ansi --filter "$fixtures|(Name~$kind&(FullyQualifiedName~.Golden.|FullyQualifiedName~.Plans.|FullyQualifiedName~.Training.))" \
    > "$out/checks.log" 2>&1
  code=$?
  tail -8 "$out/checks.log"
  # Measured all the same: each row is checked before it counts.
  ((code == 0)) || { echo "The checks failed ($code): $out/checks.log says where."; status=1; }
fi

if [ -n "$tune" ]; then
  echo "== tune"
  for model in resnet18 resnet50 googlenet-torchvision vgg16 alexnet-torchvision; do
    dotnet "$cli" tune "$model" --batch 32 --device "$device" >> "$out/tune.log" 2>&1 || { echo "tune $model failed: $out/tune.log says why."; status=1; }
  done
fi

echo "== measurements"
left=$(awk "BEGIN { m = $minutes - ($SECONDS - $began) / 60; print (m > 0.5 ? m : 0.5) }")
dotnet "$bench" device --device "$device" --minutes "$left" --markdown "$out/$device.md" --json "$out/$device.json" "$@" || status=1
exit "$status"
