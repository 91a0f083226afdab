package data

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// describe is a dataset in a line for each split: its fields, and of each row its files, label and so on.
func describe(d *Dataset) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", d.Layout)
	if d.Classes != nil {
		fmt.Fprintf(&b, " classes=%s", strings.Join(d.Classes, ","))
	}
	if d.Attributes != nil {
		fmt.Fprintf(&b, " attributes=%s", strings.Join(d.Attributes, ","))
	}
	for _, s := range d.Splits {
		fmt.Fprintf(&b, "\n%s", s.Name)
		for _, f := range s.Fields {
			fmt.Fprintf(&b, " %s=%s", f.Name, strings.Join(f.Files, ","))
		}
		if s.Labels != nil {
			fmt.Fprintf(&b, " labels=%v", s.Labels)
		}
		if s.Attributes != nil {
			fmt.Fprintf(&b, " numbers=%v", s.Attributes)
		}
		if s.Captions != nil {
			fmt.Fprintf(&b, " captions=%q", s.Captions)
		}
	}
	return b.String()
}

func TestLayouts(t *testing.T) {
	n := 0
	// pictures adds one for each name, each of another colour.
	pictures := func(names string) map[string][]byte {
		files := map[string][]byte{}
		for _, name := range strings.Fields(names) {
			n++
			files[name] = numbered(t, n)
		}
		return files
	}
	with := func(files map[string][]byte, texts ...string) map[string][]byte {
		for i := 0; i < len(texts); i += 2 {
			files[texts[i]] = []byte(texts[i+1])
		}
		return files
	}
	for name, c := range map[string]struct {
		files map[string][]byte
		asked Layout
		want  string
	}{
		"a folder": {pictures("b.png a.png .hidden.png __MACOSX/a.png"), "", "folder\ntrain image=a.png,b.png"},
		"recursive": {with(pictures("a.png x/b.png x/y/c.png"), "notes.txt", "hello"), "",
			"folder\ntrain image=a.png,x/b.png,x/y/c.png"},
		"one folder in the other": {pictures("faces/x/1.png faces/x/2.png"), "", "folder\ntrain image=faces/x/1.png,faces/x/2.png"},
		"no ending":               {pictures("first second"), "", "folder\ntrain image=first,second"},
		"classes": {pictures("cat/1.png cat/deep/2.png dog/1.png dog/3.png"), "",
			"classes classes=cat,dog\ntrain image=cat/1.png,cat/deep/2.png,dog/1.png,dog/3.png labels=[0 0 1 1]"},
		"classes by numbers": {pictures("10/a.png 10/b.png 9/a.png 9/c.png"), "",
			"classes classes=9,10\ntrain image=10/a.png,10/b.png,9/a.png,9/c.png labels=[1 1 0 0]"},
		"classes in a folder": {pictures("set/cat/1.png set/cat/2.png set/dog/3.png set/dog/4.png"), "",
			"classes classes=cat,dog\ntrain image=set/cat/1.png,set/cat/2.png,set/dog/3.png,set/dog/4.png labels=[0 0 1 1]"},
		"splits": {pictures("training/1.png training/2.png test/3.png validation/4.png"), "",
			"folder\ntrain image=training/1.png,training/2.png\nval image=validation/4.png\ntest image=test/3.png"},
		"classes in splits": {pictures("train/cat/1.png train/cat/2.png train/dog/1.png train/dog/3.png test/dog/3.png"), "",
			"classes classes=cat,dog\ntrain image=train/cat/1.png,train/cat/2.png,train/dog/1.png,train/dog/3.png labels=[0 0 1 1]\n" +
				"test image=test/dog/3.png labels=[1]"},
		"unpaired": {pictures("trainA/1.png trainA/2.png trainB/x.png testA/3.png testB/4.png"), "",
			"unpaired\ntrain a=trainA/1.png,trainA/2.png b=trainB/x.png\ntest a=testA/3.png b=testB/4.png"},
		"two domains": {pictures("horse/1.png horse/2.png zebra/7.png"), Unpaired, "unpaired\ntrain a=horse/1.png,horse/2.png b=zebra/7.png"},
		"pairs":       {pictures("A/1.png A/2.png B/1.jpg B/2.png"), "", "pairs\ntrain a=A/1.png,A/2.png b=B/1.jpg,B/2.png"},
		"pairs called by their use": {pictures("target/1.png target/2.png input/1.png input/2.png"), "",
			"pairs\ntrain a=input/1.png,input/2.png b=target/1.png,target/2.png"},
		"pairs asked for": {pictures("cat/1.png dog/1.png"), Pairs, "pairs\ntrain a=cat/1.png b=dog/1.png"},
		"pairs in splits": {pictures("train/A/1.png train/B/1.png val/A/2.png val/B/2.png"), "",
			"pairs\ntrain a=train/A/1.png b=train/B/1.png\nval a=val/A/2.png b=val/B/2.png"},
		"splits in pairs": {pictures("A/train/1.png B/train/1.png A/test/2.png B/test/2.png"), "",
			"pairs\ntrain a=A/train/1.png b=B/train/1.png\ntest a=A/test/2.png b=B/test/2.png"},
		"side by side": {pictures("1.png 2.png"), SideBySide, "side-by-side\ntrain a=1.png,2.png b=1.png,2.png"},
		"a table": {with(pictures("a.png b.png"), "faces.csv", "\ufeffimage_id,Smiling, Young ,age,note\na.png,-1,1,30,x\nb.png,1,1,4.5,y\n"), "",
			"attributes attributes=Smiling,Young,age\ntrain image=a.png,b.png numbers=[0 1 30 1 1 4.5]"},
		"classes and splits in a table": {with(pictures("x/a.png x/b.png x/c.png"), "l.tsv", "split\tpath\tlabel\ntrain\tx\\a.png\tcat\ntrain\t./x/b.png\tcat\ntest\tx/c.png\tcat\n"), "",
			"attributes classes=cat attributes=\ntrain image=x/a.png,x/b.png labels=[0 0]\ntest image=x/c.png labels=[0]"},
		"CelebA": {with(pictures("img/000001.jpg img/000002.jpg img/000003.jpg"),
			"list_attr_celeba.txt", "3\nBald Male \n000001.jpg -1  1\n000002.jpg  1 -1\n000003.jpg  1  1\n",
			"list_eval_partition.txt", "000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n"), "",
			"attributes attributes=Bald,Male\ntrain image=img/000001.jpg numbers=[0 1]\nval image=img/000002.jpg numbers=[1 0]\ntest image=img/000003.jpg numbers=[1 1]"},
		"captions": {with(pictures("a.png b.png"), "captions.txt", "image,caption\na.png,\"A cat, asleep.\"\na.png,A cat.\nb.png,A dog.\n"), "",
			"captions attributes=\ntrain image=a.png,b.png captions=[[\"A cat, asleep.\" \"A cat.\"] [\"A dog.\"]]"},
		"JSON lines": {with(pictures("train/a.png train/b.png"), "train/metadata.jsonl",
			`{"file_name": "a.png", "text": ["A cat.", "It sleeps."]}`+"\n"+`{"file_name": "b.png", "text": "A dog."}`+"\n"), "",
			"captions attributes=\ntrain image=train/a.png,train/b.png captions=[[\"A cat.\" \"It sleeps.\"] [\"A dog.\"]]"},
		"texts beside": {with(pictures("x/a.png x/b.png"), "x/a.txt", "A cat.\n\nIt sleeps.\n", "x/b.txt", "A dog."), "",
			"captions attributes=\ntrain image=x/a.png,x/b.png captions=[[\"A cat.\" \"It sleeps.\"] [\"A dog.\"]]"},
		"StyleGAN's": {with(pictures("00000/img00000000.png 00000/img00000001.png 00000/img00000002.png 00000/img00000003.png"),
			"dataset.json", `{"labels": [["00000/img00000001.png", 7], ["00000/img00000000.png", 12], ["00000/img00000002.png", 7], ["00000/img00000003.png", 12]]}`), "",
			"dataset.json classes=7,12\ntrain image=00000/img00000000.png,00000/img00000001.png,00000/img00000002.png,00000/img00000003.png labels=[1 0 0 1]"},
		"StyleGAN's without labels": {with(pictures("a.png b.png"), "dataset.json", `{"labels": null}`), "", "dataset.json\ntrain image=a.png,b.png"},
		"StyleGAN's vectors": {with(pictures("a.png"), "dataset.json", `{"labels": [["a.png", [0.5, -2]]]}`), "",
			"dataset.json attributes=0,1\ntrain image=a.png numbers=[0.5 -2]"},
	} {
		for how, path := range map[string]string{"folder": folder(t, c.files), "zip": zipped(t, c.files)} {
			t.Run(name+" in a "+how, func(t *testing.T) {
				o := Options{Folder: path, Layout: c.asked, Width: 4, Height: 4, Channels: 3}
				d := open(t, o)
				want := strings.ReplaceAll(c.want, " attributes=\n", "\n")
				if got := describe(d); got != want {
					t.Fatalf("got\n%s\nwant\n%s", got, want)
				}
				if c.asked == SideBySide {
					return
				}
				// Each picture is that of its file.
				for _, s := range d.Splits {
					for _, f := range s.Fields {
						for i, file := range f.Files {
							img, _, err := decode(c.files[file])
							if err != nil {
								t.Fatal(err)
							}
							if got := pixel(t, f, i); got != color.NRGBAModel.Convert(img.At(0, 0)) {
								t.Errorf("%s: %v, want %v", file, got, img.At(0, 0))
							}
						}
					}
				}
			})
		}
	}
}

