package main

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	pictures "gangpu/gan/data"
	"gangpu/gan/run"
	"gangpu/internal/terminal"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"
)

// pictureFlags say what pictures are made to.
func pictureFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "layout", DefaultText: "recognised", Usage: "`KIND` of folder: " + join(pictures.Layouts)},
		&cli.StringFlag{Name: "size", DefaultText: "that of the pictures, if all have one", Usage: "make pictures `N|WxH` pixels large"},
		&cli.StringFlag{Name: "fit", Value: string(pictures.Crop), Usage: "`HOW` pictures of another shape are made to fit: " + join(pictures.Fits)},
		&cli.StringFlag{Name: "background", DefaultText: "ffffff", Usage: "`COLOUR` behind what is transparent or padded: red, green, blue in hexadecimal"},
	}
}

func join[T ~string](list []T) string {
	var all []string
	for _, one := range list {
		all = append(all, string(one))
	}
	return strings.Join(all, ", ")
}

// pictureOptions are what the flags say.
func pictureOptions(c *cli.Context) (pictures.Options, error) {
	o := pictures.Options{Layout: pictures.Layout(c.String("layout")), Fit: pictures.Fit(c.String("fit"))}
	if o.Layout != "" && !slices.Contains(pictures.Layouts, o.Layout) {
		return o, usagef("unknown layout %q: want one of %s", o.Layout, join(pictures.Layouts))
	}
	if !slices.Contains(pictures.Fits, o.Fit) {
		return o, usagef("unknown fit %q: want one of %s", o.Fit, join(pictures.Fits))
	}
	if o.Fit == pictures.Tiles && c.String("size") == "" {
		return o, usagef("--fit tiles: --size says how large the tiles are")
	}
	if size := c.String("size"); size != "" {
		var err error
		if o.Width, o.Height, err = pictureSize(size); err != nil {
			return o, err
		}
	}
	var err error
	o.Background, err = colour(c.String("background"))
	return o, err
}

// pictureSize reads that of --size.
func pictureSize(size string) (width, height int, err error) {
	w, h, two := strings.Cut(strings.ToLower(size), "x")
	if !two {
		h = w
	}
	const most = 1 << 14
	width, err1 := strconv.Atoi(w)
	height, err2 := strconv.Atoi(h)
	if err1 != nil || err2 != nil || width < 1 || height < 1 || width > most || height > most {
		return 0, 0, usagef("--size %s: want a number of pixels, or width and height as 64x48, of 1 to %d", size, most)
	}
	return width, height, nil
}

// colour reads that of --background; none is the zero value.
func colour(text string) (color.NRGBA, error) {
	digits := strings.TrimPrefix(text, "#")
	if digits == "" {
		return color.NRGBA{}, nil
	}
	v, err := strconv.ParseUint(digits, 16, 24)
	if err != nil || len(digits) != 6 {
		return color.NRGBA{}, usagef("--background %s: want red, green and blue in hexadecimal, as ff8000", text)
	}
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}, nil
}

// dataOfPictures shows what is in a folder of pictures, or in a dataset of them.
func dataOfPictures(c *cli.Context, name string) error {
	bar := &pictureBar{w: c.App.ErrWriter}
	defer bar.finish()
	o, err := pictureOptions(c)
	if err != nil {
		return err
	}
	o.Progress = bar.show
	fetching := newFetchBar(c.App.ErrWriter)
	defer fetching.finish()
	o.Fetching = fetching.show
	if o.Folder = name; slices.Contains(pictures.Datasets(), name) {
		o.Folder, o.Dataset = "", name
	}
	if err := outside(o.Folder, c.String("grid")); err != nil {
		return err
	}
	report, err := pictures.Inspect(c.Context, o)
	if err != nil && o.Folder != "" && isWithoutImages(o.Folder, err) || err == nil && report.Files == 0 && len(report.Problems) == 1 && report.Problems[0].Kind == pictures.NoPictures {
		return blame(c, withoutImages(o.Folder), "data")
	}
	if err != nil {
		return blame(c, err, "data", "dataset")
	}
	bar.finish()
	if err := writeReport(c.App.Writer, report); err != nil {
		return err
	}
	if file := c.String("grid"); file != "" && report.Files > 0 {
		pixels, columns, err := pictures.Preview(c.Context, o, run.SamplesPerEpoch)
		if err != nil {
			return err
		}
		grid := sampleGridOf(pixels.Height, pixels.Width)
		grid.Columns = columns
		if err := grid.SavePNG(file, pixels); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "\n%d pictures in %s\n", pixels.Count, file)
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("%s cannot be trained on as it is: %s, listed above", report.Source, counted(len(report.Problems), "problem"))
	}
	if !c.IsSet("size") {
		return nil
	}
	o.Begin = func(bytes int64, folder string) error {
		_, err := fmt.Fprintf(c.App.Writer, "\ndecoding to %s: %s\n", folder, megabytes(bytes))
		return err
	}
	d, err := pictures.Open(c.Context, o)
	if err != nil {
		return err
	}
	defer d.Close()
	f := d.Splits[0].Fields[0]
	_, err = fmt.Fprintf(c.App.Writer, "\nready in %d x %d pixels of %s; gangpu data --clear removes decoded pictures\n",
		f.Width, f.Height, counted(f.Channels, "channel"))
	return err
}

