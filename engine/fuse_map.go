package engine

import "slices"

// fuseMaps makes maps a part of the maps and reductions that read their results, so that these need not be
// written and read again, and then makes one of maps, of sums, and of a map and a sum, that read the same operands.
func fuseMaps(steps []*step) []*step {
	steps = inlineMaps(steps)
	steps = mergeSiblings(steps, samePoints, mergeAlike)
	return mergeSiblings(steps, mapAndSum, mergeMapAndSum)
}

// countUses counts anew how often values are read, and drops constants that are not read any more.
func countUses(steps []*step) []*step {
	for _, s := range steps {
		for _, v := range s.args {
			v.uses = 0
		}
	}
	for _, s := range steps {
		for _, v := range s.reads() {
			v.uses++
		}
	}
	return slices.DeleteFunc(steps, func(s *step) bool {
		return isFill(s) && s.results()[0].isScratch() && s.results()[0].uses == 0
	})
}