func TestSideBySide(t *testing.T) {
	content, err := os.ReadFile("testdata/colour.bmp")
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{Folder: folder(t, map[string][]byte{"x.bmp": content}), Layout: SideBySide})
	for i, f := range d.Split("train").Fields {
		if f.Width != 12 || f.Height != 16 || pixel(t, f, 0) != quarters[i] {
			t.Errorf("field %s of %d x %d begins with %v", f.Name, f.Width, f.Height, pixel(t, f, 0))
		}
	}
	if !d.Split("train").Paired() {
		t.Error("not paired")
	}
}

func TestLinks(t *testing.T) {
	dir := folder(t, map[string][]byte{"1.png": numbered(t, 1)})
	elsewhere := folder(t, map[string][]byte{"2.png": numbered(t, 2)})
	for link, to := range map[string]string{"other": elsewhere, "loop": dir, "gone.png": filepath.Join(dir, "nothing")} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	p := problems(t, Options{Folder: dir, Layout: Plain})
	if len(p.List) != 1 || !strings.Contains(p.Error(), "gone.png is a link to "+filepath.Join(dir, "nothing")+", which is not there") {
		t.Error(p)
	}
	d := open(t, Options{Folder: dir, Layout: Plain, SkipBad: true})
	if got := strings.Join(d.Split("train").Field("image").Files, " "); got != "1.png other/2.png" {
		t.Errorf("files %s", got)
	}
}

