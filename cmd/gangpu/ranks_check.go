package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"gangpu/bench"
	"gangpu/engine/program"
	"gangpu/engine/selftest"
	"gangpu/gan/games/tutorial"
	"gangpu/gan/train"
	"gangpu/internal/atomicfile"

	"github.com/urfave/cli/v2"
)

// rankLimit is how long ranks wait for each other where they are measured or checked.
const rankLimit = 2 * time.Minute

// asRank does something on one of the ranks that a launcher started, on its device.
func asRank(c *cli.Context, device string, f func(r *ranks, dev program.Device, of train.Ranks) error) error {
	r, err := joinRanks(c, rankLimit)
	if err != nil {
		return err
	}
	return r.leave(c.Context, func() (err error) {
		dev, err := r.openDevice(c, device)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, dev.Close()) }()
		return f(r, dev, r.of(func(error) {}))
	}())
}

// benchRanks measures a game on several numbers of ranks, one after the other. Ranks measure, and print a result for the
// process that started them.
func benchRanks(c *cli.Context, o bench.Options) error {
	device := "auto"
	if names := c.StringSlice("device"); len(names) > 1 {
		return usagef("--ranks measures one device; %d are given", len(names))
	} else if len(names) == 1 {
		device = names[0]
	}
	var all []int
	most := 1
	for _, text := range strings.Split(c.String("ranks"), ",") {
		n, err := strconv.Atoi(text)
		if err != nil || !canBeRanks(n) {
			return usagef("--ranks %q: want powers of two up to %d, such as 1,2,4", c.String("ranks"), mostRanks)
		}
		all, most = append(all, n), max(most, n)
	}
	if !c.IsSet("shards") {
		o.Shards = most
	}
	if err := o.Validate(); err != nil {
		return usagef("%d shards: %v", o.Shards, err)
	}
	if o.Shards%most != 0 {
		return usagef("--shards %d: %d ranks cannot share them equally", o.Shards, most)
	}
	is, err := isRank(all[0])
	if err != nil {
		return err
	}
	if is {
		return asRank(c, device, func(r *ranks, dev program.Device, of train.Ranks) error {
			result, err := bench.RunRank(dev, o, of)
			if err != nil || result == nil {
				return err
			}
			if dev.Info().Name == "cpu" {
				if result.Threads, err = threadsIn(dev.Info().Description); err != nil {
					return err
				}
			}
			return json.NewEncoder(c.App.Writer).Encode(result)
		})
	}
	var results []bench.RanksResult
	for _, n := range all {
		var out bytes.Buffer
		args := append(os.Args[1:len(os.Args):len(os.Args)], "--ranks", strconv.Itoa(n), "--shards", strconv.Itoa(o.Shards))
		if err := waitForRanks(c, &out, n, nil, args); err != nil {
			return err
		}
		var r bench.RanksResult
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			return fmt.Errorf("reading the result of %d ranks: %w: %q", n, err, out.String())
		}
		results = append(results, r)
	}
	write := func(w io.Writer) error { return json.NewEncoder(w).Encode(results) }
	file := c.String("json")
	if file == "-" {
		return write(c.App.Writer)
	}
	if err := bench.WriteRanks(c.App.Writer, results); err != nil || file == "" {
		return err
	}
	return atomicfile.Write(file, write)
}

// threadsIn reads how many threads the description of the CPU device tells of.
func threadsIn(description string) (n int, err error) {
	if _, err := fmt.Sscanf(threadsOf.FindString(description), ", %d thread", &n); err != nil {
		return 0, fmt.Errorf("the CPU device %q does not tell its threads", description)
	}
	return n, nil
}

// testRanks checks ranks, which it starts unless this is one.
func testRanks(c *cli.Context) error {
	n := c.Int("ranks")
	if !canBeRanks(n) || n == 1 {
		return usagef("--ranks %d: want 2, 4, 8 or another power of two, up to %d", n, mostRanks)
	}
	is, err := isRank(n)
	if err != nil {
		return err
	}
	if !is {
		return waitForRanks(c, os.Stdout, n, nil, os.Args[1:])
	}
	return asRank(c, c.String("device"), func(r *ranks, dev program.Device, of train.Ranks) error {
		if r == nil {
			return fmt.Errorf("the launcher started one rank of %d", n)
		}
		fmt.Fprintf(c.App.Writer, "%d ranks, %s%s, each on %s\n", n, r.Library(), r.links, dev.Info().Description)
		if err := r.share(selftest.Ranks(r, dev, rankLimit)); err != nil {
			return err
		}
		fmt.Fprintln(c.App.Writer, "what they exchange arrives, and what they add is the sum in one binary tree")
		const iterations = 3
		o := bench.Options{System: tutorial.System, Batch: 4 * n, Shards: n, Measurements: 1, Set: map[string]any{"networks": "compact"}}
		if err := r.share(bench.RanksMakeTheSame(dev, o, of, iterations)); err != nil {
			return err
		}
		_, err := fmt.Fprintf(c.App.Writer, "%d iterations of %s make the networks that one rank makes, to the bit\n", iterations, tutorial.System.Name)
		return err
	})
}
