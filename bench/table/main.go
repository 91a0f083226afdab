// Command table puts results of gangpu bench and of its peers into one table, sorted by time, and
// one file; or what gangpu bench --roofline --json counted, one precision a file, into a Markdown table; or what gangpu
// bench --conv --json measured, means into a Markdown file and all rows into another; or what gangpu evaluate --json says
// of models that make images of images, beside their baselines.
//
//	go run ./bench/table [-markdown] [-o results.json] [-into docs/results.md] result.json...
//	go run ./bench/table -games [-o results.json] [-into docs/results.md] result.json...
//	go run ./bench/table -evaluated [-into docs/results.md] evaluations.json...
//	go run ./bench/table -roofline [-into kernels/README.md] roofline.json...
//	go run ./bench/table -roofline -games|-conv [-into docs/gpu.md] roofline.json...
//	go run ./bench/table -conv [-into docs/results.md] [-rows rows.md] conv.json...
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"

	"gangpu/bench"
	"gangpu/internal/atomicfile"
)

func main() {
	markdown := flag.Bool("markdown", false, "print the table as Markdown, with machine and versions")
	file := flag.String("o", "", "write all results to this `file` too, as a JSON array")
	into := flag.String("into", "", "write the Markdown between the lines \""+begin("")+"\" and \""+end("")+"\" of this `file` instead of printing a table; -games, -conv and -evaluated have lines of their own")
	games := flag.Bool("games", false, "print a table of games instead, of gangpu beside its fastest peer")
	rooflines := flag.Bool("roofline", false, "the files are of gangpu bench --roofline, of one batch and card; with -games, of any, and the table has a row for each phase; with -conv, of bench --conv --roofline")
	evaluated := flag.Bool("evaluated", false, "the files are of gangpu evaluate --json, of models that make images of images")
	convolutions := flag.Bool("conv", false, "the files are of gangpu bench --conv")
	rows := flag.String("rows", "", "write all rows of -conv to this Markdown `file`")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "table: no results are given")
		os.Exit(2)
	}
	err := error(nil)
	switch {
	case *rooflines:
		err = rooflineTable(*games, *convolutions, *into, flag.Args())
	case *evaluated:
		err = evaluatedTable(*into, flag.Args())
	case *convolutions:
		err = convTables(*into, *rows, flag.Args())
	default:
		err = table(*markdown, *games, *file, *into, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func table(markdown, games bool, file, into string, results []string) error {
	c, err := bench.ReadCollection(results...)
	if err != nil {
		return err
	}
	if file != "" {
		if err := atomicfile.Write(file, func(w io.Writer) error { return c.Write(w) }); err != nil {
			return err
		}
	}
	switch {
	case games && into != "":
		return insert(into, " -games", c.WriteGames)
	case games:
		return c.WriteGames(os.Stdout)
	case into != "":
		return insert(into, "", c.WriteMarkdown)
	case markdown:
		return c.WriteMarkdown(os.Stdout)
	}
	return c.WriteText(os.Stdout)
}

func rooflineTable(games, convolutions bool, into string, files []string) error {
	all := make([]*bench.Roofline, len(files))
	for i, file := range files {
		var err error
		if all[i], err = bench.ReadRoofline(file); err != nil {
			return err
		}
	}
	kind, write := "", func(w io.Writer) error { return all[0].WriteMarkdown(w, all[1:]...) }
	switch {
	case convolutions:
		kind, write = " -roofline -conv", func(w io.Writer) error { return convRooflines(w, all) }
	case games:
		kind, write = " -roofline -games", func(w io.Writer) error { return bench.WriteRooflineGames(w, all) }
	}
	if into != "" {
		return insert(into, kind, write)
	}
	return write(os.Stdout)
}

func evaluatedTable(into string, files []string) error {
	all, err := bench.ReadEvaluated(files...)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return bench.WriteEvaluated(w, all) }
	if into != "" {
		return insert(into, " -evaluated", write)
	}
	return write(os.Stdout)
}

// convRooflines writes a table of each file, with both cards of compute capability 9.0.
func convRooflines(w io.Writer, all []*bench.Roofline) error {
	h100, err := bench.LookupCard("h100")
	if err != nil {
		return err
	}
	h200, err := bench.LookupCard("h200")
	if err != nil {
		return err
	}
	for i, r := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := r.WriteConvRoofline(w, h100, h200); err != nil {
			return err
		}
	}
	return nil
}

func convTables(into, rows string, files []string) error {
	all, err := bench.ReadConvResults(files...)
	if err != nil {
		return err
	}
	if rows != "" {
		if err := atomicfile.Write(rows, func(w io.Writer) error { return bench.WriteConvRecord(w, all) }); err != nil {
			return err
		}
	}
	write := func(w io.Writer) error { return bench.WriteConvMeans(w, all) }
	if into != "" {
		return insert(into, " -conv", write)
	}
	return write(os.Stdout)
}

// What a table is written between: in one file each kind of table, by its flag, has marks of its own.
func begin(kind string) string { return "<!-- bench/table" + kind + ": begin -->" }
func end(kind string) string   { return "<!-- bench/table" + kind + ": end -->" }

// insert replaces what is between the marks of a kind of table in a file by what write writes.
func insert(path, kind string, write func(io.Writer) error) error {
	begin, end := begin(kind), end(kind)
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(old, []byte(begin+"\n"))
	_, after, closed := bytes.Cut(rest, []byte(end+"\n"))
	if !ok || !closed {
		return fmt.Errorf("%s has no lines %q and %q", path, begin, end)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		fmt.Fprintf(w, "%s%s\n", before, begin) // w keeps its first error for the end
		if err := write(w); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "%s\n%s", end, after)
		return err
	})
}