// All that is wrong is told at once, by the files' names; and going on without is what it says.
func TestProblems(t *testing.T) {
	good := func(names ...string) map[string][]byte {
		files := map[string][]byte{}
		for i, name := range names {
			files[name] = numbered(t, i)
		}
		return files
	}
	with := func(files map[string][]byte, more ...string) map[string][]byte {
		for i := 0; i < len(more); i += 2 {
			files[more[i]] = []byte(more[i+1])
		}
		return files
	}
	cut := string(numbered(t, 1)[:50])
	for name, c := range map[string]struct {
		files   map[string][]byte
		layout  Layout
		least   int
		want    []string
		without string // what is left; empty if it cannot be skipped
	}{
		"bad files": {with(good("a.png", "b.png", "e.png"), "c.png", "", "d.jpg", cut, "f.gif", "<html>", "g.heic", "x"), "", 0,
			[]string{"has 4 problems", "\n  c.png is empty", "\n  d.jpg is cut: its 50 bytes", "\n  f.gif is no picture: it begins like a web page",
				"\n  g.heic is of a format that is not read (.heic)"},
			"folder\ntrain image=a.png,b.png,e.png"},
		"an empty folder":   {with(good(), "x/", ""), "", 0, []string{": has no pictures: it has 1 folders, which are empty"}, ""},
		"nothing":           {good(), "", 0, []string{": has no pictures: it is empty"}, ""},
		"no pictures":       {with(good(), "a.txt", "x", "b.txt", "y", "c.mp4", "z"), "", 0, []string{"has no pictures: it has 2 files *.txt, 1 files *.mp4"}, ""},
		"bad pictures only": {with(good(), "a.png", "", "b.png", "x"), "", 0, []string{"a.png is empty", "b.png is no picture"}, ""},
		"a class of one": {good("cat/1.png", "cat/2.png", "dog/3.png", "cow/4.png", "cow/5.png"), "", 0,
			[]string{"has one picture only of the class dog"},
			"classes classes=cat,cow\ntrain image=cat/1.png,cat/2.png,cow/4.png,cow/5.png labels=[0 0 1 1]"},
		"an empty class": {with(good("cat/1.png", "cat/2.png", "cow/4.png", "cow/5.png"), "dog/", ""), "", 0,
			[]string{"dog is a folder without pictures, where each folder is a class"},
			"classes classes=cat,cow\ntrain image=cat/1.png,cat/2.png,cow/4.png,cow/5.png labels=[0 0 1 1]"},
		"a class of bad files": {with(good("cat/1.png", "cat/2.png", "dog/3.png"), "dog/4.png", ""), "", 0, []string{"dog/4.png is empty"}, ""},
		"a class to test only": {good("train/cat/1.png", "train/cat/2.png", "train/cow/1.png", "train/cow/2.png", "test/cow/1.png", "test/dog/3.png"), "", 0,
			[]string{"has pictures of the class dog to validate or test by, but none to train on"},
			"classes classes=cat,cow\ntrain image=train/cat/1.png,train/cat/2.png,train/cow/1.png,train/cow/2.png labels=[0 0 1 1]\ntest image=test/cow/1.png labels=[1]"},
		"in no class": {good("cat/1.png", "cat/2.png", "cow/4.png", "cow/5.png", "stray.png"), Classes, 0,
			[]string{"stray.png is in no class's folder"},
			"classes classes=cat,cow\ntrain image=cat/1.png,cat/2.png,cow/4.png,cow/5.png labels=[0 0 1 1]"},
		"pairs that do not match": {good("A/1.png", "A/2.png", "A/3.png", "B/1.png", "B/1.jpg", "B/2.png", "B/4.png"), Pairs, 0,
			[]string{"A/3.png has no picture of the same name in B", "B/4.png has no picture of the same name in A", "is the second picture of that name"},
			"pairs\ntrain a=A/1.png,A/2.png b=B/1.png,B/2.png"},
		"two of a name": {good("A/1.jpg", "A/1.png", "A/2.png", "B/1.png", "B/2.png"), Pairs, 0, []string{"A/1.png is the second picture of that name"},
			"pairs\ntrain a=A/1.jpg,A/2.png b=B/1.png,B/2.png"},
		"a bad one of a pair": {with(good("A/1.png", "A/2.png", "B/2.png"), "B/1.png", ""), "", 0, []string{"B/1.png is empty"}, "pairs\ntrain a=A/2.png b=B/2.png"},
		"a table that does not match": {with(good("a.png", "b.png", "c.png"), "t.csv", "file,size\na.png,1\nb.png,2\nd.png,3\n"), "", 0,
			[]string{"c.png has no row in the table", "t.csv names in line 4 d.png, which is not there"},
			"attributes attributes=size\ntrain image=a.png,b.png numbers=[1 2]"},
		"a caption missing": {with(good("a.png", "b.png", "c.png"), "a.txt", "A cat.", "b.txt", "A dog.", "c.txt", "\n"), "", 0,
			[]string{"c.png has no caption"}, "captions\ntrain image=a.png,b.png captions=[[\"A cat.\"] [\"A dog.\"]]"},
		"too few":            {good("a.png", "b.png", "c.png"), "", 4, []string{"has 3 pictures to train on: 4 are needed at least"}, ""},
		"too few of a field": {good("trainA/1.png", "trainA/2.png", "trainB/3.png"), "", 2, []string{"has 1 picture to train on for b: 2 are needed"}, ""},
		"an odd width":       {with(good("a.png"), "b.png", string(pngOf(t, onecoloured(5, 4, color.White)))), SideBySide, 0, []string{"b.png cannot be two pictures side by side: its width is odd, 5"}, "side-by-side\ntrain a=a.png b=a.png"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Folder: folder(t, c.files), Layout: c.layout, Width: 4, Height: 4, AtLeast: c.least, Cache: t.TempDir()}
			p := problems(t, o)
			for _, want := range c.want {
				if !strings.Contains(p.Error(), want) {
					t.Errorf("%q is not in\n%v", want, p)
				}
			}
			if len(p.List) != len(c.want) && !strings.Contains(c.want[0], "problems") {
				t.Errorf("%d problems, want %d:\n%v", len(p.List), len(c.want), p)
			}
			if n, err := Cached(o.Cache); err != nil || n != 0 {
				t.Errorf("%d bytes are left in the cache: %v", n, err)
			}
			o.SkipBad = true
			if c.without == "" {
				problems(t, o)
				return
			}
			d := open(t, o)
			if got := describe(d); got != c.without {
				t.Errorf("without them: got\n%s\nwant\n%s", got, c.without)
			}
			if len(d.Skipped) != len(p.List) {
				t.Errorf("%d problems skipped of %d", len(d.Skipped), len(p.List))
			}
			// What is left are the right pictures, and now they are told of from the cache.
			for _, s := range d.Splits {
				for _, f := range s.Fields {
					for i, file := range f.Files {
						img, _, err := decode(c.files[file])
						if err != nil {
							t.Fatal(err)
						}
						if got := pixel(t, f, i); got != color.NRGBAModel.Convert(img.At(0, 0)) {
							t.Errorf("%s: %v, want %v", file, got, img.At(0, 0))
						}
					}
				}
			}
			o.SkipBad = false
			if again := problems(t, o); again.Error() != p.Error() {
				t.Errorf("told differently the second time:\n%v\n%v", p, again)
			}
		})
	}
}

