// Command table puts results of gangpu bench and of its peers into one table, sorted by time, and
// one file.
//
//	go run ./bench/table [-markdown] [-o results.json] result.json...
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"gangpu/bench"
	"gangpu/internal/atomicfile"
)

func main() {
	markdown := flag.Bool("markdown", false, "print the table as Markdown, with machine and versions")
	file := flag.String("o", "", "also write all results to this `file`, as a JSON array")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "table: no results are given")
		os.Exit(2)
	}
	if err := table(*markdown, *file, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func table(markdown bool, file string, results []string) error {
	c, err := bench.ReadCollection(results...)
	if err != nil {
		return err
	}
	if file != "" {
		if err := atomicfile.Write(file, func(w io.Writer) error { return c.Write(w) }); err != nil {
			return err
		}
	}
	if markdown {
		return c.WriteMarkdown(os.Stdout)
	}
	return c.WriteText(os.Stdout)
}
