//go:build !noasm

package cpu

func testedUnits() []*vectorUnit {
	units := []*vectorUnit{plainGo}
	if hasAVX2 {
		units = append(units, avx2)
	}
	if hasAVX512 {
		units = append(units, avx512)
	}
	return units
}