func TestManyProblems(t *testing.T) {
	files := map[string][]byte{"good.png": numbered(t, 1)}
	for i := range 30 {
		files[fmt.Sprintf("%02d.png", i)] = nil
	}
	files["x.png"] = []byte("hello")
	p := problems(t, Options{Folder: folder(t, files)})
	text := p.Error()
	for _, want := range []string{"has 31 problems:", "00.png is empty", "07.png is empty", "and 22 more (empty)", "x.png is no picture"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "08.png") || !p.Skippable() {
		t.Error(text)
	}
}

// Sizes that differ are told of with the way out.
func TestSizes(t *testing.T) {
	files := map[string][]byte{"a.png": pngOf(t, onecoloured(4, 6, color.Gray{Y: 9})), "b.png": pngOf(t, onecoloured(10, 3, color.Gray{Y: 9}))}
	dir := folder(t, files)
	p := problems(t, Options{Folder: dir})
	if want := "has pictures of different sizes, from 4 x 6 to 10 x 3: say which width and height to make of them"; !strings.Contains(p.Error(), want) {
		t.Errorf("%v; want %q", p, want)
	}
	f := open(t, Options{Folder: dir, Width: 5, Height: 2}).Split("train").Field("image")
	if f.Width != 5 || f.Height != 2 || f.Count != 2 || f.Channels != 3 {
		t.Errorf("%+v", f)
	}
}