// outside refuses a grid in the folder of pictures: it would replace one, or be taken for one the next time.
func outside(folder, grid string) error {
	if folder == "" || grid == "" {
		return nil
	}
	in, err := filepath.EvalSymlinks(folder)
	to, err2 := filepath.EvalSymlinks(filepath.Dir(grid))
	if err != nil || err2 != nil {
		return nil // which is told of when it is read or written
	}
	in, err = filepath.Abs(in)
	to, err2 = filepath.Abs(to)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if rel, err := filepath.Rel(in, to); err == nil && filepath.IsLocal(rel) {
		return usagef("--grid %s: it lies in the folder of pictures, where it would be taken for one of them", grid)
	}
	return nil
}

// writeReport is what gangpu data prints of pictures.
func writeReport(out io.Writer, r *pictures.Report) error {
	fmt.Fprintf(out, "%s in %s: layout %s\n", r.Name, r.Source, r.Layout)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if r.Files > 0 {
		fmt.Fprintln(w, "\nSET\tFIELD\tPICTURES\tCAPTIONS")
		for _, s := range r.Splits {
			for i, field := range s.Fields {
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\n", s.Name, field, s.Counts[i], s.Texts)
			}
		}
		if len(r.Classes) > 0 {
			fmt.Fprint(w, "\nCLASS")
			for _, s := range r.Splits {
				fmt.Fprintf(w, "\t%s", strings.ToUpper(s.Name))
			}
			const most = 100
			for i, class := range r.Classes[:min(most, len(r.Classes))] {
				fmt.Fprintf(w, "\n%s", class)
				for _, s := range r.Splits {
					fmt.Fprintf(w, "\t%d", s.Class[i])
				}
			}
			if more := len(r.Classes) - most; more > 0 {
				fmt.Fprintf(w, "\nand %d more", more)
			}
			fmt.Fprintln(w)
		}
		if len(r.Attributes) > 0 {
			fmt.Fprintf(w, "\nattributes: %s\n", strings.Join(r.Attributes, ", "))
		}
		fmt.Fprintf(w, "\nFILES\t%d, %s: %s\n", r.Files, megabytes(r.Bytes), formats(r.Formats))
		if r.Sizes == 1 {
			fmt.Fprintf(w, "SIZE\tall %d x %d\n", r.Largest.X, r.Largest.Y)
		} else {
			fmt.Fprintf(w, "SIZES\tfrom %d x %d to %d x %d\n", r.Smallest.X, r.Smallest.Y, r.Largest.X, r.Largest.Y)
		}
		fmt.Fprintf(w, "CHANNELS\t%d in colour, %d grey", r.Files-r.Grey, r.Grey)
		for _, more := range []struct {
			n    int
			text string
		}{{r.Alpha, "may be transparent"}, {r.Deep, "of 16 bits"}, {r.Turned, "turned by EXIF"}} {
			if more.n > 0 {
				fmt.Fprintf(w, "; %d %s", more.n, more.text)
			}
		}
		fmt.Fprintln(w)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "\nnote: %s\n", note)
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(w, "\n%v\n", &pictures.Problems{Source: r.Name, List: r.Problems})
	}
	return w.Flush()
}

func formats(counts map[string]int) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, fmt.Sprintf("%d %s", counts[name], name))
	}
	return strings.Join(list, ", ")
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// clearPictures removes what was decoded.
func clearPictures(c *cli.Context) error {
	bytes, err := pictures.Clear("")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s of decoded pictures removed from the cache\n", megabytes(bytes))
	return err
}

// pictureBar shows on a terminal how far pictures are looked at or decoded.
type pictureBar struct {
	w    io.Writer
	bar  *progressbar.ProgressBar
	task string
}

func (b *pictureBar) show(p pictures.Progress) {
	if !terminal.Is(b.w) {
		return
	}
	if b.bar == nil || b.task != p.Task {
		b.finish()
		b.task = p.Task
		b.bar = progressbar.NewOptions(p.Total,
			progressbar.OptionSetWriter(b.w),
			progressbar.OptionSetDescription(p.Task),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(30),
			progressbar.OptionClearOnFinish())
	}
	// A bar that cannot be drawn is no reason to stop.
	_ = b.bar.Set(p.Done)
}

func (b *pictureBar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
		b.bar = nil
	}
}

// folderLast puts the folder behind the flags in the arguments of gangpu data FOLDER --grid FILE: the cli package
// takes no flag behind an argument.
func folderLast(args []string) []string {
	if len(args) < 4 || args[1] != "data" || strings.HasPrefix(args[2], "-") || args[len(args)-1] == "--generate-bash-completion" {
		return args
	}
	return slices.Concat(args[:2], args[3:], args[2:3])
}
