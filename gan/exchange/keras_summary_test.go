package exchange

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	var b strings.Builder
	if err := WriteSummary(&b, randomModel(t, tutorialGame)); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`Model: "generator"`,
		`dense (Dense) (None, 3136) 316,736`,
		`leaky_relu_1 (LeakyReLU) (None, 14, 14, 64) 0`,
		`conv2d_transpose_1 (Conv2DTranspose) (None, 28, 28, 32) 18,464`,
		`conv2d (Conv2D) (None, 28, 28, 1) 25,089`,
		`Total params: 397,217`,
		`Model: "discriminator"`,
		`conv2d_1 (Conv2D) (None, 7, 7, 64) 18,496`,
		`flatten (Flatten) (None, 3136) 0`,
		`Total params: 21,953`,
		`Model: "gan"`,
		`Total params: 419,170`,
		`Trainable params: 397,217`,
		`Non-trainable params: 21,953`,
	} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), line) {
			t.Errorf("the summary lacks %q:\n%s", line, b.String())
		}
	}
}

// Names and shapes of any length leave the columns straight: every row of a table is as long as
// its rules, and its shape begins under its heading.
func TestSummaryColumns(t *testing.T) {
	var b strings.Builder
	if err := WriteSummary(&b, randomModel(t, tutorialGame)); err != nil {
		t.Fatal(err)
	}
	width, column := 0, 0
	for line := range strings.Lines(b.String()) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case strings.Trim(line, "_=") == "":
			width = len(line)
		case strings.HasPrefix(line, " Layer"):
			column = strings.Index(line, "Output Shape")
			fallthrough
		case strings.HasPrefix(line, " "):
			if len(line) != width || line[column-1] != ' ' || line[column] != '(' && line[column] != 'O' {
				t.Errorf("the columns are crooked at %q:\n%s", line, b.String())
			}
		}
	}
	if column == 0 {
		t.Errorf("no table in\n%s", b.String())
	}
}

func TestDot(t *testing.T) {
	var b strings.Builder
	if err := WriteDot(&b, randomModel(t, tutorialGame)); err != nil {
		t.Fatal(err)
	}
	dot := b.String()
	for _, part := range []string{
		"digraph gan {",
		`"generator/dense" [label="dense: Dense|{input:|output:}|{{(None, 100)}|{(None, 3136)}}"];`,
		`"generator/input" -> "generator/dense";`,
		`"generator/sigmoid" -> "discriminator/input";`,
		`"discriminator/flatten" -> "discriminator/dense";`,
	} {
		if !strings.Contains(dot, part) {
			t.Errorf("the graph lacks %s:\n%s", part, dot)
		}
	}
	if strings.Count(dot, "{") != strings.Count(dot, "}") {
		t.Error("braces do not match")
	}
}
