package data

import (
	"context"
	"fmt"
	"slices"

	"gangpu/mnist"
)

// Datasets returns the names that Options.Dataset may have, sorted.
func Datasets() []string {
	names := append(mnist.Datasets(), emojiName)
	for _, s := range madeSets {
		names = append(names, s.name)
	}
	slices.Sort(names)
	return names
}

// findNamed fetches and plans a dataset whose pictures are decoded.
func findNamed(ctx context.Context, o Options) (*found, error) {
	for _, s := range madeSets {
		if s.name == o.Dataset {
			return s.find(ctx, o)
		}
	}
	switch o.Dataset {
	case emojiName:
		return findEmoji(ctx, o)
	case "":
		return nil, fmt.Errorf("neither a folder nor the name of a dataset: there are %s", words(Datasets()))
	}
	return nil, fmt.Errorf("no dataset %q of pictures; there are %s", o.Dataset, words(Datasets()))
}