// Hints for what cannot be told from files.
func TestNotes(t *testing.T) {
	files := map[string][]byte{}
	for _, name := range []string{"cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png"} {
		files[name] = numbered(t, len(files))
	}
	d := open(t, Options{Folder: folder(t, files)})
	if d.Layout != Classes || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "are they pairs, not classes?") {
		t.Errorf("%s: %q", d.Layout, d.Notes)
	}
}

func TestOptionErrors(t *testing.T) {
	dir := folder(t, map[string][]byte{"1.png": numbered(t, 1), "x.txt": []byte("hello"), "bad.zip": []byte("hello")})
	for want, o := range map[string]Options{
		"both sides have to be":                     {Folder: dir, Width: 3},
		"there is no fit \"best\"":                  {Folder: dir, Fit: "best"},
		"there is no layout \"x\": want one of fol": {Folder: dir, Layout: "x"},
		"channels":                    {Folder: dir, Channels: 4},
		"neither a folder nor a .zip": {Folder: filepath.Join(dir, "x.txt")},
		"bad.zip":                     {Folder: filepath.Join(dir, "bad.zip")},
		"no such file":                {Folder: filepath.Join(dir, "nothing")},
		"the layout pairs wants two folders of pictures; there are 0": {Folder: dir, Layout: Pairs},
		"the layout attributes wants a table beside the pictures":     {Folder: dir, Layout: Attributes},
		"or a .txt of the same name beside each picture":              {Folder: dir, Layout: Captions},
		"transparent": {Folder: dir, Background: color.NRGBA{1, 2, 3, 4}},
	} {
		o.Cache = t.TempDir()
		if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
