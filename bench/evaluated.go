package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Evaluated is what gangpu evaluate --json says of a model that makes images of images.
type Evaluated struct {
	Model      string `json:"model"` // its file
	Game       string `json:"game"`
	Iterations int    `json:"iterations"`
	Dataset    string `json:"dataset"`
	HeldOut    int    `json:"held_out_rows"`

	// Of pictures that have a truth, and of what there is without the model, by the names of these pictures.
	Shown     []EvaluatedPicture            `json:"shown"`
	Baselines map[string][]EvaluatedPicture `json:"baselines"`

	// Of a model of several domains.
	Error     *float64 `json:"error"`
	RealError *float64 `json:"error_of_real_images"`
	L1        *float64 `json:"l1"`
	Copy      *float64 `json:"l1_of_a_copy"`
}

// EvaluatedPicture is what is measured of one of the pictures that a model makes.
type EvaluatedPicture struct {
	Name     string   `json:"name"`
	L1       *float64 `json:"l1"`
	PSNR     *float64 `json:"psnr"` // dB
	SSIM     *float64 `json:"ssim"`
	LumaPSNR *float64 `json:"psnr_luma"` // dB
	LumaSSIM *float64 `json:"ssim_luma"`
	Distance *float64 `json:"classifier_frechet_distance"`
	Taken    *float64 `json:"taken_for"` // a share
}

// ReadEvaluated reads files of objects that gangpu evaluate --json printed.
func ReadEvaluated(files ...string) ([]Evaluated, error) {
	var all []Evaluated
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		d := json.NewDecoder(f)
		for {
			var e Evaluated
			if err = d.Decode(&e); err != nil {
				break
			}
			if len(e.Shown) == 0 && e.L1 == nil && e.Error == nil {
				err = fmt.Errorf("%s measures no pictures that are made of others", e.Model)
				break
			}
			all = append(all, e)
		}
		if err = errors.Join(ignoreEOF(err), f.Close()); err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
	}
	return all, nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// WriteEvaluated prints Markdown tables of models beside what there is without them: a table of all pictures that have a
// truth, and one of domains. A model has the name of its run's folder.
func WriteEvaluated(w io.Writer, all []Evaluated) error {
	var pictures, domains []string
	told := map[string]bool{} // baselines
	for _, e := range all {
		name := filepath.Base(filepath.Dir(e.Model))
		for _, p := range e.Shown {
			for _, b := range e.Baselines[p.Name] {
				row := fmt.Sprintf("| `%s`: %s | | %s", e.Dataset, b.Name, b.cells())
				if !told[row] {
					pictures, told[row] = append(pictures, row), true
				}
			}
			if len(e.Shown) > 1 {
				p.Name = name + ": " + p.Name
			} else {
				p.Name = name
			}
			pictures = append(pictures, fmt.Sprintf("| %s | %d | %s", p.Name, e.Iterations, p.cells()))
		}
		if len(e.Shown) == 0 {
			row := fmt.Sprintf("| `%s`: real images, copies | | %s | %s |", e.Dataset, percent(e.RealError), decimal(e.Copy, 4))
			if !told[row] {
				domains, told[row] = append(domains, row), true
			}
			domains = append(domains, fmt.Sprintf("| %s | %d | %s | %s |", name, e.Iterations, percent(e.Error), decimal(e.L1, 4)))
		}
	}
	var b strings.Builder
	if pictures != nil {
		fmt.Fprintf(&b, "| | iterations | PSNR of luma | SSIM of luma | L1 | PSNR | SSIM | distance | taken for it |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n%s\n",
			strings.Join(pictures, "\n"))
	}
	if pictures != nil && domains != nil {
		b.WriteString("\n")
	}
	if domains != nil {
		fmt.Fprintf(&b, "| | iterations | taken for another domain | L1 to the truth |\n|---|--:|--:|--:|\n%s\n", strings.Join(domains, "\n"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p EvaluatedPicture) cells() string {
	return strings.Join([]string{decimal(p.LumaPSNR, 2), decimal(p.LumaSSIM, 3), decimal(p.L1, 4), decimal(p.PSNR, 2), decimal(p.SSIM, 3),
		decimal(p.Distance, 3), percent(p.Taken)}, " | ") + " |"
}

func decimal(v *float64, digits int) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.*f", digits, *v)
}

func percent(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100**v)
}
