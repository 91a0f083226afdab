#!/bin/sh
# Fetches NVIDIA's NCCL to test with to build/nccl, by pip, pinned, its hash checked (216 MB), and prints the folder with
# libnccl.so.2 and nccl.h. Fails where pip cannot.
set -e
version=2.30.7
hash=cefa7fdb9710efd0f39c5f1be1d61ff6fc9a996c451265bd7fbdcf9455ed4b50
dir=$PWD/build/nccl/$version
if [ ! -e "$dir/libnccl.so.2" ]; then
	(
		rm -rf build/nccl && mkdir -p "$dir" && cd "$dir" &&
			python3 -m pip download -q --no-deps --only-binary=:all: --platform manylinux_2_18_x86_64 nvidia-nccl-cu13==$version &&
			wheel=$(ls ./*.whl) &&
			echo "$hash  $wheel" | sha256sum -c --quiet &&
			python3 -c "
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
for member in 'include/nccl.h', 'lib/libnccl.so.2':
    with open(member.split('/')[1] + '.part', 'wb') as f: f.write(wheel.read('nvidia/nccl/' + member))
" "$wheel" && rm "$wheel" && mv nccl.h.part nccl.h && mv libnccl.so.2.part libnccl.so.2
	) >&2
fi
echo "$dir"
