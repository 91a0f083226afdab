package main

import (
	"slices"
	"strings"

	"gangpu/gan/train"

	"github.com/urfave/cli/v2"
)

func tagsFlag() cli.Flag {
	return &cli.StringFlag{Name: "tags", DefaultText: "one after the other",
		Usage: "`NAMES` of the tags, that commas part, which all images are to have, of a model that knows tags: its classes and attributes"}
}

// tagsOf are the numbers of the tags that --tags names, nil without it.
func tagsOf(c *cli.Context, m *train.Model) ([]int, error) {
	if !c.IsSet("tags") {
		return nil, nil
	}
	known := m.Tags()
	if known == nil {
		return nil, usagef("--tags %s: the model knows no tags", c.String("tags"))
	}
	if c.IsSet("digit") {
		return nil, usagef("--tags and --digit both say of what the images are: want one of them")
	}
	tags := []int{}
	for name := range strings.SplitSeq(c.String("tags"), ",") {
		i := slices.Index(known, strings.TrimSpace(name))
		if i < 0 {
			return nil, usagef("--tags %s: the model knows %s", name, strings.Join(known, ", "))
		}
		tags = append(tags, i)
	}
	return tags, nil
}
