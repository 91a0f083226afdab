# Sourced by the scripts beside it, which run in this directory.
#
# nvidia_tool PACKAGE VERSION SHA256 MEMBER: prints the path of a file of NVIDIA's package for Python, fetched by
# pip at this version, its wheel's hash checked, and kept in ../build/NAME. Fails where it cannot be had.
nvidia_tool() {
	name=$(basename "$4")
	dir=../build/$name
	if [ ! -x "$dir/$name-$2" ]; then
		mkdir -p "$dir"
		(
			cd "$dir"
			python3 -m pip download -q --no-deps --only-binary=:all: --platform manylinux2014_x86_64 "$1==$2" &&
				wheel=$(ls "$(echo "$1" | tr - _)-$2"-*.whl) &&
				echo "$3  $wheel" | sha256sum -c --quiet &&
				python3 -c "import sys, zipfile; open(sys.argv[2], 'wb').write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[3]))" "$wheel" "$name" "$4" &&
				chmod +x "$name" && mv "$name" "$name-$2" && rm "$wheel"
		) >&2 || return 1
	fi
	echo "$dir/$name-$2"
}

nvidia_ptxas() {
	nvidia_tool nvidia-cuda-nvcc-cu12 12.9.86 5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0 nvidia/cuda_nvcc/bin/ptxas
}

nvidia_nvdisasm() {
	nvidia_tool nvidia-cuda-nvdisasm 13.2.51 5a7acf77c55d6d2911ed6155d4d5bc156ffadf9df7a68a89b0c1155f4b13688c nvidia/cu13/bin/nvdisasm
}

# nvidia_headers: prints the paths of cuda.h of CUDA 11, 12 and 13, with : between them.
nvidia_headers() {
	h11=$(nvidia_tool nvidia-cuda-runtime-cu11 11.8.89 92d04069a987e1fbc9213f8376d265df0f7bb42617d44f5eda1f496acea7f2d1 nvidia/cuda_runtime/include/cuda.h) &&
		h12=$(nvidia_tool nvidia-cuda-runtime-cu12 12.9.79 25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3 nvidia/cuda_runtime/include/cuda.h) &&
		h13=$(nvidia_tool nvidia-cuda-runtime 13.0.96 7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548 nvidia/cu13/include/cuda.h) &&
		echo "$PWD/$h11:$PWD/$h12:$PWD/$h13"
}
